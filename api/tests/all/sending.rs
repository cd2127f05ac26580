//! Sending as a front end does it: what is possible, one call, and how the message goes on.

use axum::Router;
use portaria_domain::access::Scope;
use portaria_entity::id::ConversationId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use crate::client::{act, api, ask, program};

const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
    message { id body kind status whatsappId author { name } failure { reason } content { __typename } }
    userErrors { code field message } } }";

fn input(conversation: ConversationId, key: &str, content: impl Into<Value>) -> Value {
    let content: Value = content.into();
    json!({ "input": { "conversationId": conversation.to_string(), "idempotencyKey": key, "content": content } })
}

fn text(conversation: ConversationId, key: &str) -> Value {
    input(conversation, key, json!({ "text": { "body": "Olá!" } }))
}

async fn desk(stage: &Stage, role: BuiltInRole) -> (Router, Person, ConversationId) {
    stage.connect(stage.sales).await;
    let person = stage.person("Ana", &[(role, Scope::Workspace)]).await;
    let contact = stage.customer("Bia", "5511987654321").await;
    let conversation = stage.conversation(contact, stage.sales, Some(person.member_id), &["oi"]).await;
    (api(stage), person, conversation)
}

async fn refused(api: &Router, person: &Person, variables: Value) -> Value {
    let answer = ask(api, Some(person), SEND, variables).await;
    let error = answer["data"]["sendMessage"]["userErrors"][0].clone();
    assert!(answer["data"]["sendMessage"]["message"].is_null(), "{answer}");
    error
}

#[tokio::test]
async fn a_message_is_answered_with_its_state_and_sent_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let sent = act(&api, &ana, SEND, text(conversation, "k1")).await["message"].clone();
        assert_eq!((&sent["status"], &sent["body"]), (&json!("QUEUED"), &json!("Olá!")));
        assert_eq!((&sent["author"]["name"], &sent["whatsappId"]), (&json!("Ana"), &Value::Null));
        let again = act(&api, &ana, SEND, text(conversation, "k1")).await["message"].clone();
        assert_eq!(again["id"], sent["id"]);
        let list = "query($id: ID!) { conversation(id: $id) { lastMessage { id } messages(first: 5) { edges { node { body status } } } } }";
        let answer = ask(&api, Some(&ana), list, json!({ "id": conversation.to_string() })).await;
        let found = &answer["data"]["conversation"];
        assert_eq!(found["lastMessage"]["id"], sent["id"]);
        assert_eq!(found["messages"]["edges"].as_array().unwrap().len(), 2, "{answer}");
    }
}

#[tokio::test]
async fn every_kind_of_content_is_taken_and_shown() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        for (key, content, shown) in [
            (
                "1",
                json!({ "location": { "latitude": -23.5, "longitude": -46.6, "name": "Loja" } }),
                "LocationContent",
            ),
            (
                "2",
                json!({ "contacts": { "cards": [{ "name": "Rui", "phones": ["+5511"] }] } }),
                "ContactCardsContent",
            ),
            (
                "3",
                json!({ "buttons": { "body": "Quando?", "buttons": [{ "id": "a", "title": "Hoje" }] } }),
                "OfferContent",
            ),
            (
                "4",
                json!({ "list": { "body": "Qual?", "button": "Ver",
                         "sections": [{ "rows": [{ "id": "a", "title": "Um", "description": "o primeiro" }] }] } }),
                "OfferContent",
            ),
            (
                "5",
                json!({ "flow": { "body": "Preencha", "flowId": "123", "button": "Abrir",
                         "screen": { "id": "INICIO", "dataJson": "{\"nome\":\"Ana\"}" } } }),
                "OfferContent",
            ),
        ] {
            let sent = act(&api, &ana, SEND, input(conversation, key, content)).await["message"].clone();
            assert_eq!(sent["content"]["__typename"], shown, "{sent}");
        }
        let odd = input(
            conversation,
            "6",
            json!({ "text": { "body": "a" }, "location": { "latitude": 1, "longitude": 1 } }),
        );
        let answer = ask(&api, Some(&ana), SEND, odd).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_says_why_and_where() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let empty = refused(&api, &ana, input(conversation, "k", json!({ "text": { "body": " " } }))).await;
        assert_eq!(
            (&empty["code"], &empty["field"]),
            (&json!("INVALID_CONTENT"), &json!(["input", "content"]))
        );
        assert!(empty["message"].as_str().unwrap().contains("1 to 4,096 characters"), "{empty}");
        let sql = "UPDATE conversations SET last_inbound_at = 1";
        stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
        let closed = refused(&api, &ana, text(conversation, "k")).await;
        assert_eq!(closed["code"], "WINDOW_CLOSED");
    }
}

