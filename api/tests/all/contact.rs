//! Customers: who knows of them, and where their numbers might stand.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::client::{api, ask, custom_role, errors};

#[tokio::test]
async fn a_customer_without_a_conversation_is_for_who_may_read_all_customers() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let reader = stage.person("Leitora", &[]).await;
        custom_role(&api, &admin, &reader, "CONVERSATION_READ_ALL, CONTACT_READ").await;
        let known = stage.customer("Conhecida", "5511987654321").await;
        stage.conversation(known, stage.sales, None, &["oi"]).await;
        let alone = stage.customer("Sozinha", "5511987654322").await;
        let query = "query($id: ID!) { node(id: $id) { ... on Contact { name } } }";
        for (who, id, expected) in [
            (&admin, known, "Conhecida"),
            (&admin, alone, "Sozinha"),
            (&reader, known, "Conhecida"),
            (&reader, alone, "NOT_FOUND at node"),
        ] {
            let answer = ask(&api, Some(who), query, json!({ "id": id.to_string() })).await;
            let told = match &answer["data"]["node"] {
                Value::Null => errors(&answer).join(", "),
                found => found["name"].as_str().unwrap().to_owned(),
            };
            assert_eq!(told, expected, "{}", who.email);
        }
    }
}

#[tokio::test]
async fn what_whatsapp_says_of_a_number_is_masked_as_the_phone_is() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let support = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        let said = "Zoë mudou do número +55 11 98765-4321 para 5521912345678";
        let written = "meu número é 5511987654321";
        for person in [&agent, &support] {
            let contact = stage.customer("Zoë", &crate::client::new_phone()).await;
            stage.conversation(contact, stage.sales, Some(person.member_id), &[said, written]).await;
        }
        let database = &stage.installation.database;
        let sql = "UPDATE messages SET kind = 'system' WHERE body = $1";
        database.writer().execute_raw(database.statement(sql, [said.into()])).await.unwrap();
        let query = "{ conversations { nodes { messages { nodes { body } } } } }";
        for (person, expected) in [(&agent, said), (&support, "Zoë mudou do número •••••••• para ••••••••")]
        {
            let answer = ask(&api, Some(person), query, json!({})).await;
            let messages = &answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"];
            assert_eq!(messages[1]["body"], expected);
            assert_eq!(messages[0]["body"], written, "what customers write is theirs to write");
        }
    }
}

#[tokio::test]
async fn that_a_customer_also_writes_elsewhere_shows_in_no_explanation() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let grants = [
            (BuiltInRole::Agent, Scope::Channel(stage.sales)),
            (BuiltInRole::Support, Scope::Channel(stage.support)),
        ];
        let mixed = stage.person("Mista", &grants).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.support))]).await;
        let query = "query($me: ID!, $id: ID!) { explainAccess(memberId: $me, permission: CONTACT_READ, objectId: $id) {
                       verdict rowCondition grants { outcome grant { scopeId } } } }";
        let mut told = Vec::new();
        for elsewhere in [false, true] {
            let contact = stage.customer("Cliente", &crate::client::new_phone()).await;
            stage.conversation(contact, stage.sales, Some(mixed.member_id), &["oi"]).await;
            if elsewhere {
                stage.conversation(contact, stage.support, Some(bia.member_id), &["oi"]).await;
            }
            let variables = json!({ "me": mixed.member_id.to_string(), "id": contact.to_string() });
            told.push(ask(&api, Some(&mixed), query, variables).await);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0]["data"]["explainAccess"]["grants"][1]["outcome"], "ELSEWHERE", "{}", told[0]);
    }
}
