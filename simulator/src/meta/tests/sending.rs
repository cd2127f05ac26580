//! What is taken, what is remembered of it, and what follows.

use reqwest::Client;
use serde_json::{Value, json};

use super::super::*;
use super::{ANA, BIA, Business, business, options};
use crate::meta::options::Between;
use crate::number::BusinessNumber;

#[tokio::test]
async fn a_text_is_taken_recorded_and_answered() {
    let business = business(options().lenient()).await;
    let request = json!({
        "messaging_product": "whatsapp", "to": "+1 (650) 555-1234", "text": {"body": "olá"},
        "context": {"message_id": "wamid.A"}, "biz_opaque_callback_data": "42",
    });
    let (status, answer) = business.send(&request).await;
    assert_eq!(status, 200);
    assert_eq!(answer["messaging_product"], "whatsapp");
    assert_eq!(answer["contacts"], json!([{"input": "+1 (650) 555-1234", "wa_id": "16505551234"}]));
    let taken = business.meta.messages();
    assert_eq!(taken.len(), 1);
    assert_eq!(answer["messages"], json!([{"id": taken[0].id}]));
    assert!(taken[0].id.starts_with("wamid.HBgLMTY1MDU1NTEyMzQVAgARGB"), "{}", taken[0].id);
    assert_eq!((taken[0].kind.as_str(), &taken[0].request), ("text", &request));
    assert_eq!(business.meta.message_count(), 1);
}

#[tokio::test]
async fn every_type_that_can_be_sent_is_taken() {
    let business = business(options().lenient()).await;
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
    assert_eq!(business.meta.messages()[cases.len()].kind, "location");
    assert_eq!(business.meta.message_count(), cases.len() as u64 + 1);
}

#[tokio::test]
async fn a_customer_without_a_phone_is_reached_by_id() {
    let business = business(options().lenient()).await;
    let user = BIA;
    let request = json!({"messaging_product": "whatsapp", "recipient": user, "text": {"body": "x"}});
    let (status, answer) = business.send(&request).await;
    assert_eq!(status, 200);
    assert_eq!(answer["contacts"], json!([{"input": user, "user_id": user}]));
    assert_eq!(business.meta.messages()[0].recipient, Recipient::User(user.to_owned()));
}

#[tokio::test]
async fn a_lenient_meta_reaches_everybody() {
    let business = business(options().lenient()).await;
    for address in [json!({"to": "5521999990000"}), json!({"recipient": "BR.424242"})] {
        let mut request = json!({"messaging_product": "whatsapp", "text": {"body": "x"}});
        request.as_object_mut().unwrap().extend(address.as_object().unwrap().clone());
        assert_eq!(business.send(&request).await.0, 200);
    }
    business.passes(60).await;
    let told = business.heard.statuses();
    let names: Vec<&str> = told.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| **name == "delivered").count(), 2, "{names:?}");
}

#[tokio::test]
async fn reading_and_typing_are_acknowledged() {
    let business = business(options().lenient()).await;
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"});
    assert_eq!(business.send(&read).await, (200, json!({"success": true})));
    let mut typing = read.clone();
    typing["typing_indicator"] = json!({"type": "text"});
    assert_eq!(business.send(&typing).await, (200, json!({"success": true})));
    let receipts = business.meta.read_receipts();
    assert_eq!(receipts.iter().map(|one| one.typing).collect::<Vec<_>>(), [false, true]);
    assert_eq!(receipts[0].message_id, "wamid.A");
    let mut wrong = read;
    wrong["message_id"] = json!("17");
    assert_eq!(business.send(&wrong).await.1["error"]["code"], 131_009);
}

/// Everything at known times: sent after one second, delivered after two, read after three.
fn punctual(reply_percent: u8) -> Manners {
    let second: Between = (1000, 1000);
    Manners {
        sent: second,
        delivered: second,
        read: second,
        reply: second,
        read_percent: 100,
        at_once_percent: 0,
        reply_percent,
        ..Manners::default()
    }
}

#[tokio::test]
async fn statuses_follow_a_message_in_order_and_are_priced() {
    let business = business(MetaOptions { manners: punctual(0), ..options() }).await;
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    let request = json!({
        "messaging_product": "whatsapp", "to": ANA, "text": {"body": "x"}, "biz_opaque_callback_data": "42",
    });
    let (_, answer) = business.send(&request).await;
    business.passes(10).await;
    let told = business.heard.statuses();
    let names: Vec<&str> = told.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(names, ["sent", "delivered", "read"]);
    for (after, status) in told.iter().enumerate() {
        assert_eq!(status["id"], answer["messages"][0]["id"]);
        assert_eq!(status["biz_opaque_callback_data"], "42");
        assert_eq!(status["timestamp"], (super::START + 1 + after as u64).to_string());
        assert_eq!((&status["recipient_id"], &status["recipient_user_id"]), (&json!(ANA), &json!("BR.99")));
    }
    assert_eq!(told[0]["pricing"]["type"], "free_customer_service");
    assert_eq!(told[0]["pricing"], told[1]["pricing"]);
    assert_eq!(told[2]["pricing"], Value::Null);
}

