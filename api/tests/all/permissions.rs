//! Who gets which field of which row.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::json;

use crate::client::{api, ask, errors};

const CONTACT: &str =
    "query($id: ID!) { conversation(id: $id) { contact { name phone maskedPhone } lastMessage { body } } }";

#[tokio::test]
async fn a_phone_is_for_who_may_read_it_where_the_conversation_is() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let mixed = stage
            .person(
                "Mixed",
                &[
                    (BuiltInRole::Agent, Scope::Channel(stage.sales)),
                    (BuiltInRole::Support, Scope::Channel(stage.support)),
                ],
            )
            .await;
        let ana = stage.customer("Ana", "5511987654321").await;
        let rui = stage.customer("Rui", "351912345678").await;
        let sales = stage.conversation(ana, stage.sales, Some(mixed.member_id), &["oi"]).await;
        let support = stage.conversation(rui, stage.support, Some(mixed.member_id), &["olá"]).await;

        let answer = ask(&api, Some(&mixed), CONTACT, json!({ "id": sales.to_string() })).await;
        assert_eq!(answer["data"]["conversation"]["contact"]["phone"], "+5511987654321");
        assert_eq!(errors(&answer), Vec::<String>::new());

        let answer = ask(&api, Some(&mixed), CONTACT, json!({ "id": support.to_string() })).await;
        assert_eq!(
            answer["data"]["conversation"],
            json!({ "contact": { "name": "Rui", "phone": null, "maskedPhone": "+351 ••••••••78" }, "lastMessage": { "body": "olá" } })
        );
        assert_eq!(errors(&answer), ["FORBIDDEN at conversation.contact.phone"]);
        let told = &answer["errors"][0]["extensions"];
        assert_eq!(told["anyOf"], json!(["CONTACT_READ_PHONE"]));
        let decision = told["decisionId"].as_str().unwrap();
        let decision =
            portaria_domain::decision::Decision::from_id(decision, &stage.installation.keys).unwrap();
        assert_eq!((decision.field.as_str(), decision.member_id), ("Contact.phone", Some(mixed.member_id)));

        // The same customer, now also on the number where the phone may be read: it is, however they are reached.
        stage.conversation(rui, stage.sales, Some(mixed.member_id), &["também"]).await;
        let answer = ask(&api, Some(&mixed), CONTACT, json!({ "id": support.to_string() })).await;
        assert_eq!(answer["data"]["conversation"]["contact"]["phone"], "+351912345678");
    }
}

#[tokio::test]
async fn the_same_refusal_on_many_rows_is_one_error_with_all_paths() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let sam = stage.person("Sam", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        for number in 0..3 {
            let contact = stage.customer("Cliente", &format!("551198765432{number}")).await;
            stage.conversation(contact, stage.sales, Some(sam.member_id), &["oi"]).await;
        }
        let query = "{ conversations { nodes { contact { phone tel: phone email } } } }";
        let answer = ask(&api, Some(&sam), query, json!({})).await;
        assert_eq!(
            answer["data"]["conversations"]["nodes"][1]["contact"],
            json!({ "phone": null, "tel": null, "email": null })
        );
        assert_eq!(answer["errors"].as_array().unwrap().len(), 2, "one for phones, one for e-mails");
        assert_eq!(answer["errors"][0]["extensions"]["paths"].as_array().unwrap().len(), 6);
    }
}

#[tokio::test]
async fn the_queue_shows_who_waits_and_text_only_after_claiming() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let id = stage.conversation(contact, stage.sales, None, &["segredo"]).await;
        let query = "query($id: ID!) { conversation(id: $id) { waitingSince unreadCount contact { name phone maskedPhone }
                       lastMessage { body } messages { nodes { body } } } }";
        let answer = ask(&api, Some(&ana), query, json!({ "id": id.to_string() })).await;
        let row = &answer["data"]["conversation"];
        assert_eq!(
            row["contact"],
            json!({ "name": "Cliente", "phone": null, "maskedPhone": "+55 ••••••••21" })
        );
        assert!(row["lastMessage"].is_null() && row["messages"].is_null() && row["unreadCount"].is_null());
        assert!(row["waitingSince"].is_string());
        assert!(!answer.to_string().contains("segredo"));

        let claim = "mutation($id: ID!) { claimConversation(input: { conversationId: $id }) {
                       conversation { assignee { name } lastMessage { body } contact { phone } } userErrors { code } } }";
        let answer = ask(&api, Some(&ana), claim, json!({ "id": id.to_string() })).await;
        let row = &answer["data"]["claimConversation"]["conversation"];
        assert_eq!(row["lastMessage"]["body"], "segredo");
        assert_eq!(row["contact"]["phone"], "+5511987654321");
        let answer = ask(&api, Some(&ana), claim, json!({ "id": id.to_string() })).await;
        assert_eq!(
            answer["data"]["claimConversation"]["userErrors"],
            json!([{ "code": "ALREADY_ASSIGNED" }])
        );
    }
}

