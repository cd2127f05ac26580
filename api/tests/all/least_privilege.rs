//! Uses of permissions and least privilege through the API.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors};

use BuiltInRole::{Administrator, Agent};

const DAYS: u64 = 24 * 60 * 60;

const ADVICE: &str = "{ leastPrivilegeAdvice(first: 10) { edges { node { member { name } days verdict loses previewToken scopes {
    scopeKind scopeId used givesRole { name } closesGrantIds grantIds keptGrantIds nearestRole { name } customRolePermissions } } } } }";

#[tokio::test]
async fn what_a_query_shows_is_used_and_what_is_withheld_or_asked_about_is_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Rosa", "5511987654321").await;
        stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let query = "{ conversations(first: 5) { edges { node { contact { name email viewerCan { readPhone } }
            viewerCan { resolve assign } } } } auditEvents: activities(first: 1) { edges { cursor } } __schema { types { name } } }";
        let answer = ask(&api, Some(&ana), query, json!({})).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at auditEvents"], "{answer}");
        stage.installation.viewers.permission_uses().flush().await.unwrap();
        let uses = "{ viewer { member { permissionUses { permission firstUsedAt lastUsedAt } } } }";
        let answer = ask(&api, Some(&ana), uses, json!({})).await;
        let told = answer["data"]["viewer"]["member"]["permissionUses"].as_array().unwrap();
        let names: Vec<&Value> = told.iter().map(|one| &one["permission"]).collect();
        assert_eq!(names, ["CONTACT_READ", "CONTACT_READ_PROFILE", "CONVERSATION_READ_ASSIGNED"], "{answer}");
        assert_eq!(told[0]["firstUsedAt"], told[0]["lastUsedAt"]);
        let of_ana = "query($id: ID!) { node(id: $id) { ... on Member { permissionUses { permission } leastPrivilege { verdict tooEarlyUntil } } } }";
        let which = json!({ "id": ana.member_id.to_string() });
        let answer = ask(&api, Some(&admin), of_ana, which.clone()).await;
        let node = &answer["data"]["node"];
        assert_eq!(node["permissionUses"].as_array().map(Vec::len), Some(3), "{answer}");
        assert_eq!(node["leastPrivilege"]["verdict"], "TOO_EARLY");
        let admins = json!({ "id": admin.member_id.to_string() });
        let answer = ask(&api, Some(&ana), of_ana, admins).await;
        assert_eq!(errors(&answer).len(), 2, "a colleague's are for who reads the access audit: {answer}");
    }
}

#[tokio::test]
async fn an_administrator_looks_and_moves_somebody_to_where_less_does() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        stage.clock.advance(Duration::from_secs(91 * DAYS));
        let admin = stage.step_up(&stage.sign_in(&admin.email).await).await;
        let ana = stage.sign_in(&ana.email).await;
        let contact = stage.customer("Rosa", "5511987654321").await;
        stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let inbox = "{ conversations(first: 5) { edges { node { contact { name } } } } }";
        assert!(errors(&ask(&api, Some(&ana), inbox, json!({})).await).is_empty());
        stage.installation.viewers.permission_uses().flush().await.unwrap();
        let answer = ask(&api, Some(&admin), ADVICE, json!({})).await;
        assert!(errors(&answer).is_empty(), "{answer}");
        let edges = answer["data"]["leastPrivilegeAdvice"]["edges"].as_array().unwrap();
        assert_eq!(edges.len(), 1, "the administrator has used nothing that could go: {answer}");
        let node = &edges[0]["node"];
        assert_eq!((&node["member"]["name"], &node["verdict"]), (&json!("Ana"), &json!("EXCESS")));
        let scope = &node["scopes"][0];
        assert_eq!(scope["givesRole"]["name"], "Support", "{answer}");
        assert_eq!(scope["used"], json!(["CONTACT_READ", "CONVERSATION_READ_ASSIGNED"]));
        assert_eq!(scope["customRolePermissions"], scope["used"]);
        assert_eq!(scope["closesGrantIds"], scope["grantIds"]);
        let apply = "mutation($member: ID!, $token: String!) { applyLeastPrivilege(input: { principal: { memberId: $member }, previewToken: $token,
            reason: \"menos basta\" }) { applied { closedGrantIds madeGrantIds } userErrors { code field } } }";
        let member = ana.member_id.to_string();
        let wrong = json!({ "member": member, "token": "0" });
        let answer = ask(&api, Some(&admin), apply, wrong).await;
        let stale = json!([{ "code": "CHANGED_MEANWHILE", "field": ["input", "previewToken"] }]);
        assert_eq!(answer["data"]["applyLeastPrivilege"]["userErrors"], stale, "{answer}");
        let seen = json!({ "member": member, "token": node["previewToken"] });
        let refused = ask(&api, Some(&ana), apply, seen.clone()).await;
        assert_eq!(errors(&refused), ["FORBIDDEN at applyLeastPrivilege"]);
        let answer = ask(&api, Some(&admin), apply, seen).await;
        let applied = &answer["data"]["applyLeastPrivilege"]["applied"];
        assert_eq!(applied["closedGrantIds"], scope["grantIds"], "{answer}");
        assert_eq!(applied["madeGrantIds"].as_array().map(Vec::len), Some(1));
        let own = "{ viewer { member { grants { scopeKind role { name } } } } }";
        let answer = ask(&api, Some(&ana), own, json!({})).await;
        let grants = &answer["data"]["viewer"]["member"]["grants"];
        assert_eq!(grants, &json!([{ "scopeKind": "CHANNEL", "role": { "name": "Support" } }]), "{answer}");
        assert_eq!(
            ask(&api, Some(&admin), ADVICE, json!({})).await["data"]["leastPrivilegeAdvice"]["edges"],
            json!([])
        );
    }
}

#[tokio::test]
async fn permissions_have_names_that_people_understand() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let query = "{ permissions { key pt: label(language: \"pt-BR\") en: label(language: \"fr\") es: label(language: \"es_MX\") } }";
        let answer = ask(&api, Some(&admin), query, json!({})).await;
        let all = answer["data"]["permissions"].as_array().unwrap();
        let phone = all.iter().find(|one| one["key"] == "CONTACT_READ_PHONE").unwrap();
        assert_eq!(phone["pt"], "ver o telefone dos clientes");
        assert_eq!(phone["en"], "see customers' phone numbers");
        assert_eq!(phone["es"], "ver el teléfono de los clientes");
    }
}
