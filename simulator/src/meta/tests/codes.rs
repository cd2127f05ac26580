//! Every code of Meta's that a sender must know can be met, by a request or by a status.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::*;
use super::{ANA, BIA, Business, business, code, options};
use crate::cloud_api::GraphError;
use crate::number::BusinessNumber;

/// What the contract names.
const CONTRACT: &[u64] = &[
    0, 1, 2, 4, 10, 33, 100, 190, 200, 368, 80_007, 130_429, 130_472, 130_497, 131_000, 131_005, 131_008,
    131_009, 131_016, 131_021, 131_026, 131_031, 131_037, 131_042, 131_045, 131_047, 131_048, 131_049,
    131_050, 131_051, 131_053, 131_056, 131_057, 131_062, 132_000, 132_001, 132_005, 132_007, 132_012,
    132_015, 132_016, 132_068, 132_069, 133_010, 133_016, 135_000,
];

fn to_ana(kind: &str, body: impl Into<Value>) -> Value {
    let body = body.into();
    json!({"messaging_product": "whatsapp", "to": ANA, "type": kind, kind: body})
}

fn template(name: &str, components: impl Into<Value>) -> Value {
    let components = components.into();
    json!({"name": name, "language": {"code": "pt_BR"}, "components": components})
}

fn templates() -> Vec<Template> {
    let of = |id: &str, name: &str, category: &str, body: &str| {
        Template::of_body(id, name, "pt_BR", category, body)
    };
    vec![
        of("1", "shipped", "UTILITY", "Olá {{1}}, seu pedido {{2}} saiu para entrega."),
        of("2", "paused", "UTILITY", "Olá").reviewed(Review::Paused),
        of("3", "disabled", "UTILITY", "Olá").reviewed(Review::Disabled),
        of("4", "login", "AUTHENTICATION", "{{1}} é seu código."),
        of("5", "promo", "MARKETING", "Novidades!"),
        of("6", "form", "UTILITY", "Preencha").made_of(vec![
            json!({"type": "BODY", "text": "Preencha"}),
            json!({"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Abrir", "flow_id": "77"}]}),
        ]),
    ]
}

/// Refusals that follow from what is sent.
async fn by_content(business: &Business) -> Vec<u64> {
    let own = BusinessNumber::example(0).display_phone_number;
    let values = |values: &[&str]| {
        let values: Vec<Value> = values.iter().map(|one| json!({"type": "text", "text": one})).collect();
        json!([{"type": "body", "parameters": values}])
    };
    let money = json!([{"type": "body", "parameters": [{"type": "image"}, {"type": "text", "text": "x"}]}]);
    let login = json!({"messaging_product": "whatsapp", "recipient": BIA, "type": "template",
        "template": template("login", values(&["1234"]))});
    let requests = [
        to_ana("hologram", json!({})),
        to_ana("text", json!({})),
        to_ana("location", json!({"latitude": 99, "longitude": 0})),
        to_ana("poll", json!({})),
        json!({"messaging_product": "whatsapp", "to": own, "text": {"body": "x"}}),
        login,
        to_ana("template", template("shipped", values(&["Ana"]))),
        to_ana("template", template("nowhere", json!([]))),
        to_ana("template", template("shipped", values(&["Ana", &"x".repeat(1100)]))),
        to_ana("template", template("shipped", values(&["Ana", "a\nb"]))),
        to_ana("template", template("shipped", money)),
        to_ana("template", template("paused", json!([]))),
        to_ana("template", template("disabled", json!([]))),
    ];
    let mut met = Vec::new();
    for request in requests {
        met.push(code(&business.send(&request).await));
    }
    met
}

/// Failures that follow from who the customer is and what they did.
async fn by_status(business: &Business) -> Vec<u64> {
    let promo = || to_ana("template", template("promo", json!([])));
    let waba = BusinessNumber::example(0).waba_id;
    business.send(&to_ana("text", json!({"body": "x"}))).await; // 131047
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    business.send(&to_ana("image", json!({"link": "https://files.invalid/a.png"}))).await; // 131053
    business.lets(ANA, json!({"do": "stop_marketing"})).await;
    business.send(&promo()).await; // 131050
    business.lets(ANA, json!({"do": "resume_marketing"})).await;
    for unreachable in [131_026, 130_472, 131_049] {
        business.lets(ANA, json!({"do": "set", "unreachable": unreachable})).await;
        business.send(&promo()).await;
    }
    business.lets(ANA, json!({"do": "set", "unreachable": null})).await;
    business.control(&format!("accounts/{waba}"), json!({"can_pay": false})).await;
    business.send(&promo()).await; // 131042
    business.control(&format!("accounts/{waba}"), json!({"can_pay": true})).await;
    business.passes(600).await;
    let told = business.heard.statuses();
    told.iter().filter_map(|one| one["errors"][0]["code"].as_u64()).collect()
}