#[tokio::test]
async fn what_one_may_not_know_is_not_found_by_any_way() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.support))]).await;
        let (other, _, _) = stage.another_workspace().await;
        let out = stage.person_in(other, "Fora", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let id = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let query = "query($id: ID!) { conversation(id: $id) { lastMessage { id } } }";
        let message = ask(&api, Some(&admin), query, json!({ "id": id.to_string() })).await;
        let message = message["data"]["conversation"]["lastMessage"]["id"].as_str().unwrap().to_owned();
        for stranger in [&bia, &out] {
            for thing in [id.to_string(), contact.to_string(), message.clone()] {
                let answer = ask(
                    &api,
                    Some(stranger),
                    "query($id: ID!) { node(id: $id) { id } }",
                    json!({ "id": thing }),
                )
                .await;
                assert_eq!(
                    (answer["data"]["node"].is_null(), errors(&answer)),
                    (true, vec!["NOT_FOUND at node".to_owned()]),
                    "{thing}"
                );
            }
            for mutation in
                ["claimConversation", "resolveConversation", "assignConversation", "markConversationRead"]
            {
                let mutation = format!(
                    "mutation($id: ID!) {{ {mutation}(input: {{ conversationId: $id }}) {{ conversation {{ id }} }} }}"
                );
                let answer = ask(&api, Some(stranger), &mutation, json!({ "id": id.to_string() })).await;
                assert!(errors(&answer)[0].starts_with("NOT_FOUND at "), "{answer}");
            }
        }
        let wrong = ask(
            &api,
            Some(&ana),
            "query($id: ID!) { conversation(id: $id) { id } }",
            json!({ "id": contact.to_string() }),
        )
        .await;
        assert_eq!(errors(&wrong), ["BAD_USER_INPUT at conversation"], "an id of another type is refused");
    }
}

#[tokio::test]
async fn nobody_gets_anything_and_the_viewer_learns_what_they_may_do() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let query = "{ viewer { permissions { permission } } conversations { nodes { id } } members { nodes { name } } }";
        let answer = ask(&api, None, query, json!({})).await;
        assert_eq!(answer["data"], json!({ "viewer": null, "conversations": null, "members": null }));
        assert_eq!(errors(&answer), ["UNAUTHENTICATED at conversations", "UNAUTHENTICATED at members"]);

        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let query = "{ viewer { workspace { name } session { secondFactor } member { name email grants { scopeKind scopeId role { builtIn } } }
                       permissions { permission everywhere channelIds usable } } roles { name } }";
        let answer = ask(&api, Some(&ana), query, json!({})).await;
        let viewer = &answer["data"]["viewer"];
        let grant = json!({ "scopeKind": "CHANNEL", "scopeId": stage.sales.to_string(), "role": { "builtIn": "AGENT" } });
        assert_eq!(viewer["member"], json!({ "name": "Ana", "email": ana.email, "grants": [grant] }));
        let permissions = viewer["permissions"].as_array().unwrap();
        let of = |name: &str| permissions.iter().find(|held| held["permission"] == name);
        assert_eq!(of("MEMBER_READ").unwrap()["everywhere"], true);
        assert_eq!(of("CONTACT_READ_PHONE").unwrap()["channelIds"], json!([stage.sales.to_string()]));
        assert!(of("ROLE_READ").is_none());
        assert_eq!(
            (answer["data"]["roles"].is_null(), errors(&answer)),
            (true, vec!["FORBIDDEN at roles".to_owned()])
        );
    }
}

#[tokio::test]
async fn colleagues_private_data_is_for_administrators_and_oneself() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let query = "{ members { nodes { name email } } }";
        let answer = ask(&api, Some(&ana), query, json!({})).await;
        let emails: Vec<_> = answer["data"]["members"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["email"].is_null())
            .collect();
        assert_eq!(emails, [false, true], "her own, not her colleague's");
        assert_eq!(errors(&answer), ["FORBIDDEN at members.nodes.1.email"]);
        let answer = ask(&api, Some(&admin), query, json!({})).await;
        assert_eq!(errors(&answer), Vec::<String>::new());
    }
}
