//! What is refused, and with which of Meta's codes.

use serde_json::{Value, json};

use super::{ask, business, options};
use crate::cloud_api::GraphError;
use crate::number::BusinessNumber;

#[tokio::test]
async fn an_error_has_metas_form() {
    let business = business(options().lenient()).await;
    let (status, answer) = business.send_kind("text", json!({})).await;
    assert_eq!(status, 400);
    let error = &answer["error"];
    assert_eq!(error["message"], "(#131008) Required parameter is missing");
    assert_eq!((&error["type"], &error["code"]), (&json!("OAuthException"), &json!(131_008)));
    assert_eq!(
        error["error_data"],
        json!({"messaging_product": "whatsapp", "details": "The parameter text['body'] is required."})
    );
    assert_eq!(error["fbtrace_id"].as_str().unwrap().len(), 22);
    assert_eq!(business.meta.message_count(), 0);
}

#[tokio::test]
async fn the_token_the_number_and_the_version_must_be_known() {
    let business = business(options().lenient()).await;
    let request = json!({"messaging_product": "whatsapp", "to": "16505551234", "text": {"body": "x"}});
    let post = |url: String| business.client.post(url).json(&request);
    for post in [post(business.own("/messages")), post(business.own("/messages")).bearer_auth("old")] {
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 190);
    }
    let (status, answer) = ask(post(business.url("999/messages"))).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)));
    let misplaced = business.own("/messages").replace("v23.0", "graph");
    assert_eq!(ask(post(misplaced)).await.1["error"]["code"], 2500);
    let future = business.own("/messages").replace("v23.0", "v99.0");
    assert_eq!(ask(post(future)).await.1["error"]["code"], 2500);
}

#[tokio::test]
async fn the_envelope_is_checked() {
    let business = business(options().lenient()).await;
    let own = BusinessNumber::example(0).display_phone_number;
    let text = json!({"body": "x"});
    let cases = [
        (json!([]), 100),
        (json!({"to": "16505551234", "text": text}), 100),
        (json!({"messaging_product": "sms", "to": "16505551234", "text": text}), 100),
        (json!({"messaging_product": "whatsapp", "text": text}), 100),
        (
            json!({"messaging_product": "whatsapp", "to": "16505551234", "recipient_type": "all", "text": text}),
            100,
        ),
        (json!({"messaging_product": "whatsapp", "to": "16505551234", "type": "hologram"}), 100),
        (json!({"messaging_product": "whatsapp", "to": "16505551234", "type": "poll", "poll": {}}), 131_051),
        (
            json!({"messaging_product": "whatsapp", "to": "16505551234", "text": text,
                "biz_opaque_callback_data": "x".repeat(513)}),
            100,
        ),
        (json!({"messaging_product": "whatsapp", "to": "CALLME123", "text": text}), 131_009),
        (json!({"messaging_product": "whatsapp", "to": "12", "text": text}), 131_009),
        (json!({"messaging_product": "whatsapp", "recipient": "nobody", "text": text}), 131_009),
        (json!({"messaging_product": "whatsapp", "to": own, "text": text}), 131_021),
        (json!({"messaging_product": "whatsapp", "to": "16505551234", "context": {}, "text": text}), 131_008),
    ];
    for (request, code) in cases {
        let (status, answer) = business.send(&request).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(code)), "{request}");
    }
    let (status, _) = ask(business.client.post(business.own("/messages")).body("{not json")).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn each_type_is_checked() {
    let business = business(options().lenient()).await;
    let long = |length: usize| "x".repeat(length);
    let button = |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
    let interactive =
        |kind: &str, action: Value| json!({"type": kind, "body": {"text": "x"}, "action": action});
    let rows = |count: usize| {
        let rows: Vec<Value> = (0..count).map(|id| json!({"id": id.to_string(), "title": "x"})).collect();
        json!({"button": "Open", "sections": [{"title": "A", "rows": rows}]})
    };
    let cases = [
        ("text", json!(null), 131_008),
        ("text", json!("hi"), 100),
        ("text", json!({"body": ""}), 131_008),
        ("text", json!({"body": long(4097)}), 100),
        ("image", json!({}), 131_008),
        ("image", json!({"id": "1"}), 100),
        ("image", json!({"id": "1", "link": "https://example.com"}), 100),
        ("image", json!({"link": "ftp://example.com"}), 131_009),
        ("document", json!({"link": "https://example.com", "caption": long(1025)}), 100),
        ("location", json!({"latitude": 10}), 131_008),
        ("location", json!({"latitude": 91, "longitude": 0}), 131_009),
        ("contacts", json!([]), 131_008),
        ("contacts", json!([{"name": {"formatted_name": "A B"}}]), 131_008),
        ("reaction", json!({"emoji": "👍"}), 131_008),
        ("reaction", json!({"message_id": "wamid.A"}), 131_008),
        ("interactive", json!({"type": "button"}), 131_008),
        ("interactive", interactive("hypnosis", json!({})), 131_009),
        ("interactive", interactive("button", json!({"buttons": []})), 131_009),
        ("interactive", interactive("button", json!({"buttons": [button("1", &long(21))]})), 131_009),
        (
            "interactive",
            interactive("button", json!({"buttons": [button("1", "A"), button("1", "B")]})),
            131_009,
        ),
        ("interactive", interactive("button", json!({"buttons": [button("1", "")]})), 131_008),
        ("interactive", interactive("list", json!({"sections": []})), 131_008),
        ("interactive", interactive("list", rows(11)), 131_009),
        ("interactive", interactive("list", rows(0)), 131_009),
        ("interactive", json!({"type": "flow", "body": {"text": long(1025)}, "action": {}}), 100),
        ("interactive", interactive("flow", json!({"parameters": {"flow_cta": "Open"}})), 131_008),
        (
            "interactive",
            interactive("cta_url", json!({"parameters": {"url": "https://example.com"}})),
            131_008,
        ),
        ("template", json!({"name": "a"}), 131_008),
        ("template", json!({"language": {"code": "en"}}), 131_008),
    ];
    for (kind, body, code) in cases {
        assert_eq!(business.refusal(kind, body.clone()).await, code, "{kind} {body}");
    }
    assert_eq!(business.meta.message_count(), 0);
}

#[tokio::test]
async fn a_planned_failure_comes_once() {
    let business = business(options().lenient()).await;
    business.meta.fail_next(GraphError::rate_limited());
    let text = json!({"body": "x"});
    let (status, answer) = business.send_kind("text", text.clone()).await;
    assert_eq!((status, &answer["error"]["code"]), (429, &json!(130_429)));
    assert_eq!(business.send_kind("text", text).await.0, 200);
    assert_eq!(business.meta.message_count(), 1);
}
