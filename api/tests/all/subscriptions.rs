//! Subscriptions over a real socket: who is told of what, and when they no longer are.

use futures_util::SinkExt;
use portaria_domain::access::Scope;
use portaria_domain::authentication::sign_out;
use portaria_domain::conversation::claim;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::socket::{Served, last_message, next, publish, send, silence};

const MESSAGES: &str =
    "subscription { messageReceived { message { body } conversation { id contact { phone } } } }";
const CHANGES: &str =
    "subscription { conversationChanged { conversationId conversation { status assignee { name } } } }";

#[tokio::test]
async fn messages_reach_who_may_read_them_and_nobody_else() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Support, Scope::Channel(stage.support))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let sales = stage.conversation(contact, stage.sales, Some(ana.member_id), &["para Ana"]).await;
        let support = stage.conversation(contact, stage.support, Some(bia.member_id), &["para Bia"]).await;
        let served = Served::new(&stage).await;
        let (mut to_ana, mut to_bia) =
            (served.follow(&ana, MESSAGES).await, served.follow(&bia, MESSAGES).await);
        for conversation in [sales, support] {
            publish(&stage, conversation, last_message(&stage, conversation).await).await;
        }
        let received = next(&mut to_ana).await;
        assert_eq!(received["payload"]["data"]["messageReceived"]["message"]["body"], "para Ana");
        assert_eq!(
            received["payload"]["data"]["messageReceived"]["conversation"]["contact"]["phone"],
            "+5511987654321"
        );
        let received = next(&mut to_bia).await;
        assert_eq!(received["payload"]["data"]["messageReceived"]["message"]["body"], "para Bia");
        assert!(received["payload"]["data"]["messageReceived"]["conversation"]["contact"]["phone"].is_null());
        assert_eq!(received["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN");
        silence(&mut to_ana).await;
        silence(&mut to_bia).await;
    }
}

#[tokio::test]
async fn who_loses_sight_of_a_conversation_is_told_to_take_it_off_the_list() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let out = stage.person("Caio", &[(BuiltInRole::Agent, Scope::Channel(stage.support))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let waiting = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let served = Served::new(&stage).await;
        let mut to_bia = served.follow(&bia, CHANGES).await;
        let mut to_out = served.follow(&out, CHANGES).await;
        let mut to_ana = served.follow(&ana, CHANGES).await;
        claim(&stage.installation, &ana.viewer, waiting).await.unwrap();
        let change = next(&mut to_ana).await;
        assert_eq!(
            change["payload"]["data"]["conversationChanged"]["conversation"]["assignee"]["name"],
            "Ana"
        );
        let change = next(&mut to_bia).await;
        assert_eq!(
            change["payload"]["data"]["conversationChanged"],
            json!({ "conversationId": waiting.to_string(), "conversation": null })
        );
        silence(&mut to_out).await;
    }
}

#[tokio::test]
async fn a_change_of_access_reaches_open_subscriptions() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Support, Scope::Channel(stage.support))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.support, Some(bia.member_id), &["oi"]).await;
        let message = last_message(&stage, conversation).await;
        let served = Served::new(&stage).await;
        let mut to_bia = served.follow(&bia, MESSAGES).await;
        publish(&stage, conversation, message).await;
        assert!(
            next(&mut to_bia).await["payload"]["data"]["messageReceived"]["conversation"]["contact"]["phone"]
                .is_null()
        );
        stage
            .grant(stage.workspace_id, bia.member_id, BuiltInRole::Agent, Scope::Channel(stage.support))
            .await;
        publish(&stage, conversation, message).await;
        let received = next(&mut to_bia).await;
        assert_eq!(
            received["payload"]["data"]["messageReceived"]["conversation"]["contact"]["phone"],
            "+5511987654321"
        );

        sign_out(&stage.installation, &bia.viewer).await.unwrap();
        let ended = next(&mut to_bia).await;
        assert_eq!(ended["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{ended}");
        assert_eq!(next(&mut to_bia).await["type"], "complete");
    }
}

#[tokio::test]
async fn close_codes_are_those_of_the_protocol() {
    let stage = Stage::on(portaria_testing::TestDatabase::sqlite().await).await;
    let served = Served::new(&stage).await;
    let mut forged = served.connect(json!({ "authorization": "Bearer ptr_sess_forged" })).await;
    assert_eq!(next(&mut forged).await["close"], 4403);
    let mut garbage = served.connect(json!({})).await;
    assert_eq!(next(&mut garbage).await["type"], "connection_ack");
    garbage.send(Message::text("{")).await.unwrap();
    assert_eq!(next(&mut garbage).await["close"], 4400);
    let mut nobody = served.connect(json!({})).await;
    assert_eq!(next(&mut nobody).await["type"], "connection_ack");
    send(&mut nobody, json!({ "type": "subscribe", "id": "1", "payload": { "query": MESSAGES } })).await;
    let refused = next(&mut nobody).await;
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{refused}");
}

#[tokio::test]
async fn a_second_factor_that_is_demanded_is_demanded_of_open_sockets_too() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let sales = stage.conversation(contact, stage.sales, Some(ana.member_id), &["para Ana"]).await;
        let served = Served::new(&stage).await;
        let mut socket = served.follow(&ana, MESSAGES).await;
        publish(&stage, sales, last_message(&stage, sales).await).await;
        assert!(next(&mut socket).await["payload"]["data"]["messageReceived"].is_object());

        let database = &stage.installation.database;
        let sql = "UPDATE security_policies SET second_factor = 'everyone' WHERE workspace_id = $1";
        let statement = database.statement(sql, [stage.workspace_id.0.into()]);
        sea_orm::ConnectionTrait::execute_raw(database.writer(), statement).await.unwrap();
        stage.installation.viewers.access_changed(stage.workspace_id);
        publish(&stage, sales, last_message(&stage, sales).await).await;
        let ended = next(&mut socket).await;
        let error = &ended["payload"]["errors"][0]["extensions"];
        assert_eq!(
            (&error["code"], &error["because"]),
            (&json!("STEP_UP_REQUIRED"), &json!("SECURITY_POLICY")),
            "{ended}"
        );
        assert_eq!(error["methods"], json!(["ENROLL"]));
        assert_eq!(next(&mut socket).await["type"], "complete");
        // Neither a new subscription nor a query on the same socket, nor a new socket.
        for (id, query) in [("2", MESSAGES), ("3", CHANGES), ("4", "{ conversations { nodes { id } } }")] {
            send(&mut socket, json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
            let refused = next(&mut socket).await;
            assert!(refused.to_string().contains("SECURITY_POLICY"), "{refused}");
            assert!(!refused.to_string().contains("conv_"), "{refused}");
            if next(&mut socket).await["type"] != "complete" {
                panic!("it goes on");
            }
        }
        let mut socket = served.connect(json!({ "authorization": format!("Bearer {}", ana.token) })).await;
        assert_eq!(next(&mut socket).await["type"], "connection_ack");
        send(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": { "query": MESSAGES } })).await;
        let refused = next(&mut socket).await;
        assert!(refused.to_string().contains("SECURITY_POLICY"), "{refused}");
    }
}
