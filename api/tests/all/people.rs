//! Managing people, teams, roles and grants through the API.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Stage, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors};

/// The roles' ids by name.
async fn role(api: &axum::Router, admin: &portaria_testing::Person, name: &str) -> Value {
    let answer = ask(api, Some(admin), "{ roles { id name } }", json!({})).await;
    let roles = answer["data"]["roles"].as_array().unwrap();
    roles.iter().find(|role| role["name"] == name).unwrap()["id"].clone()
}

#[tokio::test]
async fn what_is_sensitive_needs_a_second_factor_and_then_the_person_is_out_at_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let suspend = "mutation($id: ID!) { suspendMember(input: { memberId: $id }) { member { status } userErrors { code field } } }";
        let which = json!({ "id": ana.member_id.to_string() });
        let answer = ask(&api, Some(&ana), suspend, which.clone()).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at suspendMember"]);
        let answer = ask(&api, Some(&admin), suspend, which.clone()).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at suspendMember"]);
        let admin = stage.step_up(&admin).await;
        let own = json!({ "id": admin.member_id.to_string() });
        let answer = ask(&api, Some(&admin), suspend, own).await;
        assert_eq!(
            answer["data"]["suspendMember"],
            json!({ "member": null, "userErrors": [{ "code": "OWN_ACCESS", "field": ["input", "memberId"] }] })
        );
        let answer = ask(&api, Some(&admin), suspend, which.clone()).await;
        assert_eq!(answer["data"]["suspendMember"]["member"]["status"], "SUSPENDED");
        let out = ask(&api, Some(&ana), "{ viewer { permissions { permission } } }", json!({})).await;
        assert_eq!(out["data"]["viewer"], Value::Null, "{out}");
    }
}

#[tokio::test]
async fn an_invited_person_gets_what_was_promised() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let support = role(&api, &admin, "Support").await;
        let invite = "mutation($role: ID!, $channel: ID!) { inviteMember(input: { name: \"Nina\", email: \"nina@x.example\", grants: [
                        { roleId: $role, scope: { kind: CHANNEL, id: $channel }, reason: \"sales\" }] }) { invitation { id email invitedBy { name } } userErrors { code } } }";
        let channel = stage.sales.to_string();
        let answer = ask(&api, Some(&admin), invite, json!({ "role": support, "channel": channel })).await;
        assert_eq!(answer["data"]["inviteMember"]["invitation"]["invitedBy"]["name"], "Admin", "{answer}");
        let token = stage.token_for("nina@x.example").await;
        let accept = "mutation($token: String!, $password: String!) { acceptInvitation(input: { token: $token, password: $password }) {
                        session { token } userErrors { code } } }";
        let answer = ask(&api, None, accept, json!({ "token": token, "password": PASSWORD })).await;
        assert!(answer["data"]["acceptInvitation"]["session"]["token"].is_string(), "{answer}");
        let answer = ask(&api, None, accept, json!({ "token": token, "password": PASSWORD })).await;
        assert_eq!(
            answer["data"]["acceptInvitation"],
            json!({ "session": null, "userErrors": [{ "code": "INVALID_TOKEN" }] })
        );
        let nina = stage.sign_in("nina@x.example").await;
        let query = "{ viewer { member { name grants { scopeId reason role { name } } emergencyEligibilities { id } plannedGrants { id } } } invitations { id } }";
        let answer = ask(&api, Some(&nina), query, json!({})).await;
        assert_eq!(
            answer["data"]["viewer"]["member"],
            json!({ "name": "Nina", "grants": [{ "scopeId": channel, "reason": "sales", "role": { "name": "Support" } }],
                    "emergencyEligibilities": [], "plannedGrants": [] })
        );
        assert_eq!(errors(&answer), ["FORBIDDEN at invitations"]);
    }
}