#[tokio::test]
async fn what_is_read_at_once_is_never_delivered_and_voice_is_played() {
    let manners = Manners { at_once_percent: 100, ..punctual(0) };
    let business = business(MetaOptions { manners, ..options() }.lenient()).await;
    assert_eq!(business.send_kind("audio", json!({"link": "https://example.com/a.ogg"})).await.0, 200);
    business.passes(30).await;
    let told = business.heard.statuses();
    let names: Vec<&str> = told.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(names, ["sent", "read", "played"]);
    assert_eq!(told[1]["pricing"]["category"], "service");
}

#[tokio::test]
async fn a_status_can_overtake_the_one_before_and_tells_the_right_time() {
    let faults = FaultPlan { reordered: 1_000_000, ..FaultPlan::default() };
    let business = business(MetaOptions { manners: punctual(0), faults, ..options() }.lenient()).await;
    // Being lenient silences customers, but they still read.
    business.text("x").await;
    business.passes(30).await;
    let told = business.heard.statuses();
    let times: Vec<(&str, &str)> = told
        .iter()
        .map(|one| (one["status"].as_str().unwrap(), one["timestamp"].as_str().unwrap()))
        .collect();
    assert_eq!(times, [("sent", "1795600001"), ("read", "1795600003"), ("delivered", "1795600002")]);
}

#[tokio::test]
async fn customers_press_what_they_are_offered() {
    let business = business(MetaOptions { manners: punctual(100), ..options() }).await;
    let offers = [
        (
            "button",
            json!({"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}),
            "button_reply",
        ),
        (
            "list",
            json!({"button": "Open", "sections": [{"title": "A", "rows": [{"id": "1", "title": "Tea"}]}]}),
            "list_reply",
        ),
        (
            "flow",
            json!({"name": "flow", "parameters": {
                "flow_message_version": "3", "flow_id": "1", "flow_cta": "Open", "flow_token": "T"}}),
            "nfm_reply",
        ),
    ];
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    for (kind, action, reply) in offers {
        let body = json!({"type": kind, "body": {"text": "x"}, "action": action});
        let (status, sent) = business.send_kind("interactive", body).await;
        assert_eq!(status, 200, "{sent}");
        business.lets(ANA, json!({"do": "press"})).await;
        let heard = business.heard.messages().pop().unwrap();
        assert_eq!(heard["interactive"]["type"], reply, "{heard}");
        assert_eq!(heard["context"]["id"], sent["messages"][0]["id"]);
        assert_eq!(heard["context"]["from"], BusinessNumber::example(0).display_phone_number);
    }
    let form = business.heard.messages().pop().unwrap()["interactive"]["nfm_reply"].clone();
    let answers: Value = serde_json::from_str(form["response_json"].as_str().unwrap()).unwrap();
    assert_eq!(answers["flow_token"], "T");
}

#[tokio::test]
async fn customers_answer_by_themselves_and_open_the_window_again() {
    let business = business(MetaOptions { manners: punctual(100), ..options() }).await;
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    for _ in 0..5 {
        business.text("tudo bem?").await;
        business.passes(86_000).await;
    }
    let answers = business.heard.messages();
    assert_eq!(answers.len(), 6, "five answers, each within the day: {answers:?}");
}

#[tokio::test]
async fn whoever_has_blocked_gets_nothing_until_they_write_again() {
    let business = business(MetaOptions { manners: punctual(0), ..options() }).await;
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    business.lets(ANA, json!({"do": "block"})).await;
    business.text("are you there?").await;
    business.passes(100).await;
    let names = |told: &[Value]| {
        told.iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&business.heard.statuses()), ["sent"]);
    business.lets(ANA, json!({"do": "text", "text": "sorry"})).await;
    business.text("hi!").await;
    business.passes(100).await;
    assert_eq!(names(&business.heard.statuses()), ["sent", "sent", "delivered", "read"]);
}

#[tokio::test]
async fn it_remembers_so_many_and_ends_when_told() {
    let business = business(MetaOptions { remembered: 2, ..options().lenient() }).await;
    for body in ["a", "b", "c"] {
        business.text(body).await;
    }
    let kept: Vec<Value> =
        business.meta.messages().iter().map(|one| one.request["text"]["body"].clone()).collect();
    assert_eq!(kept, ["b", "c"]);
    assert_eq!(business.meta.message_count(), 3);
    let url = business.own("");
    let Business { meta, client, .. } = business;
    drop(client);
    tokio::time::timeout(std::time::Duration::from_secs(5), meta.stop()).await.unwrap();
    assert!(Client::builder().no_proxy().build().unwrap().get(url).send().await.is_err());
}
