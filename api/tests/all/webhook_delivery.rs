//! Deliveries through the API: who sees them, what of them, and who may have them worked through again.

use portaria_domain::access::Scope;
use portaria_domain::webhook_delivery::{fingerprint, note_sightings};
use portaria_entity::id::{ChannelId, ConversationId, WebhookDeliveryId};
use portaria_entity::message;
use portaria_entity::role::BuiltInRole;
use portaria_entity::webhook_delivery::WebhookDeliveryStatus::{Dead, Done, Pending};
use portaria_testing::{Stage, databases};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::client::{api, ask, errors};

const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"102","changes":[{"field":"messages","value":{
    "contacts":[{"profile":{"name":"Ana Souza"},"wa_id":"5511955550101"}],
    "messages":[{"from":"5511955550101","id":"wamid.HBgN","type":"text","text":{"body":"segredo"}}]}}]}]}"#;

const LIST: &str = "query($status: WebhookDeliveryStatus, $channel: ID, $after: String) {
    webhookDeliveries(first: 2, after: $after, status: $status, channelId: $channel) {
        nodes { id status attempts error storedCount channel { name } } pageInfo { hasNextPage endCursor } } }";
const READ: &str =
    "query($id: ID!) { webhookDelivery(id: $id) { status } webhookDeliveryBody(id: $id) { text redacted } }";
const REPLAY: &str = "mutation($id: ID!) { replayWebhookDelivery(input: { deliveryId: $id }) {
    delivery { status attempts error } userErrors { code field } } }";
const TRACE: &str = "query($id: String!) { deliveryTrace(whatsappMessageId: $id) { source message { id } conversation { id }
    sightings { deliveryId again status delivery { status } } decisions { cause } events { kind sequence } } }";

fn ids(answer: &Value) -> Vec<String> {
    let nodes = answer["data"]["webhookDeliveries"]["nodes"].as_array().cloned().unwrap_or_default();
    nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

async fn actions(stage: &Stage, action: &str) -> usize {
    let rows =
        portaria_entity::activity::Entity::find().all(stage.installation.database.reader()).await.unwrap();
    rows.iter().filter(|row| row.action == action).count()
}

#[tokio::test]
async fn deliveries_are_seen_by_number_and_what_they_say_by_who_may_read_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let developer = stage.person("Dev", &[(BuiltInRole::Developer, Scope::Workspace)]).await;
        let narrow = stage.person("Vendas", &[(BuiltInRole::Developer, Scope::Channel(stage.sales))]).await;
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let (other, ..) = stage.another_workspace().await;
        let stranger =
            stage.person_in(other, "Outra", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let mut made: Vec<WebhookDeliveryId> = Vec::new();
        for (status, channel) in [
            (Done, None),
            (Dead, Some(stage.support)),
            (Pending, Some(stage.sales)),
            (Dead, Some(stage.sales)),
        ] {
            made.push(stage.delivery(BODY, status, channel).await);
        }
        let of = |places: &[usize]| places.iter().map(|&place| made[place].to_string()).collect::<Vec<_>>();

        let first = ask(&api, Some(&developer), LIST, json!({})).await;
        assert_eq!(ids(&first), of(&[3, 2]));
        assert_eq!(first["data"]["webhookDeliveries"]["nodes"][0]["error"], "database error 23514");
        let page = &first["data"]["webhookDeliveries"]["pageInfo"];
        let next = ask(&api, Some(&developer), LIST, json!({ "after": page["endCursor"] })).await;
        assert_eq!((ids(&next), &page["hasNextPage"]), (of(&[1, 0]), &json!(true)));
        let dead = ask(&api, Some(&admin), LIST, json!({ "status": "DEAD" })).await;
        assert_eq!(ids(&dead), of(&[3, 1]));
        let support = ask(&api, Some(&admin), LIST, json!({ "channel": stage.support.to_string() })).await;
        assert_eq!(ids(&support), of(&[1]));
        assert_eq!(
            ids(&ask(&api, Some(&narrow), LIST, json!({})).await),
            of(&[3, 2]),
            "of their number alone"
        );
        assert!(ids(&ask(&api, Some(&stranger), LIST, json!({})).await).is_empty());
        assert_eq!(
            errors(&ask(&api, Some(&agent), LIST, json!({})).await),
            ["FORBIDDEN at webhookDeliveries"]
        );

        let variables = json!({ "id": made[3].to_string() });
        for person in [&developer, &narrow] {
            let answer = ask(&api, Some(person), READ, variables.clone()).await;
            let body = &answer["data"]["webhookDeliveryBody"];
            assert_eq!(body["redacted"], true, "{answer}");
            let text = body["text"].as_str().unwrap();
            assert!(text.contains("whatsapp_business_account") && text.contains("messages"), "{text}");
            for secret in ["Ana", "5511", "wamid", "segredo"] {
                assert!(!text.contains(secret), "{secret}: {text}");
            }
        }
        assert_eq!(actions(&stage, "webhook_delivery.read").await, 0);
        let answer = ask(&api, Some(&admin), READ, variables.clone()).await;
        assert_eq!(answer["data"]["webhookDeliveryBody"], json!({ "text": BODY, "redacted": false }));
        assert_eq!(actions(&stage, "webhook_delivery.read").await, 1, "it is put down");
        for (person, place) in [(&narrow, 1), (&narrow, 0), (&stranger, 3)] {
            let answer = ask(&api, Some(person), READ, json!({ "id": made[place].to_string() })).await;
            assert_eq!(errors(&answer), ["NOT_FOUND at webhookDelivery", "NOT_FOUND at webhookDeliveryBody"]);
        }
    }
}

