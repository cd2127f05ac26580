//! A workspace demands second factors: who has none can do nothing but set one up, by whatever way they ask.

use std::time::Duration;

use axum::Router;
use portaria_domain::access::Scope;
use portaria_domain::conversation::{ConversationFilter, page};
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Developer};
use portaria_testing::{Authenticator, Person, Stage, TestDatabase, databases};
use sea_orm::{ActiveModelTrait, EntityTrait};
use serde_json::{Value, json};

use crate::catalogue::{Catalogue, Samples};
use crate::client::{api, ask, errors, go_on};

const UPDATE: &str = "mutation($of: SecondFactorRequirement!, $roles: [ID!]) {
    updateSecurityPolicy(input: { requireSecondFactor: $of, roleIds: $roles }) {
        securityPolicy { requireSecondFactor roles { name } } userErrors { code field } } }";
const ENROLL: &str =
    "mutation { enrollSecondFactor { enrollment { secret uri qrCode } userErrors { code } } }";
const CONFIRM: &str = "mutation($code: String!) { confirmSecondFactor(input: { code: $code }) {
    session { secondFactor } sessionToken { token } recoveryCodes userErrors { code } } }";

/// Somebody who holds it demands a second factor of all or some.
async fn demand(stage: &Stage, api: &Router, admin: &Person, of: &str, roles: &[String]) -> Value {
    stage.step_up(admin).await;
    ask(api, Some(admin), UPDATE, json!({ "of": of, "roles": roles })).await
}

async fn role(stage: &Stage, wanted: portaria_entity::role::BuiltInRole) -> String {
    let reader = stage.installation.database.reader();
    portaria_domain::role::built_in(reader, stage.workspace_id, wanted).await.unwrap().id.to_string()
}

async fn enroll(stage: &Stage, api: &Router, person: &mut Person) -> (Authenticator, Value) {
    let answer = ask(api, Some(person), ENROLL, json!({})).await;
    let secret = answer["data"]["enrollSecondFactor"]["enrollment"]["secret"].as_str();
    let app = Authenticator::new(secret.unwrap_or_else(|| panic!("{answer}")), &stage.clock);
    let answer = ask(api, Some(person), CONFIRM, json!({ "code": app.code() })).await;
    assert_eq!(answer["data"]["confirmSecondFactor"]["session"]["secondFactor"], true, "{answer}");
    go_on(person, &answer["data"]["confirmSecondFactor"]);
    (app, answer)
}