#[tokio::test]
async fn a_role_editor_is_built_from_the_schema_alone() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let query = "{ permissions { key name description scopes sensitive reserved } }";
        let answer = ask(&api, Some(&admin), query, json!({})).await;
        let all = answer["data"]["permissions"].as_array().unwrap();
        assert_eq!(all.len(), portaria_domain::permission::Permission::COUNT);
        let of = |key: &str| all.iter().find(|one| one["key"] == key).unwrap();
        assert_eq!(
            of("MEMBER_MANAGE"),
            &json!({ "key": "MEMBER_MANAGE", "name": "member:manage", "description": "Invite, suspend, reinstate and remove members",
                     "scopes": ["WORKSPACE"], "sensitive": true, "reserved": false })
        );
        assert_eq!(of("BILLING_MANAGE")["reserved"], true);

        let support = role(&api, &admin, "Support").await;
        let create = "mutation($copy: ID!) { createRole(input: { name: \"Gerente de Campanhas de Marketing\", description: \"Campanhas\",
                        permissions: [CAMPAIGN_READ, CAMPAIGN_WRITE], copyOf: $copy }) { role { id name builtIn } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), create, json!({ "copy": support })).await;
        let made = answer["data"]["createRole"]["role"]["id"].clone();
        let compare =
            "query($a: ID!, $b: ID!) { compareRoles(firstId: $a, secondId: $b) { onlyFirst onlySecond } }";
        let answer = ask(&api, Some(&admin), compare, json!({ "a": support, "b": made })).await;
        assert_eq!(
            answer["data"]["compareRoles"],
            json!({ "onlyFirst": [], "onlySecond": ["CAMPAIGN_READ", "CAMPAIGN_WRITE"] })
        );
        let again = ask(&api, Some(&admin), create, json!({ "copy": support })).await;
        assert_eq!(again["data"]["createRole"]["userErrors"], json!([{ "code": "NAME_TAKEN" }]));

        let ana = stage.person("Ana", &[]).await;
        let grant = "mutation($member: ID!, $role: ID!) { grantRole(input: { memberId: $member, roleId: $role, scope: { kind: WORKSPACE },
                       validUntil: \"2026-03-09T12:00:00Z\", reason: \"cover\" }) { grant { id validUntil role { name } } userErrors { code } } }";
        let answer =
            ask(&api, Some(&admin), grant, json!({ "member": ana.member_id.to_string(), "role": made }))
                .await;
        assert_eq!(answer["data"]["grantRole"]["grant"]["validUntil"], "2026-03-09T12:00:00Z", "{answer}");
        let delete = "mutation($role: ID!, $close: Boolean!) { deleteRole(input: { roleId: $role, closeGrants: $close }) { roleId userErrors { code } } }";
        let answer = ask(&api, Some(&admin), delete, json!({ "role": made, "close": false })).await;
        assert_eq!(answer["data"]["deleteRole"]["userErrors"], json!([{ "code": "ROLE_IN_USE" }]));
        let answer = ask(&api, Some(&admin), delete, json!({ "role": made, "close": true })).await;
        assert_eq!(answer["data"]["deleteRole"], json!({ "roleId": made, "userErrors": [] }));
        let held = ask(&api, Some(&ana), "{ viewer { member { grants { id } } } }", json!({})).await;
        assert_eq!(held["data"]["viewer"]["member"]["grants"], json!([]));
    }
}

#[tokio::test]
async fn a_team_is_built_and_availability_is_ones_own() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let create =
            "mutation { createTeam(input: { name: \"Noite\" }) { team { id } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), create, json!({})).await;
        let team = answer["data"]["createTeam"]["team"]["id"].clone();
        let fill = "mutation($team: ID!, $member: ID!, $channel: ID!) {
            addTeamMember(input: { teamId: $team, memberId: $member }) { userErrors { code } }
            addTeamChannel(input: { teamId: $team, channelId: $channel }) { team { name members { name } channels { name } } userErrors { code } } }";
        let with =
            json!({ "team": team, "member": ana.member_id.to_string(), "channel": stage.sales.to_string() });
        let answer = ask(&api, Some(&admin), fill, with).await;
        assert_eq!(
            answer["data"]["addTeamChannel"],
            json!({ "team": { "name": "Noite", "members": [{ "name": "Ana" }], "channels": [{ "name": "Vendas" }] }, "userErrors": [] })
        );
        let busy = "mutation($id: ID) { setAvailability(input: { memberId: $id, availability: BUSY }) { member { availability } } }";
        let answer = ask(&api, Some(&ana), busy, json!({})).await;
        assert_eq!(answer["data"]["setAvailability"]["member"]["availability"], "BUSY");
        let answer = ask(&api, Some(&ana), busy, json!({ "id": admin.member_id.to_string() })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at setAvailability"]);
        let capacity = "mutation($id: ID!) { setCapacity(input: { memberId: $id, capacity: 3 }) { member { capacity } } }";
        let answer = ask(&api, Some(&admin), capacity, json!({ "id": ana.member_id.to_string() })).await;
        assert_eq!(answer["data"]["setCapacity"]["member"]["capacity"], 3, "{answer}");
    }
}

