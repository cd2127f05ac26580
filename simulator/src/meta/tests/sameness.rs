//! The same seed and the same requests give the same answers and the same webhooks, to the byte.

use serde_json::json;

use super::super::*;
use super::{Business, business, options};

/// A day of a business, as bytes.
async fn a_day(seed: u64) -> (Vec<String>, Vec<Vec<u8>>) {
    let faults = FaultPlan {
        error: 100_000,
        truncated: 100_000,
        cut_after: 50_000,
        doubled: 100_000,
        reordered: 100_000,
        ..FaultPlan::default()
    };
    let manners = Manners { per_minute: 2, ..Manners::default() };
    let business = business(MetaOptions { seed, faults, manners, cast: 10, ..options() }).await;
    let mut answers = Vec::new();
    for round in 0..30 {
        business.passes(300).await;
        answers.push(one_round(&business, round).await);
    }
    business.passes(3600).await;
    let address = business.meta.base_url();
    let without_address = |bytes: &[u8]| {
        let escaped = address.replace('/', "\\/");
        String::from_utf8(bytes.to_vec()).unwrap().replace(&escaped, "").into_bytes()
    };
    let bodies = business.heard.bodies.lock().unwrap().iter().map(|body| without_address(body)).collect();
    (answers, bodies)
}

async fn one_round(business: &Business, round: u64) -> String {
    let customer = business.meta.customers()[(round % 10) as usize].clone();
    let mut request = json!({"messaging_product": "whatsapp", "text": {"body": "oi"}, "biz_opaque_callback_data": round.to_string()});
    match customer.wa_id {
        Some(phone) => request["to"] = json!(phone),
        None => request["recipient"] = json!(customer.user_id),
    }
    let sent =
        business.client.post(business.own("/messages")).bearer_auth("token").json(&request).send().await;
    match sent {
        Ok(answer) => format!("{} {}", answer.status(), answer.text().await.unwrap_or_default()),
        Err(_) => "cut".to_owned(),
    }
}

#[tokio::test]
async fn one_seed_gives_one_day() {
    let (answers, bodies) = a_day(7).await;
    assert!(bodies.len() > 60, "{}", bodies.len());
    assert!(
        answers.iter().any(|one| one.starts_with("500")) && answers.iter().any(|one| one.starts_with("200"))
    );
    let again = a_day(7).await;
    assert_eq!(answers, again.0);
    assert!(bodies == again.1, "the webhooks differ");
    assert_ne!(answers, a_day(8).await.0);
}