#[tokio::test]
async fn who_must_have_a_second_factor_and_has_none_can_only_set_one_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let mine = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let list = "{ conversations { nodes { id } } }";
        let answer = ask(&api, Some(&ana), list, json!({})).await;
        assert_eq!(answer["data"]["conversations"]["nodes"][0]["id"], mine.to_string(), "and is cached");

        let answer = demand(&stage, &api, &admin, "EVERYONE", &[]).await;
        assert_eq!(
            answer["data"]["updateSecurityPolicy"]["securityPolicy"],
            json!({ "requireSecondFactor": "EVERYONE", "roles": [] }),
            "{answer}"
        );
        // On the next request, whatever was cached.
        let answer = ask(&api, Some(&ana), list, json!({})).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at conversations"]);
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["because"], "SECURITY_POLICY");
        assert_eq!(extensions["methods"], json!(["ENROLL"]));
        let viewer = stage.viewer(&ana.token).await.unwrap();
        assert!(viewer.is_barred() && viewer.access.anywhere().is_empty(), "not even what every member has");
        let reader = stage.installation.database.reader();
        assert!(page(reader, &viewer, &ConversationFilter::default(), None, 10).await.unwrap().is_empty());
        let node = "query($id: ID!) { node(id: $id) { id } viewer { member { id } workspace { id } permissions { permission } } }";
        let answer = ask(&api, Some(&ana), node, json!({ "id": mine.to_string() })).await;
        assert_eq!(
            errors(&answer),
            [
                "STEP_UP_REQUIRED at node",
                "STEP_UP_REQUIRED at viewer.member",
                "STEP_UP_REQUIRED at viewer.workspace"
            ]
        );
        assert_eq!(answer["data"]["viewer"]["permissions"], json!([]));
        // A new session of theirs is no better, and knows what to do.
        let mut again = stage.sign_in(&ana.email).await;
        let answer = ask(&api, Some(&again), list, json!({})).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at conversations"]);
        let told = "{ viewer { secondFactorRequired secondFactorEnrolled recoveryCodesLeft session { secondFactor } } }";
        let answer = ask(&api, Some(&again), told, json!({})).await;
        assert_eq!(
            answer["data"]["viewer"],
            json!({ "secondFactorRequired": true, "secondFactorEnrolled": false, "recoveryCodesLeft": 0,
                    "session": { "secondFactor": false } }),
            "{answer}"
        );
        let (_, answer) = enroll(&stage, &api, &mut again).await;
        assert_eq!(answer["data"]["confirmSecondFactor"]["recoveryCodes"].as_array().unwrap().len(), 10);
        let answer = ask(&api, Some(&again), list, json!({})).await;
        assert_eq!(answer["data"]["conversations"]["nodes"][0]["id"], mine.to_string(), "{answer}");
        assert!(stage.viewer(&ana.token).await.is_none(), "the other session has ended");
    }
}

#[tokio::test]
async fn it_is_demanded_of_the_roles_that_are_named_while_they_are_held() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let dev = stage.person("Dev", &[(Developer, Scope::Channel(stage.sales))]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let roles = [role(&stage, Administrator).await, role(&stage, Developer).await];
        let answer = demand(&stage, &api, &admin, "ROLES", &[]).await;
        assert_eq!(
            answer["data"]["updateSecurityPolicy"]["userErrors"],
            json!([{ "code": "ROLES_MISSING", "field": ["input", "roleIds"] }])
        );
        let answer = demand(&stage, &api, &admin, "ROLES", &roles).await;
        let told = &answer["data"]["updateSecurityPolicy"]["securityPolicy"]["roles"];
        assert_eq!(told, &json!([{ "name": "Administrator" }, { "name": "Developer" }]), "{answer}");
        let who = "{ members { nodes { name } } }";
        assert_eq!(errors(&ask(&api, Some(&ana), who, json!({})).await), Vec::<String>::new());
        assert_eq!(errors(&ask(&api, Some(&dev), who, json!({})).await), ["STEP_UP_REQUIRED at members"]);
        // Who is given such a role has to; who loses it has not.
        stage.grant(stage.workspace_id, ana.member_id, Developer, Scope::Channel(stage.support)).await;
        assert_eq!(errors(&ask(&api, Some(&ana), who, json!({})).await), ["STEP_UP_REQUIRED at members"]);
        let reader = stage.installation.database.reader();
        let now = stage.clock.now();
        let held = portaria_domain::role::grants_of(reader, stage.workspace_id, &[dev.member_id], now).await;
        let database = &stage.installation.database;
        let which = (stage.workspace_id, held.unwrap()[0].id);
        portaria_domain::grant::close(database.writer(), database, which, (now, None)).await.unwrap();
        stage.installation.viewers.access_changed(stage.workspace_id);
        assert_eq!(errors(&ask(&api, Some(&dev), who, json!({})).await), Vec::<String>::new());
        // A grant that begins later: from then on.
        let transaction = database.begin().await.unwrap();
        let row = portaria_entity::grant::Entity::find_by_id(which).one(&transaction).await.unwrap().unwrap();
        let later = portaria_entity::grant::ActiveModel {
            id: sea_orm::ActiveValue::Set(stage.clock.new_id()),
            closed_at: sea_orm::ActiveValue::Set(None),
            valid_from: sea_orm::ActiveValue::Set(now + Duration::from_secs(600)),
            valid_until: sea_orm::ActiveValue::Set(Some(now + Duration::from_secs(1_200))),
            ..portaria_entity::grant::ActiveModel::from(row).reset_all()
        };
        portaria_entity::grant::Entity::insert(later).exec_without_returning(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        stage.installation.viewers.access_changed(stage.workspace_id);
        stage.installation.viewers.refresh_epochs().await.unwrap();
        for (after, expected) in [(0, vec![]), (600, vec!["STEP_UP_REQUIRED at members"]), (600, vec![])] {
            stage.clock.advance(Duration::from_secs(after));
            assert_eq!(errors(&ask(&api, Some(&dev), who, json!({})).await), expected, "{after}");
        }
        let answer = demand(&stage, &api, &admin, "NOBODY", &[]).await;
        assert_eq!(answer["data"]["updateSecurityPolicy"]["securityPolicy"]["roles"], json!([]));
        assert_eq!(errors(&ask(&api, Some(&ana), who, json!({})).await), Vec::<String>::new());
    }
}

