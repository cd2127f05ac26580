//! Why, and what if: explained to who may know, and true.

use std::fmt::Write;

use async_graphql::parser::parse_schema;
use portaria_domain::access::Scope;
use portaria_domain::permission::{Breadth, CATALOGUE};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use sea_orm::Iterable;
use serde_json::{Value, json};

use crate::client::{api, ask, errors};
use crate::document;

const EXPLAIN: &str = "query($who: ID!, $what: PermissionKey!, $to: ID) { explainAccess(memberId: $who, permission: $what, objectId: $to) {
    verdict rowCondition grants { outcome grant { scopeKind role { builtIn } } } } }";

#[tokio::test]
async fn access_is_explained_for_allow_and_for_deny() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let sales = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await.to_string();
        let support = stage.conversation(contact, stage.support, None, &["oi"]).await.to_string();
        let ana_id = ana.member_id.to_string();
        let about = async |asker, what: &str, to: Option<&String>| {
            ask(&api, Some(asker), EXPLAIN, json!({ "who": ana_id, "what": what, "to": to })).await
        };
        let phone = "CONTACT_READ_PHONE";
        for (to, verdict, row, outcome) in [
            (Some(&sales), "ALLOWED", json!("WHOLE"), "CONFERS"),
            (Some(&support), "DENIED", json!("NOT_VISIBLE"), "ELSEWHERE"),
            (None, "ALLOWED", Value::Null, "CONFERS"),
            (Some(&contact.to_string()), "ALLOWED", json!("WHOLE"), "CONFERS"),
            (Some(&stage.support.to_string()), "DENIED", Value::Null, "ELSEWHERE"),
        ] {
            let answer = about(&admin, phone, to).await;
            let grant = json!({ "scopeKind": "CHANNEL", "role": { "builtIn": "AGENT" } });
            let expected = json!({ "verdict": verdict, "rowCondition": row, "grants": [{ "outcome": outcome, "grant": grant }] });
            assert_eq!(answer["data"]["explainAccess"], expected, "{to:?}");
        }
        let lacking = about(&admin, "CONVERSATION_ASSIGN", None).await;
        assert_eq!(lacking["data"]["explainAccess"]["grants"][0]["outcome"], "ROLE_LACKS_IT");
        // A channel's grant of the administrator's role confers no workspace permission.
        stage
            .grant(stage.workspace_id, ana.member_id, BuiltInRole::Administrator, Scope::Channel(stage.sales))
            .await;
        let narrow = about(&admin, "ROLE_MANAGE", None).await;
        assert_eq!(narrow["data"]["explainAccess"]["verdict"], "DENIED");
        assert_eq!(narrow["data"]["explainAccess"]["grants"][1]["outcome"], "TOO_NARROW");
        // Sensitive: it would pass with two-factor.
        let own = json!({ "who": admin.member_id.to_string(), "what": "ROLE_MANAGE" });
        let own = ask(&api, Some(&admin), EXPLAIN, own).await;
        assert_eq!(own["data"]["explainAccess"]["verdict"], "ALLOWED_WITH_TWO_FACTOR");
        // Of oneself everybody may ask; of others, who may see roles; and of nothing one may not know of.
        assert_eq!(about(&ana, phone, None).await["data"]["explainAccess"]["verdict"], "ALLOWED");
        assert_eq!(errors(&about(&bia, phone, None).await), ["FORBIDDEN at explainAccess"]);
        let hidden = json!({ "who": bia.member_id.to_string(), "what": phone, "to": support });
        assert_eq!(errors(&ask(&api, Some(&bia), EXPLAIN, hidden).await), ["NOT_FOUND at explainAccess"]);
    }
}

