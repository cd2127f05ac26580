//! Limits, to the message.

use std::time::Duration;

use serde_json::json;

use super::super::*;
use super::{ANA, ask, business, code, options};

fn request(customer: &str) -> serde_json::Value {
    json!({"messaging_product": "whatsapp", "to": customer, "text": {"body": "x"}})
}

#[tokio::test]
async fn a_number_sends_eighty_a_second_and_not_one_more() {
    let limits = Limits { throughput: 80, ..Limits::wide() };
    let business = business(MetaOptions { limits, ..options() }.lenient()).await;
    for one in 0..80 {
        let answer = business.send(&request(&format!("55119500{one:05}"))).await;
        assert_eq!(answer.0, 200, "{one}: {answer:?}");
    }
    let refused = business.send(&request("5511950000999")).await;
    assert_eq!((refused.0, code(&refused)), (429, 130_429));
    business.meta.advance(Duration::from_millis(999)).await;
    assert_eq!(code(&business.send(&request("5511950000999")).await), 130_429);
    business.meta.advance(Duration::from_millis(1)).await;
    assert_eq!(business.send(&request("5511950000999")).await.0, 200);
    assert_eq!(business.meta.limit_run_into("throughput"), 2);
}

#[tokio::test]
async fn a_customer_gets_forty_five_at_once_and_then_one_in_six_seconds() {
    let limits = Limits { pair_every: 6000, pair_burst: 45, ..Limits::wide() };
    let faults = FaultPlan { retry_after: true, ..FaultPlan::default() };
    let business = business(MetaOptions { limits, faults, ..options() }.lenient()).await;
    for _ in 0..45 {
        business.text("x").await;
    }
    let refused = business.client.post(business.own("/messages")).json(&request(ANA)).bearer_auth("token");
    let refused = refused.send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"6".parse().unwrap()));
    business.passes(5).await;
    assert_eq!(code(&business.send(&request(ANA)).await), 131_056);
    business.passes(1).await;
    business.text("x").await;
    assert_eq!(code(&business.send(&request(ANA)).await), 131_056);
    // Somebody else is not concerned.
    assert_eq!(business.send(&request("5511950000002")).await.0, 200);
    assert_eq!(business.meta.limit_run_into("pair"), 3);
}

#[tokio::test]
async fn an_account_is_managed_two_hundred_times_an_hour() {
    let limits = Limits { management: 200, ..Limits::wide() };
    let business = business(MetaOptions { limits, ..options() }).await;
    for one in 0..200 {
        assert_eq!(business.get(business.account("/message_templates")).await.0, 200, "{one}");
    }
    assert_eq!(code(&business.get(business.account("/phone_numbers")).await), 80_007);
    // Sending is another matter.
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    business.text("x").await;
    business.passes(3600).await;
    let answer = business.client.get(business.account("")).bearer_auth("token").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let usage = answer.headers()["x-business-use-case-usage"].to_str().unwrap().to_owned();
    let usage: serde_json::Value = serde_json::from_str(&usage).unwrap();
    let account = crate::number::BusinessNumber::example(0).waba_id;
    assert_eq!(
        (&usage[&account][0]["type"], &usage[&account][0]["call_count"]),
        (&json!("whatsapp"), &json!(0))
    );
    assert_eq!(business.meta.limit_run_into("management"), 1);
}

#[tokio::test]
async fn a_number_can_have_a_throughput_of_its_own() {
    let business = business(options().lenient()).await;
    let number = crate::number::BusinessNumber::example(0).phone_number_id;
    business.control(&format!("numbers/{number}"), json!({"throughput": 20})).await;
    let mut taken = 0;
    for one in 0..25 {
        let send =
            business.client.post(business.own("/messages")).json(&request(&format!("55119500{one:05}")));
        taken += u32::from(ask(send).await.0 == 200);
    }
    assert_eq!(taken, 20);
}

#[tokio::test]
async fn memory_is_bounded_however_long_it_runs() {
    // The world itself, without HTTP: many messages to as many strangers.
    let mut world = world::World::new(MetaOptions { remembered: 100, ..options() }.lenient(), String::new());
    world.options.callback = None;
    for one in 0..10_000_u32 {
        let data = format!("data-{one}");
        let request = json!({
            "messaging_product": "whatsapp", "to": format!("5511{one:09}"), "text": {"body": "x"},
            "biz_opaque_callback_data": data,
        });
        world.send(0, request).unwrap();
        if one % 500 == 0 {
            world.options.clock.move_to(world.now() + 60_000);
            let now = world.now();
            while let Some((_, happening)) = world.agenda.pop(now) {
                world.happen(happening);
            }
        }
    }
    assert_eq!((world.tally.messages, world.tally.different()), (10_000, 10_000));
    assert_eq!((world.tally.times_taken("data-0"), world.tally.times_taken("data-9999")), (1, 1));
    assert!(world.tally.messages().count() <= 100);
    assert!(world.people.len() <= 10_002, "{}", world.people.len());
    assert!(world.threads.len() <= 10_002, "{}", world.threads.len());
    assert!(world.agenda.len() < 5000, "{}", world.agenda.len());
    assert_eq!(world.outbox.waiting, 0);
}