#[tokio::test]
async fn only_who_manages_it_changes_it_in_a_fresh_session_and_it_is_on_record() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let dev = stage.person("Dev", &[(Developer, Scope::Workspace)]).await;
        let everyone = json!({ "of": "EVERYONE" });
        let answer = ask(&api, Some(&dev), UPDATE, everyone.clone()).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at updateSecurityPolicy"]);
        let answer = ask(&api, Some(&admin), UPDATE, everyone.clone()).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at updateSecurityPolicy"]);
        assert_eq!(answer["errors"][0]["extensions"]["methods"], json!(["ENROLL"]));
        stage.authenticator(&admin).await;
        let answer = ask(&api, Some(&admin), UPDATE, everyone).await;
        assert_eq!(answer["errors"][0]["extensions"]["methods"], json!(["TOTP"]));
        assert_eq!(answer["errors"][0]["extensions"]["because"], "SENSITIVE");
        demand(&stage, &api, &admin, "EVERYONE", &[]).await;
        let read = "{ viewer { workspace { securityPolicy { requireSecondFactor } } } activities(first: 1) { nodes { action before after } } }";
        let answer = ask(&api, Some(&admin), read, json!({})).await;
        assert_eq!(
            answer["data"]["viewer"]["workspace"]["securityPolicy"]["requireSecondFactor"], "EVERYONE",
            "{answer}"
        );
        let activity = &answer["data"]["activities"]["nodes"][0];
        assert_eq!(activity["action"], "security_policy.updated", "{answer}");
        assert!(activity["before"].to_string().contains("nobody"), "{activity}");
        assert!(activity["after"].to_string().contains("everyone"), "{activity}");
        // Of a role of another workspace there is nothing to know.
        let (other, _, _) = stage.another_workspace().await;
        let reader = stage.installation.database.reader();
        let foreign = portaria_domain::role::built_in(reader, other, Agent).await.unwrap().id.to_string();
        let answer = demand(&stage, &api, &admin, "ROLES", &[foreign]).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at updateSecurityPolicy"]);
    }
}