#[tokio::test]
async fn a_front_end_knows_which_buttons_to_show_before_they_are_pressed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let second = stage.person("Second", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let query = "{ members { nodes { name viewerCan { suspend reinstate remove grantRole } } } roles { name viewerCan { edit delete } } }";
        let of = |answer: &Value, name: &str| {
            let nodes = answer["data"]["members"]["nodes"].as_array().unwrap().clone();
            nodes.into_iter().find(|node| node["name"] == name).unwrap()["viewerCan"].clone()
        };
        let all = |one: &str, back: &str| json!({ "suspend": one, "reinstate": back, "remove": one, "grantRole": one });
        let answer = ask(&api, Some(&ana), query, json!({})).await;
        assert_eq!(of(&answer, "Admin"), all("NO", "NO"));
        let answer = ask(&api, Some(&admin), query, json!({})).await;
        assert_eq!(of(&answer, "Ana")["suspend"], "AFTER_STEP_UP");
        let admin = stage.step_up(&admin).await;
        let role = "mutation { createRole(input: { name: \"Chatbot Developer\", description: \"\", permissions: [TEMPLATE_READ] }) { role { id } userErrors { code } } }";
        ask(&api, Some(&admin), role, json!({})).await;
        let answer = ask(&api, Some(&admin), query, json!({})).await;
        assert_eq!(of(&answer, "Ana"), all("YES", "NO"));
        assert_eq!(of(&answer, "Second"), all("YES", "NO"));
        assert_eq!(of(&answer, "Admin"), all("NO", "NO"), "nobody changes their own access");
        let roles = answer["data"]["roles"].as_array().unwrap();
        let can = |name: &str| roles.iter().find(|role| role["name"] == name).unwrap()["viewerCan"].clone();
        assert_eq!(can("Agent"), json!({ "edit": "NO", "delete": "NO" }), "built in");
        assert_eq!(can("Chatbot Developer"), json!({ "edit": "YES", "delete": "YES" }));
        // What was said is what happens.
        let suspend = "mutation($id: ID!) { suspendMember(input: { memberId: $id }) { member { status viewerCan { suspend reinstate } } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), suspend, json!({ "id": second.member_id.to_string() })).await;
        let suspended = &answer["data"]["suspendMember"]["member"];
        assert_eq!(suspended["status"], "SUSPENDED", "{answer}");
    }
}