#[tokio::test]
async fn a_refusal_can_be_asked_about_by_who_may_know() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let sam = stage.person("Sam", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let (other, _, _) = stage.another_workspace().await;
        let out = stage.person_in(other, "Fora", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        stage.conversation(contact, stage.sales, Some(sam.member_id), &["oi"]).await;
        let refused =
            ask(&api, Some(&sam), "{ conversations { nodes { contact { phone } } } }", json!({})).await;
        let id = refused["errors"][0]["extensions"]["decisionId"].clone();
        let query = "query($id: ID!) { decision(id: $id) { field member { name } explanations { permission verdict grants { outcome } } } }";
        let told = json!({ "field": "Contact.phone", "member": { "name": "Sam" },
            "explanations": [{ "permission": "CONTACT_READ_PHONE", "verdict": "DENIED", "grants": [{ "outcome": "ROLE_LACKS_IT" }] }] });
        for who in [&sam, &admin] {
            let answer = ask(&api, Some(who), query, json!({ "id": id })).await;
            assert_eq!(answer["data"]["decision"], told);
        }
        for who in [&bia, &out] {
            let answer = ask(&api, Some(who), query, json!({ "id": id })).await;
            assert_eq!(errors(&answer), ["NOT_FOUND at decision"]);
        }
        let forged = ask(&api, Some(&admin), query, json!({ "id": "dec_x.y" })).await;
        assert_eq!(errors(&forged), ["BAD_USER_INPUT at decision"]);
    }
}