/// Every question and every change, by an administrator who has to set up a second factor first.
#[tokio::test]
async fn no_way_leads_around_it() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
    let colleague = stage.person("Colega", &[(Administrator, Scope::Workspace)]).await;
    let contact = stage.customer("Cliente", "5511987654321").await;
    let mine = stage.conversation(contact, stage.sales, Some(colleague.member_id), &["oi"]).await;
    demand(&stage, &api, &admin, "EVERYONE", &[]).await;
    let catalogue = Catalogue::read();
    let samples = Samples::from([
        ("node", mine.to_string()),
        ("conversation", mine.to_string()),
        ("contact", contact.to_string()),
        ("channel", stage.sales.to_string()),
        ("member", colleague.member_id.to_string()),
        ("assignee", colleague.member_id.to_string()),
        ("role", role(&stage, Agent).await),
        ("workspace", stage.workspace_id.to_string()),
    ]);
    let mut tried = 0;
    for (root, keyword) in [("Query", "query"), ("Mutation", "mutation")] {
        for field in &catalogue.objects[root] {
            if field.is_open_to_who_enrolls() {
                continue;
            }
            let call = catalogue.call(field, &samples);
            let query = format!("{keyword} {{ {call}{} }}", catalogue.least(&field.ty));
            let answer = ask(&api, Some(&colleague), &query, json!({})).await;
            assert_eq!(errors(&answer), [format!("STEP_UP_REQUIRED at {}", field.name)], "{query}: {answer}");
            assert_eq!(answer["errors"][0]["extensions"]["because"], "SECURITY_POLICY");
            assert!(answer["data"][&field.name].is_null(), "{query}: {answer}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
    // What is left to them: who they are, and the way in. This list is reviewed when it changes.
    let mut open = Vec::new();
    for (ty, fields) in &catalogue.objects {
        let of = fields.iter().filter(|field| field.enrolling).map(|field| format!("{ty}.{}", field.name));
        open.extend(of);
    }
    insta::assert_snapshot!("open_to_who_enrolls", open.join("\n"));
}

#[tokio::test]
async fn a_signed_in_session_that_has_a_factor_and_did_not_show_it_steps_up_first() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let mut ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        demand(&stage, &api, &admin, "EVERYONE", &[]).await;
        let app = stage.authenticator(&ana).await;
        let list = "{ conversations { nodes { id } } }";
        let answer = ask(&api, Some(&ana), list, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["because"], "SECURITY_POLICY", "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["methods"], json!(["TOTP"]));
        // Who has a factor does not replace it with another one of theirs just so.
        let answer = ask(&api, Some(&ana), ENROLL, json!({})).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at enrollSecondFactor"]);
        let step_up = "mutation($code: String) { stepUp(input: { code: $code }) { session { secondFactor } sessionToken { token } userErrors { code } } }";
        let answer = ask(&api, Some(&ana), step_up, json!({ "code": app.code() })).await;
        assert_eq!(answer["data"]["stepUp"]["session"]["secondFactor"], true, "{answer}");
        go_on(&mut ana, &answer["data"]["stepUp"]);
        assert_eq!(errors(&ask(&api, Some(&ana), list, json!({})).await), Vec::<String>::new());
        let answer = ask(&api, Some(&ana), step_up, json!({})).await;
        assert_eq!(errors(&answer), ["BAD_USER_INPUT at stepUp"], "one or the other");
    }
}

#[tokio::test]
async fn keys_are_not_people() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        stage.step_up(&admin).await;
        let create = "mutation($role: ID!) { createApiKey(input: { name: \"CRM\", expiresAt: \"2026-04-01T00:00:00Z\",
            grants: [{ roleId: $role, scope: { kind: WORKSPACE } }] }) { created { token } userErrors { code } } }";
        let variables = json!({ "role": role(&stage, Agent).await });
        let answer = ask(&api, Some(&admin), create, variables).await;
        let token = answer["data"]["createApiKey"]["created"]["token"].as_str();
        let token = token.unwrap_or_else(|| panic!("{answer}")).to_owned();
        demand(&stage, &api, &admin, "EVERYONE", &[]).await;
        let viewer = stage.viewer(&token).await.unwrap();
        let key = Person { member_id: admin.member_id, email: String::new(), token, viewer };
        let answer = ask(
            &api,
            Some(&key),
            "{ conversations { nodes { id } } viewer { secondFactorRequired } }",
            json!({}),
        );
        let answer = answer.await;
        assert_eq!(errors(&answer), Vec::<String>::new(), "{answer}");
        assert!(answer["data"]["viewer"]["secondFactorRequired"].is_null());
    }
}
