//! What is taken, what is remembered of it, and what follows.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::super::*;
use super::{Business, business, options};
use crate::sender::{Sender, SenderConfig};

#[tokio::test]
async fn a_text_is_taken_recorded_and_answered() {
    let business = business(options()).await;
    let request = json!({
        "messaging_product": "whatsapp", "to": "+1 (650) 555-1234", "text": {"body": "olá"},
        "context": {"message_id": "wamid.A"}, "biz_opaque_callback_data": "42",
    });
    let (status, answer) = business.send(&request).await;
    assert_eq!(status, 200);
    assert_eq!(answer["messaging_product"], "whatsapp");
    assert_eq!(answer["contacts"], json!([{"input": "+1 (650) 555-1234", "wa_id": "16505551234"}]));
    let taken = business.api.messages();
    assert_eq!(taken.len(), 1);
    assert_eq!(answer["messages"], json!([{"id": taken[0].id}]));
    assert!(taken[0].id.starts_with("wamid.HBgLMTY1MDU1NTEyMzQVAgARGB"), "{}", taken[0].id);
    assert_eq!((taken[0].kind.as_str(), &taken[0].request), ("text", &request));
    assert_eq!(business.api.message_count(), 1);
}

#[tokio::test]
async fn every_type_that_can_be_sent_is_taken() {
    let business = business(options()).await;
    let link = json!({"link": "https://example.com/file"});
    let list = json!({
        "type": "list", "header": {"type": "text", "text": "Menu"}, "body": {"text": "Choose"},
        "footer": {"text": "Thanks"},
        "action": {"button": "Open", "sections": [
            {"title": "One", "rows": [{"id": "1", "title": "Tea", "description": "Hot"}]},
            {"title": "Two", "rows": [{"id": "2", "title": "Cake"}]},
        ]},
    });
    let buttons = json!({
        "type": "button", "body": {"text": "Sure?"},
        "action": {"buttons": [
            {"type": "reply", "reply": {"id": "y", "title": "Yes"}},
            {"type": "reply", "reply": {"id": "n", "title": "No"}},
        ]},
    });
    let flow = json!({
        "type": "flow", "body": {"text": "Book"},
        "action": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Open"}},
    });
    let product = json!({"type": "product", "action": {"catalog_id": "1", "product_retailer_id": "2"}});
    let template = json!({
        "name": "shipping", "language": {"code": "en_US"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "today"}]}],
    });
    let cases = [
        ("text", json!({"body": "hi", "preview_url": false})),
        ("image", link.clone()),
        ("audio", link.clone()),
        ("video", json!({"link": "http://example.com/a.mp4", "caption": "look"})),
        ("sticker", link.clone()),
        ("document", link),
        ("location", json!({"latitude": 37.758_056, "longitude": "-122.425332", "name": "HQ"})),
        ("contacts", json!([{"name": {"formatted_name": "John Smith", "first_name": "John"}}])),
        ("reaction", json!({"message_id": "wamid.A", "emoji": "😀"})),
        ("reaction", json!({"message_id": "wamid.A", "emoji": ""})),
        ("interactive", list),
        ("interactive", buttons),
        ("interactive", flow),
        ("interactive", product),
        ("template", template),
    ];
    for (kind, body) in &cases {
        let (status, answer) = business.send_kind(kind, body.clone()).await;
        assert_eq!(status, 200, "{kind}: {answer}");
    }
    let untyped = json!({"messaging_product": "whatsapp", "to": "16505551234", "location": cases[6].1});
    assert_eq!(business.send(&untyped).await.0, 200);
    assert_eq!(business.api.messages()[cases.len()].kind, "location");
    assert_eq!(business.api.message_count(), cases.len() as u64 + 1);
}