#[tokio::test]
async fn a_change_of_a_role_is_foreseen_and_changes_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let sam = stage.person("Sam", &[(BuiltInRole::Support, Scope::Channel(stage.sales))]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dev = stage.person("Dev", &[(BuiltInRole::Developer, Scope::Workspace)]).await;
        for number in 0..3 {
            let contact = stage.customer("Cliente", &format!("551198765432{number}")).await;
            let channel = if number == 2 { stage.support } else { stage.sales };
            stage.conversation(contact, channel, Some(admin.member_id), &["oi"]).await;
        }
        let reader = stage.installation.database.reader();
        let role =
            portaria_domain::role::built_in(reader, stage.workspace_id, BuiltInRole::Support).await.unwrap();
        let query = "query($role: ID!) { previewRoleChange(roleId: $role, permissions: [CONVERSATION_READ_ALL, MESSAGE_READ]) {
            gains holders { member { name } gains conversationsBefore conversationsAfter } }
            viewAs(roleId: $role) { sdl query(document: \"{ conversations { nodes { contact { ...C } } } viewer { member { email } } roles { id } nothing } fragment C on Contact { name phone }\") { path fate anyOf } } }";
        let answer = ask(&api, Some(&admin), query, json!({ "role": role.id.to_string() })).await;
        let holder = json!({ "member": { "name": "Sam" }, "gains": ["CONVERSATION_READ_ALL"], "conversationsBefore": 0, "conversationsAfter": 2 });
        assert_eq!(
            answer["data"]["previewRoleChange"],
            json!({ "gains": ["CONVERSATION_READ_ALL"], "holders": [holder] })
        );
        let fates: Vec<String> = answer["data"]["viewAs"]["query"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let path: Vec<_> =
                    field["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
                format!("{} {}", path.join("."), field["fate"].as_str().unwrap())
            })
            .collect();
        assert!(fates.contains(&"conversations.nodes.contact.name ALLOWED".to_owned()), "{fates:?}");
        assert!(fates.contains(&"conversations.nodes.contact.phone WITHHELD".to_owned()), "{fates:?}");
        assert!(fates.contains(&"viewer.member.email OWN_ONLY".to_owned()), "{fates:?}");
        assert!(fates.contains(&"roles WITHHELD".to_owned()), "{fates:?}");
        assert!(fates.contains(&"nothing UNKNOWN".to_owned()), "{fates:?}");
        assert_eq!(answer["data"]["viewAs"]["sdl"], portaria_api::sdl_for_role(BuiltInRole::Support));
        // Who reads no conversations is not told how many there are.
        let answer = ask(&api, Some(&dev), query, json!({ "role": role.id.to_string() })).await;
        assert_eq!(answer["data"]["previewRoleChange"]["holders"][0]["conversationsBefore"], Value::Null);
        let answer = ask(&api, Some(&sam), query, json!({ "role": role.id.to_string() })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at previewRoleChange", "FORBIDDEN at viewAs"]);
    }
}

#[test]
fn the_schema_of_a_role_has_what_it_can_use_and_is_a_schema() {
    assert_eq!(portaria_api::sdl_for_role(BuiltInRole::Administrator), portaria_api::sdl());
    for role in BuiltInRole::iter() {
        let sdl = portaria_api::sdl_for_role(role);
        parse_schema(&sdl).unwrap();
        let has = |text: &str| sdl.contains(text);
        assert_eq!(has("\tphone: String"), matches!(role, BuiltInRole::Administrator | BuiltInRole::Agent));
        assert_eq!(
            has("\ntype Conversation "),
            matches!(role, BuiltInRole::Administrator | BuiltInRole::Agent | BuiltInRole::Support),
            "{role:?}"
        );
        assert!(has("\ntype Member ") && has("\temail: String"), "one's own e-mail is for everybody");
    }
}

#[tokio::test]
async fn introspection_shows_what_the_viewer_can_use() {
    let stage = Stage::on(portaria_testing::TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let query = "{ __type(name: \"Contact\") { fields { name } } mutations: __schema { mutationType { fields { name } } } }";
    for (role, phone, assign) in [(BuiltInRole::Agent, true, true), (BuiltInRole::Support, false, false)] {
        let person = stage.person(<&str>::from(role), &[(role, Scope::Channel(stage.sales))]).await;
        let answer = ask(&api, Some(&person), query, json!({})).await;
        assert_eq!(answer["data"]["__type"].to_string().contains("\"phone\""), phone, "{answer}");
        assert_eq!(
            answer["data"]["mutations"].to_string().contains("assignConversation"),
            assign,
            "{answer}"
        );
    }
    let dev = stage.person("Dev", &[(BuiltInRole::Developer, Scope::Workspace)]).await;
    let answer = ask(&api, Some(&dev), query, json!({})).await;
    assert!(!answer["data"]["mutations"].to_string().contains("claimConversation"), "{answer}");
}

/// The catalogue as a table.
fn catalogue() -> String {
    let mut text = "| permission | what it allows | scopes | needs 2FA |".to_owned();
    let roles: Vec<_> = BuiltInRole::iter().collect();
    for role in &roles {
        write!(text, " {} |", <&str>::from(role).to_lowercase()).unwrap();
    }
    writeln!(text, "\n|{}", " --- |".repeat(4 + roles.len())).unwrap();
    for entry in &CATALOGUE {
        let scopes = match entry.breadth {
            Breadth::Basic => "every active member",
            Breadth::Workspace => "workspace",
            Breadth::Channel => "workspace, channel",
            Breadth::Team => "workspace, channel, team",
        };
        let sensitive = if entry.sensitive { "yes" } else { "" };
        write!(text, "| `{}` | {} | {scopes} | {sensitive} |", entry.key, entry.description).unwrap();
        for role in &roles {
            text.push_str(if entry.roles.contains(role) { " x |" } else { " |" });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_page_of_permissions_is_in_step_with_the_code() {
    let page = document::read("docs/PERMISSIONS.md");
    let (begin, end) = ("<!-- generated: catalogue -->\n", "<!-- end of what is generated -->");
    let (before, rest) = page.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let generated = format!("{before}{begin}{}{end}{after}", catalogue());
    let command = "INSTA_UPDATE=always cargo test -p portaria-api --test all the_page_of_permissions";
    document::assert_in_step("docs/PERMISSIONS.md", &generated, command);
}

#[tokio::test]
async fn whatever_introspection_shows_is_a_schema_that_clients_can_read() {
    let stage = Stage::on(portaria_testing::TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let analyst = stage.person("Analyst", &[(BuiltInRole::Analyst, Scope::Workspace)]).await;
    let support = stage.person("Support", &[(BuiltInRole::Support, Scope::Channel(stage.sales))]).await;
    let nothing = stage.person("Nothing", &[]).await;
    let query = "{ __schema { subscriptionType { name } types { kind name fields { name } } } }";
    for (person, follows) in
        [(None, false), (Some(&analyst), true), (Some(&support), true), (Some(&nothing), true)]
    {
        let answer = ask(&api, person, query, json!({})).await;
        let schema = &answer["data"]["__schema"];
        assert_eq!(
            schema["subscriptionType"].is_object(),
            follows,
            "{:?}",
            person.map(|person| &person.email)
        );
        for ty in schema["types"].as_array().unwrap() {
            let empty = ty["fields"].as_array().is_some_and(Vec::is_empty);
            assert!(
                ty["kind"] != "OBJECT" || !empty,
                "{} has no fields for {:?}",
                ty["name"],
                person.map(|p| &p.email)
            );
        }
    }
}
