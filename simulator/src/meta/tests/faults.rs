//! What goes wrong on purpose, and what the business can know of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::*;
use super::{ANA, Business, business, code, options};

const ALWAYS: u32 = 1_000_000;

async fn faulty(faults: FaultPlan) -> Business {
    business(MetaOptions { faults, ..options() }.lenient()).await
}

fn request(data: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": ANA, "text": {"body": "x"}, "biz_opaque_callback_data": data})
}

impl Business {
    /// What a client sees of a request: the status and the body, or nothing at all.
    async fn try_to_send(&self, data: &str) -> Option<(u16, String)> {
        let sent =
            self.client.post(self.own("/messages")).bearer_auth("token").json(&request(data)).send().await;
        let answer = sent.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }
}

#[tokio::test]
async fn a_cut_before_and_a_cut_after_look_the_same_and_are_not() {
    let before = faulty(FaultPlan { cut_before: ALWAYS, ..FaultPlan::default() }).await;
    assert_eq!(before.try_to_send("a").await, None);
    assert_eq!(before.meta.times_taken("a"), 0);
    let after = faulty(FaultPlan { cut_after: ALWAYS, ..FaultPlan::default() }).await;
    assert_eq!(after.try_to_send("a").await, None);
    assert_eq!(after.meta.times_taken("a"), 1);
    // The status tells which it was.
    after.passes(60).await;
    assert_eq!(after.heard.statuses()[0]["biz_opaque_callback_data"], "a");
}

#[tokio::test]
async fn whoever_sends_again_blindly_is_found_out() {
    let business = faulty(FaultPlan { cut_after: ALWAYS, ..FaultPlan::default() }).await;
    for data in ["a", "b", "a"] {
        business.try_to_send(data).await;
    }
    assert_eq!(business.meta.taken_twice(), ["a"]);
    let told = business.control("taken", Value::Null).await;
    assert_eq!((&told["different"], &told["more_than_once"]), (&json!(2), &json!(["a"])));
}

#[tokio::test]
async fn answers_can_be_errors_garbage_or_late() {
    let cases = [
        (FaultPlan { error: ALWAYS, ..FaultPlan::default() }, 500, 0),
        (FaultPlan { unavailable: ALWAYS, ..FaultPlan::default() }, 503, 0),
        (FaultPlan { html: ALWAYS, ..FaultPlan::default() }, 502, 0),
        (FaultPlan { truncated: ALWAYS, ..FaultPlan::default() }, 200, 1),
    ];
    for (faults, expected, taken) in cases {
        let business = faulty(faults.clone()).await;
        let (status, body) = business.try_to_send("a").await.unwrap();
        assert_eq!((status, business.meta.times_taken("a")), (expected, taken), "{faults:?}");
        let is_json = serde_json::from_str::<Value>(&body).is_ok();
        assert_eq!(is_json, matches!(expected, 500 | 503), "{body}");
    }
    let slow = faulty(FaultPlan { slow: (ALWAYS, 300), ..FaultPlan::default() }).await;
    let began = Instant::now();
    assert_eq!(slow.try_to_send("a").await.unwrap().0, 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn tokens_and_accounts_end_at_their_time() {
    let faults = FaultPlan {
        token_revoked: Some(600_000),
        account_restricted: Some(300_000),
        storm: Some((60_000, 30_000)),
        ..FaultPlan::default()
    };
    let business = faulty(faults).await;
    business.passes(59).await;
    assert_eq!(business.send(&request("a")).await.0, 200);
    business.passes(1).await;
    assert_eq!(code(&business.send(&request("b")).await), 130_429);
    business.passes(30).await;
    assert_eq!(business.send(&request("c")).await.0, 200);
    business.passes(300).await;
    assert_eq!(code(&business.send(&request("d")).await), 368);
    assert_eq!(business.heard.values("account_update")[0]["event"], "ACCOUNT_RESTRICTION");
    business.passes(300).await;
    let answer = business.send(&request("e")).await;
    assert_eq!((answer.0, code(&answer), &answer.1["error"]["error_subcode"]), (401, 190, &json!(463)));
}

#[tokio::test]
async fn webhooks_come_doubled_and_forged_when_asked_to() {
    let faults = FaultPlan { doubled: ALWAYS, forged: ALWAYS, ..FaultPlan::default() };
    let business = faulty(faults).await;
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    business.passes(5).await;
    // The forgery was refused by the callback, and came once.
    assert_eq!(business.heard.messages().len(), 2);
    let state = business.meta.figures().counted;
    assert_eq!(
        (&state["webhooks"]["doubled"], &state["webhooks"]["forged_and_refused"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(business.meta.figures().forged_accepted, 0);
}
