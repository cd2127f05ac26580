//! What is refused, and with which of Meta's codes.

use serde_json::{Value, json};

use super::super::*;
use super::{ask, business, options};

#[tokio::test]
async fn an_error_has_metas_form() {
    let business = business(options()).await;
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
    assert_eq!(business.api.message_count(), 0);
}

#[tokio::test]
async fn the_token_the_number_and_the_version_must_be_known() {
    let business = business(options()).await;
    let request = json!({"messaging_product": "whatsapp", "to": "16505551234", "text": {"body": "x"}});
    let post = |url: String| business.client.post(url).json(&request);
    for post in [post(business.own("/messages")), post(business.own("/messages")).bearer_auth("old")] {
        let answer = post.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 190);
    }
    let (status, answer) = ask(post(business.url("999/messages"))).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)));
    let unversioned = business.own("/messages").replace("v23.0", "graph");
    assert_eq!(ask(post(unversioned)).await.1["error"]["code"], 100);
}

#[tokio::test]
async fn the_envelope_is_checked() {
    let business = business(options()).await;
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
    let business = business(options()).await;
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
        ("template", json!({"name": "a"}), 131_008),
        ("template", json!({"language": {"code": "en"}}), 131_008),
    ];
    for (kind, body, code) in cases {
        assert_eq!(business.refusal(kind, body.clone()).await, code, "{kind} {body}");
    }
    assert_eq!(business.api.message_count(), 0);
}

#[tokio::test]
async fn templates_must_exist_be_approved_and_get_all_their_values() {
    let template = |name: &str, review| Template {
        id: "1".to_owned(),
        name: name.to_owned(),
        language: "pt_BR".to_owned(),
        category: "UTILITY".to_owned(),
        body: "Olá {{1}}, seu pedido {{2}} saiu. {{1}}!".to_owned(),
        review,
    };
    let templates = vec![
        template("shipped", Review::Approved),
        template("paused", Review::Paused),
        template("disabled", Review::Disabled),
        template("new", Review::Pending),
    ];
    let business = business(CloudApiOptions { templates, ..options() }).await;
    let request = |name: &str, language: &str, values: usize| {
        let values = vec![json!({"type": "text", "text": "x"}); values];
        json!({
            "name": name, "language": {"code": language},
            "components": [{"type": "BODY", "parameters": values}],
        })
    };
    assert_eq!(business.send_kind("template", request("shipped", "pt_BR", 2)).await.0, 200);
    for (name, language, values, code) in [
        ("shipped", "pt_BR", 1, 132_000),
        ("shipped", "en", 2, 132_001),
        ("lost", "pt_BR", 2, 132_001),
        ("new", "pt_BR", 2, 132_001),
        ("paused", "pt_BR", 2, 132_015),
        ("disabled", "pt_BR", 2, 132_016),
    ] {
        assert_eq!(business.refusal("template", request(name, language, values)).await, code, "{name}");
    }
    let account = BusinessNumber::example(0).waba_id;
    let (status, listed) =
        ask(business.client.get(business.url(&format!("{account}/message_templates")))).await;
    assert_eq!((status, listed["data"].as_array().unwrap().len()), (200, 4));
    assert_eq!(listed["data"][0]["status"], "APPROVED");
}

#[tokio::test]
async fn a_planned_failure_comes_once() {
    let business = business(options()).await;
    business.api.fail_next(GraphError::rate_limited());
    let text = json!({"body": "x"});
    let (status, answer) = business.send_kind("text", text.clone()).await;
    assert_eq!((status, &answer["error"]["code"]), (429, &json!(130_429)));
    assert_eq!(business.send_kind("text", text).await.0, 200);
    assert_eq!(business.api.message_count(), 1);
}