#[tokio::test]
async fn who_may_not_send_a_kind_is_told_which_permission_is_missing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, eva, conversation) = desk(&stage, BuiltInRole::Support).await;
        let answer = ask(&api, Some(&eva), SEND, text(conversation, "k")).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["anyOf"]),
            (&json!("FORBIDDEN"), &json!(["MESSAGE_SEND_TEXT"]))
        );
        assert!(answer["data"]["sendMessage"].is_null());
        let options = "query($id: ID!) { sendOptions(conversationId: $id) { windowIsOpen
            kinds { kind allowed obstacle missing } categories { category allowed charge } } }";
        let answer = ask(&api, Some(&eva), options, json!({ "id": conversation.to_string() })).await;
        let kinds = answer["data"]["sendOptions"]["kinds"].as_array().unwrap();
        let allowed: Vec<&str> = kinds
            .iter()
            .filter(|one| one["allowed"] == true)
            .map(|one| one["kind"].as_str().unwrap())
            .collect();
        assert_eq!(allowed, ["QUICK_REPLY", "TEMPLATE"], "{answer}");
        assert_eq!(kinds[0]["missing"], json!(["MESSAGE_SEND_TEXT"]));
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let leo = stage.person("Leo", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let analyst = stage.person("Eli", &[(BuiltInRole::Analyst, Scope::Workspace)]).await;
        let sent = act(&api, &ana, SEND, text(conversation, "k1")).await["message"]["id"].clone();
        let options = "query($id: ID!) { sendOptions(conversationId: $id) { windowUntil } }";
        let cancel = "mutation($id: ID!) { cancelMessage(input: { messageId: $id }) { message { id } userErrors { code } } }";
        for (query, variables) in [
            (SEND, text(conversation, "k1")),
            (options, json!({ "id": conversation.to_string() })),
            (cancel, json!({ "id": sent })),
        ] {
            let answer = ask(&api, Some(&leo), query, variables.clone()).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
            let answer = ask(&api, Some(&analyst), query, variables).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        }
    }
}

#[tokio::test]
async fn a_program_sends_where_it_may_assign() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, _, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let admin = stage.person("Rui", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let (bot, _) = program(&api, &stage, &admin, "Administrator").await;
        let sent = act(&api, &bot, SEND, text(conversation, "k1")).await["message"].clone();
        assert_eq!((&sent["author"], &sent["status"]), (&Value::Null, &json!("QUEUED")));
    }
}

#[tokio::test]
async fn why_a_message_did_not_arrive_is_told_in_ones_language() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let sent = act(&api, &ana, SEND, text(conversation, "k1")).await["message"]["id"].clone();
        let writer = stage.installation.database.writer();
        for sql in [
            "UPDATE outgoing_messages SET state = 'refused', failure = 'undeliverable', failure_code = 131026, \
             failure_details = 'no WhatsApp at 5511987654321'",
            "UPDATE messages SET sending = 'refused', status = 'failed' WHERE sending = 'queued'",
        ] {
            writer.execute_unprepared(sql).await.unwrap();
        }
        let query = "query($id: ID!) { node(id: $id) { ... on Message { status failure { reason code details explanation(locale: \"pt-BR\") } } } }";
        let answer = ask(&api, Some(&ana), query, json!({ "id": sent })).await;
        let node = &answer["data"]["node"];
        assert_eq!(
            (&node["status"], &node["failure"]["reason"]),
            (&json!("FAILED"), &json!("UNDELIVERABLE")),
            "{answer}"
        );
        assert!(node["failure"]["explanation"].as_str().unwrap().contains("não conseguiu"), "{answer}");
        assert!(!node["failure"]["details"].as_str().unwrap().contains("98765"), "{answer}");
    }
}

