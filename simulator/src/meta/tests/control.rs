//! Driving it from outside.

use serde_json::{Value, json};

use super::super::*;
use super::{ANA, BIA, START, business, options};

#[tokio::test]
async fn the_four_test_scenarios_show_how_customers_are_known() {
    let business = business(options()).await;
    let listed = business.control("scenarios", Value::Null).await;
    let names: Vec<String> = listed["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["no-username", "username-without-phone", "username-with-phone", "parent-bsuid"]);
    for name in &names {
        business.control(&format!("scenarios/{name}"), json!({})).await;
        business.settle().await;
    }
    let values = business.heard.values("messages");
    let known = |one: &Value| {
        let (contact, message) = (&one["contacts"][0], &one["messages"][0]);
        (
            contact["profile"]["username"].is_string(),
            message["from"].is_string(),
            contact["parent_user_id"].is_string(),
        )
    };
    let seen: Vec<(bool, bool, bool)> = values.iter().map(known).collect();
    assert_eq!(seen, [(false, true, false), (true, false, false), (true, true, false), (true, false, true)]);
    // Each can be answered.
    for one in &values {
        let user = &one["messages"][0]["from_user_id"];
        let request = json!({"messaging_product": "whatsapp", "recipient": user, "text": {"body": "hi"}});
        assert_eq!(business.send(&request).await.0, 200);
    }
    business.passes(60).await;
    assert!(business.heard.statuses().iter().all(|one| one["status"] != "failed"));
}

#[tokio::test]
async fn the_clock_is_moved_and_sped_up() {
    let business = business(options()).await;
    let told = business.control("clock", json!({"advance": "2h"})).await;
    assert_eq!((&told["now"], &told["speed"]), (&json!(START + 7200), &json!(0)));
    business.control("clock", json!({"speed": 100_000})).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let told = business.control("clock", json!({"speed": 0})).await;
    assert!(told["now"].as_u64().unwrap() > START + 7200 + 3600, "{told}");
}

#[tokio::test]
async fn windows_and_figures_can_be_looked_at() {
    let business = business(options()).await;
    let look = async || business.control(&format!("thread?customer={ANA}"), Value::Null).await;
    assert_eq!(look().await["open"], false);
    business.lets(ANA, json!({"do": "ad", "text": "oi"})).await;
    business.text("olá").await;
    let thread = look().await;
    assert_eq!((&thread["open"], &thread["open_until"]), (&json!(true), &json!(START + 86_400)));
    assert_eq!(
        (&thread["free_entry_point"], &thread["free_until"]),
        (&json!(true), &json!(START + 3 * 86_400))
    );
    let state = business.control("state", Value::Null).await;
    assert_eq!((&state["messages_taken"], &state["messages_from_customers"]), (&json!(1), &json!(1)));
    assert_eq!(state["webhooks"]["accepted"], 1);
    let help = business.control("", Value::Null).await;
    assert!(help.as_object().unwrap().len() > 15);
    let messages = business.control("messages?last=1", Value::Null).await;
    assert_eq!(messages["messages"][0]["request"]["text"]["body"], "olá");
    let webhooks = business.control("webhooks?after=0", Value::Null).await;
    assert_eq!(webhooks["webhooks"][0]["body"]["object"], "whatsapp_business_account");
}

#[tokio::test]
async fn customers_do_what_they_are_told() {
    let business = business(options()).await;
    business.lets(BIA, json!({"do": "text", "text": "oi"})).await;
    let request = json!({"messaging_product": "whatsapp", "recipient": BIA, "text": {"body": "olá"}});
    assert_eq!(business.send(&request).await.0, 200);
    let acts = [
        (json!({"do": "quote", "text": "what?"}), "text"),
        (json!({"do": "react", "emoji": "👍"}), "reaction"),
        (json!({"do": "file", "mime_type": "audio/ogg", "voice": true}), "audio"),
        (json!({"do": "file", "mime_type": "application/pdf", "filename": "nota.pdf"}), "document"),
        (json!({"do": "file", "mime_type": "image/webp"}), "sticker"),
        (json!({"do": "location"}), "location"),
        (json!({"do": "card"}), "contacts"),
        (json!({"do": "unsupported"}), "unsupported"),
    ];
    for (act, kind) in acts {
        business.lets(BIA, act).await;
        let heard = business.heard.messages().pop().unwrap();
        assert_eq!(
            (&heard["type"], &heard["from_user_id"], &heard["from"]),
            (&json!(kind), &json!(BIA), &Value::Null)
        );
    }
    let wrong = [
        ("customers/404", json!({"do": "text", "text": "x"})),
        (&format!("customers/{BIA}"), json!({"do": "fly"})),
        (&format!("customers/{ANA}"), json!({"do": "press"})),
        ("faults", json!({"faults": ["earthquake=1%"]})),
        ("clock", json!({"advance": "soon"})),
        ("clock", json!({"advance": "401d"})),
        ("next", json!({"codes": [12345]})),
    ];
    for (path, body) in wrong {
        let url = format!("{}/simulator/{path}", business.meta.base_url());
        let answer = business.client.post(url).body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{path} {body}");
        assert!(answer.json::<Value>().await.unwrap()["error"].is_string());
    }
}

#[tokio::test]
async fn customers_write_of_their_own_accord() {
    let manners = Manners { per_minute: 6, ..Manners::default() };
    let business = business(MetaOptions { manners, cast: 20, ..options() }).await;
    business.passes(600).await;
    let heard = business.heard.messages();
    assert!((20..200).contains(&heard.len()), "{}", heard.len());
    // Somebody answers them, and they go on.
    for message in heard.iter().take(10) {
        let mut request = json!({"messaging_product": "whatsapp", "text": {"body": "um momento"}});
        match message["from"].as_str() {
            Some(phone) => request["to"] = json!(phone),
            None => request["recipient"] = message["from_user_id"].clone(),
        }
        assert_eq!(business.send(&request).await.0, 200);
    }
    business.passes(60).await;
    let told = business.heard.statuses();
    assert!(told.iter().all(|one| one["status"] != "failed") && told.len() >= 10, "{}", told.len());
}

#[tokio::test]
async fn a_past_that_others_delivered_opens_windows() {
    use crate::scenario::Scenario;
    use crate::scenario::history::HistoryPlan;
    let wanted = MetaOptions { cast: 10, ..options() };
    let scenario = Scenario::new(wanted.seed, wanted.numbers.clone()).unwrap();
    let plan = HistoryPlan { conversations: 10, messages_each: 6, until: START - 60, span_secs: 14 * 86_400 };
    let business = business(wanted).await;
    for delivery in scenario.history(plan) {
        business.meta.recall(&delivery.body);
    }
    let mut open = 0;
    for customer in business.meta.customers().iter().take(10) {
        let customer = customer.wa_id.clone().or(customer.user_id.clone()).unwrap();
        let thread = business.control(&format!("thread?customer={customer}"), Value::Null).await;
        assert!(thread["open_until"].is_u64(), "{thread}");
        open += u32::from(thread["open"] == true);
    }
    assert!((1..10).contains(&open), "{open} of ten wrote within the day");
}