#[tokio::test]
async fn what_may_be_done_with_teams_grants_and_keys_is_told_before_it_is_tried() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        stage.team("Vendas", &[ana.member_id], &[stage.sales]).await;
        let query = "{ teams { viewerCan { rename changeMembers changeChannels delete } }
                       members { nodes { name grants { viewerCan { change revoke } grantedBy { name } member { name } } } }
                       viewer { workspace { viewerCan { inviteMember createRole createTeam createApiKey readActivities exportActivities } } } }";
        let grant_of = |answer: &Value, name: &str| {
            let nodes = answer["data"]["members"]["nodes"].as_array().unwrap().clone();
            nodes.into_iter().find(|node| node["name"] == name).unwrap()["grants"][0].clone()
        };
        let team =
            |can: &str| json!({ "rename": can, "changeMembers": can, "changeChannels": can, "delete": can });
        let answer = ask(&api, Some(&ana), query, json!({})).await;
        assert_eq!(answer["data"]["teams"][0]["viewerCan"], team("NO"));
        assert_eq!(grant_of(&answer, "Ana")["viewerCan"], json!({ "change": "NO", "revoke": "NO" }));
        assert_eq!(grant_of(&answer, "Ana")["member"], json!({ "name": "Ana" }));
        let workspace = &answer["data"]["viewer"]["workspace"]["viewerCan"];
        assert!(workspace.as_object().unwrap().values().all(|can| can == "NO"), "{workspace}");

        let answer = ask(&api, Some(&admin), query, json!({})).await;
        assert_eq!(answer["data"]["teams"][0]["viewerCan"], team("AFTER_STEP_UP"));
        assert_eq!(
            answer["data"]["viewer"]["workspace"]["viewerCan"],
            json!({ "inviteMember": "AFTER_STEP_UP", "createRole": "AFTER_STEP_UP", "createTeam": "AFTER_STEP_UP",
                    "createApiKey": "AFTER_STEP_UP", "readActivities": "YES", "exportActivities": "AFTER_STEP_UP" })
        );
        let admin = stage.step_up(&admin).await;
        let answer = ask(&api, Some(&admin), query, json!({})).await;
        assert_eq!(answer["data"]["teams"][0]["viewerCan"], team("YES"));
        assert_eq!(grant_of(&answer, "Ana")["viewerCan"], json!({ "change": "YES", "revoke": "YES" }));
        assert_eq!(grant_of(&answer, "Admin")["viewerCan"], json!({ "change": "NO", "revoke": "NO" }), "own");
        let helper =
            stage.person("Helper", &[(BuiltInRole::Administrator, Scope::Channel(stage.sales))]).await;
        let answer = ask(&api, Some(&helper), query, json!({})).await;
        assert_eq!(answer["data"]["teams"][0]["viewerCan"], team("NO"), "only for the whole workspace");

        let developer = role(&api, &admin, "Developer").await;
        let create = "mutation($role: ID!) { createApiKey(input: { name: \"CRM\", expiresAt: \"2026-04-01T00:00:00Z\",
                        grants: [{ roleId: $role, scope: { kind: WORKSPACE } }] }) { created { apiKey { id viewerCan { revoke } } } userErrors { code } } }";
        let created = ask(&api, Some(&admin), create, json!({ "role": developer })).await;
        let key = &created["data"]["createApiKey"]["created"]["apiKey"];
        assert_eq!(key["viewerCan"]["revoke"], "YES", "{created}");
        let revoke = "mutation($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { apiKey { viewerCan { revoke } } userErrors { code } } }";
        let revoked = ask(&api, Some(&admin), revoke, json!({ "id": key["id"] })).await;
        assert_eq!(revoked["data"]["revokeApiKey"]["apiKey"]["viewerCan"]["revoke"], "NO", "{revoked}");
    }
}

#[tokio::test]
async fn a_removed_member_can_be_forgotten_and_nobody_else() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let erase = "mutation($id: ID!) { eraseMember(input: { memberId: $id, reason: \"LGPD 18\" }) {
                       erasure { activities account } userErrors { code field } } }";
        let which = json!({ "id": ana.member_id.to_string() });
        let answer = ask(&api, Some(&admin), erase, which.clone()).await;
        assert_eq!(
            answer["data"]["eraseMember"]["userErrors"],
            json!([{ "code": "NOT_REMOVED", "field": ["input", "memberId"] }])
        );
        let remove = "mutation($id: ID!) { removeMember(input: { memberId: $id }) { member { viewerCan { erase } } userErrors { code } } }";
        let removed = ask(&api, Some(&admin), remove, which.clone()).await;
        assert_eq!(removed["data"]["removeMember"]["member"]["viewerCan"]["erase"], "YES", "{removed}");
        let answer = ask(&api, Some(&admin), erase, which).await;
        assert_eq!(answer["data"]["eraseMember"]["erasure"]["account"], true, "{answer}");
        let log = ask(
            &api,
            Some(&admin),
            "{ activities { nodes { action after before address member { name } } } }",
            json!({}),
        )
        .await;
        let text = log["data"]["activities"]["nodes"].to_string();
        assert!(text.contains("activity.details_erased") && text.contains("LGPD 18"), "{text}");
        let hers: Vec<_> = log["data"]["activities"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|node| node["member"]["name"] == "—")
            .cloned()
            .collect();
        assert!(!hers.is_empty() && hers.iter().all(|node| node["address"].is_null()), "{hers:?}");
    }
}