#[tokio::test]
async fn an_administrator_connects_a_number_sets_its_pace_and_stops_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let admin = stage.person("Rui", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let token = "mutation($id: ID!, $token: String!) { setChannelAccessToken(input: { channelId: $id, accessToken: $token }) {
                       channel { isConnected } userErrors { code field } } }";
        let given = json!({ "id": stage.support.to_string(), "token": "EAAG0123456789abcdefghij" });
        let answer = ask(&api, Some(&admin), token, given.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "STEP_UP_REQUIRED", "{answer}");
        let admin = stage.step_up(&admin).await;
        assert_eq!(act(&api, &admin, token, given).await["channel"]["isConnected"], true);
        let odd = json!({ "id": stage.support.to_string(), "token": "no token" });
        let answer = ask(&api, Some(&admin), token, odd).await;
        assert_eq!(answer["data"]["setChannelAccessToken"]["userErrors"][0]["code"], "INVALID_TOKEN");

        let update = "mutation($id: ID!, $pace: Int, $stopped: Boolean) { updateChannelSending(input: { channelId: $id,
                        messagesPerSecond: $pace, stopped: $stopped }) { channel { sending { messagesPerSecond stopReason waiting } }
                        userErrors { code field } } }";
        act(&api, &ana, SEND, text(conversation, "k1")).await;
        let sales = stage.sales.to_string();
        let done = act(&api, &admin, update, json!({ "id": sales, "pace": 250, "stopped": true })).await;
        let now = &done["channel"]["sending"];
        assert_eq!(*now, json!({ "messagesPerSecond": 250, "stopReason": "BY_HAND", "waiting": 1 }));
        assert_eq!(refused(&api, &ana, text(conversation, "k2")).await["code"], "NUMBER_STOPPED");
        let done = act(&api, &admin, update, json!({ "id": sales, "stopped": false })).await;
        assert_eq!(done["channel"]["sending"]["stopReason"], Value::Null);
        act(&api, &ana, SEND, text(conversation, "k2")).await;
        let answer = ask(&api, Some(&admin), update, json!({ "id": sales, "pace": 0 })).await;
        let error = &answer["data"]["updateChannelSending"]["userErrors"][0];
        assert_eq!(error["code"], "INVALID_PACE", "{answer}");
        let pry = "query($id: ID!) { conversation(id: $id) { channel { isConnected sending { waiting } } } }";
        let answer = ask(&api, Some(&ana), pry, json!({ "id": conversation.to_string() })).await;
        assert_eq!(
            answer["data"]["conversation"]["channel"],
            json!({ "isConnected": true, "sending": null }),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn the_customer_is_shown_that_they_were_read_by_who_may_answer() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (api, ana, conversation) = desk(&stage, BuiltInRole::Agent).await;
        let leo = stage.person("Leo", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let show = "mutation($id: ID!) { sendReadReceipt(input: { conversationId: $id, typing: true }) {
                      conversation { id } userErrors { code } } }";
        let id = json!({ "id": conversation.to_string() });
        act(&api, &ana, show, id.clone()).await;
        act(&api, &ana, show, id.clone()).await;
        let reader = stage.installation.database.reader();
        let rows = portaria_entity::outgoing_receipt::Entity::find().all(reader).await.unwrap();
        assert_eq!(rows.len(), 1, "the newest is shown");
        assert!(rows[0].typing && rows[0].whatsapp_id.starts_with("wamid."));
        let answer = ask(&api, Some(&leo), show, id).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
    }
}