/// Refusals that follow from how the business stands.
async fn by_standing(business: &Business) -> Vec<u64> {
    let number = BusinessNumber::example(0).phone_number_id;
    let text = to_ana("text", json!({"body": "x"}));
    let mut met = Vec::new();
    for refuses in [
        1, 2, 4, 0, 33, 368, 130_497, 131_000, 131_005, 131_016, 131_031, 131_037, 131_045, 131_057, 133_016,
        135_000,
    ] {
        business.control(&format!("numbers/{number}"), json!({"refuses": refuses})).await;
        met.push(code(&business.send(&text).await));
    }
    business.control(&format!("numbers/{number}"), json!({"refuses": null, "registered": false})).await;
    met.push(code(&business.send(&text).await));
    let register = json!({"messaging_product": "whatsapp", "pin": "123456"});
    assert_eq!(business.post(business.own("/register"), &register).await.0, 200);
    for flow in [132_068, 132_069] {
        business.control("flows/77", json!({"refuses": flow})).await;
        met.push(code(&business.send(&to_ana("template", template("form", json!([])))).await));
    }
    business.control("tokens", json!({"token": "token", "messaging": false, "management": false})).await;
    met.push(code(&business.send(&text).await));
    met.push(code(&business.get(business.account("")).await));
    business.control("tokens", json!({"token": "token", "messaging": true, "revoked": true})).await;
    met.push(code(&business.send(&text).await));
    business.control("tokens", json!({"token": "token", "management": true, "revoked": false})).await;
    met
}

/// Refusals that follow from how much was asked.
async fn by_limit(business: &Business) -> Vec<u64> {
    let number = BusinessNumber::example(0).phone_number_id;
    let mut met = Vec::new();
    let text = to_ana("text", json!({"body": "x"}));
    business.control(&format!("numbers/{number}"), json!({"throughput": 1})).await;
    for _ in 0..2 {
        met.push(code(&business.send(&text).await));
    }
    business.control(&format!("numbers/{number}"), json!({"throughput": 1000})).await;
    for _ in 0..3 {
        business.passes(1).await;
        met.push(code(&business.send(&text).await));
    }
    for _ in 0..6 {
        met.push(code(&business.get(business.account("/message_templates")).await));
    }
    for customer in ["5511950000021", "5511950000022"] {
        let body = template("promo", json!([]));
        let request =
            json!({"messaging_product": "whatsapp", "to": customer, "type": "template", "template": body});
        assert_eq!(business.send(&request).await.0, 200);
    }
    business.passes(10).await;
    met.extend(business.heard.statuses().iter().filter_map(|one| one["errors"][0]["code"].as_u64()));
    met
}

#[tokio::test]
async fn every_code_of_the_contract_can_be_met() {
    let strict = business(MetaOptions { templates: templates(), ..options() }).await;
    let mut met = BTreeSet::new();
    met.extend(by_content(&strict).await);
    met.extend(by_status(&strict).await);
    met.extend(by_standing(&strict).await);
    let limits =
        Limits { management: 5, portfolio: Some(1), pair_every: 6000, pair_burst: 2, ..Limits::wide() };
    let narrow = business(MetaOptions { templates: templates(), limits, ..options() }).await;
    met.extend(by_limit(&narrow).await);
    let missing: Vec<&u64> = CONTRACT.iter().filter(|code| !met.contains(code)).collect();
    assert!(missing.is_empty(), "not met: {missing:?}; met: {met:?}");
}

#[test]
fn the_catalogue_knows_every_code_of_the_contract() {
    for code in CONTRACT {
        let error = GraphError::of(u32::try_from(*code).unwrap());
        assert!(error.is_some_and(|error| error.status.as_u16() >= 400), "{code}");
    }
}