#[tokio::test]
async fn a_customer_without_a_phone_is_reached_by_id() {
    let business = business(options()).await;
    let user = "BR.13491208655302741918";
    let request = json!({"messaging_product": "whatsapp", "recipient": user, "text": {"body": "x"}});
    let (status, answer) = business.send(&request).await;
    assert_eq!(status, 200);
    assert_eq!(answer["contacts"], json!([{"input": user, "user_id": user}]));
    assert_eq!(business.api.messages()[0].recipient, Recipient::User(user.to_owned()));
}

#[tokio::test]
async fn reading_and_typing_are_acknowledged() {
    let business = business(options()).await;
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"});
    assert_eq!(business.send(&read).await, (200, json!({"success": true})));
    let mut typing = read.clone();
    typing["typing_indicator"] = json!({"type": "text"});
    assert_eq!(business.send(&typing).await, (200, json!({"success": true})));
    let receipts = business.api.read_receipts();
    assert_eq!(receipts.iter().map(|one| one.typing).collect::<Vec<_>>(), [false, true]);
    assert_eq!(receipts[0].message_id, "wamid.A");
    let mut wrong = read;
    wrong["message_id"] = json!("17");
    assert_eq!(business.send(&wrong).await.1["error"]["code"], 131_009);
}

async fn hear(State(heard): State<UnboundedSender<Value>>, body: String) {
    heard.send(serde_json::from_str(&body).unwrap()).unwrap();
}

async fn callback() -> (Sender, UnboundedReceiver<Value>) {
    let (heard, hears) = unbounded_channel();
    let challenge =
        |Query(query): Query<HashMap<String, String>>| async move { query["hub.challenge"].clone() };
    let router = Router::new().route("/", get(challenge).post(hear)).with_state(heard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Sender::new(SenderConfig::new(&url, "secret", "token")).unwrap(), hears)
}

#[tokio::test]
async fn statuses_follow_a_message_in_order() {
    let mut options = options();
    let (sender, mut hears) = callback().await;
    let mut plan = StatusPlan::read_soon(sender, options.clock.clone());
    for step in &mut plan.steps {
        step.0 = Duration::from_millis(5);
    }
    options.statuses = Some(plan);
    options.customers = vec![Customer {
        name: "Ana".to_owned(),
        wa_id: Some("5511950000001".to_owned()),
        ..Customer::default()
    }];
    let business = business(options).await;
    let request = json!({
        "messaging_product": "whatsapp", "to": "5511950000001", "text": {"body": "x"},
        "biz_opaque_callback_data": "42",
    });
    let (_, answer) = business.send(&request).await;
    for expected in ["sent", "delivered", "read"] {
        let body = tokio::time::timeout(Duration::from_secs(5), hears.recv()).await.unwrap().unwrap();
        let value = &body["entry"][0]["changes"][0]["value"];
        assert_eq!(value["metadata"]["phone_number_id"], BusinessNumber::example(0).phone_number_id);
        assert_eq!(value["contacts"][0]["profile"]["name"], "Ana");
        let status = &value["statuses"][0];
        assert_eq!(status["status"], expected);
        assert_eq!(status["id"], answer["messages"][0]["id"]);
        assert_eq!(status["biz_opaque_callback_data"], "42");
        assert_eq!(status["timestamp"], "1800000000");
    }
}

#[tokio::test]
async fn it_remembers_so_many_and_ends_when_told() {
    let business = business(CloudApiOptions { remembered: 2, ..options() }).await;
    for body in ["a", "b", "c"] {
        assert_eq!(business.send_kind("text", json!({ "body": body })).await.0, 200);
    }
    let kept: Vec<Value> =
        business.api.messages().iter().map(|one| one.request["text"]["body"].clone()).collect();
    assert_eq!(kept, ["b", "c"]);
    assert_eq!(business.api.message_count(), 3);
    let url = business.own("");
    let Business { api, client } = business;
    drop(client);
    tokio::time::timeout(Duration::from_secs(5), api.stop()).await.unwrap();
    assert!(Client::builder().no_proxy().build().unwrap().get(url).send().await.is_err());
}