#[tokio::test]
async fn a_delivery_is_replayed_once_and_on_record() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let narrow = stage.person("Vendas", &[(BuiltInRole::Developer, Scope::Channel(stage.sales))]).await;
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let ours = json!({ "id": stage.delivery(BODY, Dead, Some(stage.sales)).await.to_string() });
        let theirs = json!({ "id": stage.delivery(BODY, Dead, Some(stage.support)).await.to_string() });
        let answer = ask(&api, Some(&agent), REPLAY, ours.clone()).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at replayWebhookDelivery"]);
        let answer = ask(&api, Some(&narrow), REPLAY, theirs).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at replayWebhookDelivery"]);
        let answer = ask(&api, Some(&narrow), REPLAY, ours.clone()).await;
        let payload = &answer["data"]["replayWebhookDelivery"];
        assert_eq!(
            payload["delivery"],
            json!({ "status": "PENDING", "attempts": 0, "error": null }),
            "{answer}"
        );
        let again = ask(&api, Some(&narrow), REPLAY, ours).await;
        let refused = &again["data"]["replayWebhookDelivery"]["userErrors"][0];
        assert_eq!(
            refused,
            &json!({ "code": "ALREADY_PENDING", "field": ["input", "deliveryId"] }),
            "{again}"
        );
        assert_eq!(actions(&stage, "webhook_delivery.replayed").await, 1);
    }
}

/// A message that one delivery told of and another told again.
async fn told_twice(stage: &Stage, channel: ChannelId) -> (String, ConversationId, [WebhookDeliveryId; 2]) {
    let contact = stage.customer("Cliente", "5511955550101").await;
    let conversation = stage.conversation(contact, channel, None, &["oi"]).await;
    let deliveries =
        [stage.delivery(BODY, Done, Some(channel)).await, stage.delivery(BODY, Done, Some(channel)).await];
    let database = &stage.installation.database;
    let sql = "UPDATE messages SET delivery_id = $1 WHERE conversation_id = $2";
    let values = [deliveries[0].0.into(), conversation.0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    let find = message::Entity::find().filter(message::Column::ConversationId.eq(conversation));
    let id = find.one(database.reader()).await.unwrap().unwrap().whatsapp_id;
    let transaction = database.begin().await.unwrap();
    let seen = [fingerprint(stage.workspace_id, &id)].into();
    let by = (stage.workspace_id, deliveries[1], stage.clock.now());
    note_sightings(&transaction, database, by, &seen).await.unwrap();
    transaction.commit().await.unwrap();
    (id, conversation, deliveries)
}

#[tokio::test]
async fn a_message_is_traced_by_who_may_know_its_number() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let developer = stage.person("Dev", &[(BuiltInRole::Developer, Scope::Workspace)]).await;
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let (other, ..) = stage.another_workspace().await;
        let stranger =
            stage.person_in(other, "Outra", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let (id, conversation, [first, second]) = told_twice(&stage, stage.sales).await;
        stage.message_arrives(conversation, "mais").await;
        let answer = ask(&api, Some(&admin), TRACE, json!({ "id": id })).await;
        let trace = &answer["data"]["deliveryTrace"];
        assert_eq!(
            (&trace["source"], &trace["conversation"]["id"]),
            (&json!("LIVE"), &json!(conversation.to_string())),
            "{answer}"
        );
        let seen = json!([
            { "deliveryId": first.to_string(), "again": false, "status": null, "delivery": { "status": "DONE" } },
            { "deliveryId": second.to_string(), "again": true, "status": null, "delivery": { "status": "DONE" } },
        ]);
        assert_eq!(trace["sightings"], seen);
        assert!(trace["message"]["id"].as_str().is_some_and(|id| id.starts_with("msg_")));
        for person in [&developer, &stranger] {
            let answer = ask(&api, Some(person), TRACE, json!({ "id": id })).await;
            assert_eq!(errors(&answer), ["NOT_FOUND at deliveryTrace"]);
        }
        let answer = ask(&api, Some(&agent), TRACE, json!({ "id": id })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at deliveryTrace"]);
        let answer = ask(&api, Some(&admin), TRACE, json!({ "id": "wamid.unknown" })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at deliveryTrace"]);
    }
}
