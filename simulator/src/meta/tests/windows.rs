//! When what may be sent to whom.

use serde_json::{Value, json};

use super::super::*;
use super::{ANA, BIA, business, code, options};

const DAY: u64 = 86_400;

fn with_template() -> MetaOptions {
    let promo = Template::of_body("1001", "promo", "pt_BR", "MARKETING", "Olá, temos novidades!");
    let update = Template::of_body("1002", "update", "pt_BR", "UTILITY", "Seu pedido saiu!");
    MetaOptions { templates: vec![promo, update], ..options() }
}

fn template(name: &str) -> Value {
    json!({"name": name, "language": {"code": "pt_BR"}})
}

/// The errors of failed statuses.
fn failures(told: &[Value]) -> Vec<u64> {
    told.iter().filter_map(|one| one["errors"][0]["code"].as_u64()).collect()
}

#[tokio::test]
async fn outside_the_window_only_templates_arrive() {
    let business = business(with_template()).await;
    business.text("hello?").await;
    business.passes(10).await;
    assert_eq!(failures(&business.heard.statuses()), [131_047]);
    assert_eq!(business.heard.statuses()[0]["recipient_user_id"], Value::Null);

    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    business.passes(DAY - 100).await;
    business.text("still here").await;
    business.passes(90).await;
    assert_eq!(failures(&business.heard.statuses()), [131_047], "the window was open");
    business.passes(DAY).await;
    business.text("too late").await;
    assert_eq!(business.send_kind("template", template("update")).await.0, 200);
    business.passes(100).await;
    let told = business.heard.statuses();
    assert_eq!(failures(&told), [131_047, 131_047]);
    assert!(told.iter().any(|one| one["status"] == "delivered" && one["pricing"]["category"] == "utility"));
}

#[tokio::test]
async fn the_window_closes_to_the_second() {
    let at_once = Rules { failures: Failures::AtOnce, ..Rules::default() };
    let business = business(MetaOptions { rules: at_once, ..with_template() }).await;
    assert_eq!(business.refusal("text", json!({"body": "x"})).await, 131_047);
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    business.passes(DAY - 1).await;
    business.text("the last second").await;
    business.passes(1).await;
    assert_eq!(business.refusal("text", json!({"body": "x"})).await, 131_047);
    assert_eq!(business.meta.message_count(), 1);
}

#[tokio::test]
async fn an_answered_advertisement_makes_three_days_free() {
    let business = business(with_template()).await;
    business.lets(ANA, json!({"do": "ad", "text": "I saw your ad"})).await;
    assert_eq!(business.heard.messages()[0]["referral"]["source_type"], "ad");
    business.text("hi!").await;
    business.passes(2 * DAY).await;
    assert_eq!(business.send_kind("template", template("promo")).await.0, 200);
    business.passes(2 * DAY).await;
    assert_eq!(business.send_kind("template", template("promo")).await.0, 200);
    business.passes(100).await;
    let prices: Vec<String> = business
        .heard
        .statuses()
        .iter()
        .filter(|one| one["status"] == "sent")
        .map(|one| one["pricing"]["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(prices, ["free_entry_point", "free_entry_point", "regular"]);
}

#[tokio::test]
async fn whoever_stopped_marketing_gets_no_more_of_it() {
    let business = business(with_template()).await;
    business.lets(ANA, json!({"do": "stop_marketing"})).await;
    let told = business.heard.values("user_preferences");
    assert_eq!(told[0]["user_preferences"][0]["value"], "stop");
    assert_eq!(business.send_kind("template", template("promo")).await.0, 200);
    assert_eq!(business.send_kind("template", template("update")).await.0, 200);
    business.passes(100).await;
    assert_eq!(failures(&business.heard.statuses()), [131_050]);
    business.lets(ANA, json!({"do": "resume_marketing"})).await;
    assert_eq!(business.send_kind("template", template("promo")).await.0, 200);
    business.passes(100).await;
    assert_eq!(failures(&business.heard.statuses()), [131_050]);
}

#[tokio::test]
async fn the_portfolio_opens_with_so_many_customers_a_day() {
    let limits = Limits { portfolio: Some(3), ..Limits::wide() };
    let business = business(MetaOptions { limits, ..with_template() }).await;
    let open = async |customer: &str| {
        let request = json!({
            "messaging_product": "whatsapp", "to": customer, "type": "template", "template": template("update"),
        });
        assert_eq!(business.send(&request).await.0, 200);
        business.passes(10).await;
    };
    for customer in ["5511950000011", "5511950000012", "5511950000012", "5511950000013"] {
        open(customer).await;
    }
    assert_eq!(failures(&business.heard.statuses()), [0_u64; 0]);
    open("5511950000014").await;
    assert_eq!(failures(&business.heard.statuses()), [131_048]);
    assert_eq!(business.meta.limit_run_into("portfolio"), 1);
    // Who has written may be answered whatever the limit says, and a day later there is room.
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    open(ANA).await;
    business.passes(DAY).await;
    open("5511950000014").await;
    assert_eq!(failures(&business.heard.statuses()), [131_048]);
}

#[tokio::test]
async fn a_customer_without_a_phone_gets_no_authentication_codes() {
    let code_template = Template::of_body("1003", "login", "pt_BR", "AUTHENTICATION", "{{1}} é seu código.");
    let business = business(MetaOptions { templates: vec![code_template], ..options() }).await;
    let mut body = template("login");
    body["components"] = json!([{"type": "body", "parameters": [{"type": "text", "text": "123456"}]}]);
    let to = |key: &str, address: &str| {
        let mut request = json!({"messaging_product": "whatsapp", "type": "template", "template": body});
        request[key] = json!(address);
        request
    };
    assert_eq!(code(&business.send(&to("recipient", BIA)).await), 131_062);
    assert_eq!(business.send(&to("to", ANA)).await.0, 200);
}

#[tokio::test]
async fn a_scoped_id_that_nobody_has_reaches_nobody() {
    let business = business(options()).await;
    let request = json!({"messaging_product": "whatsapp", "recipient": "BR.404", "text": {"body": "x"}});
    assert_eq!(business.send(&request).await.0, 200);
    business.passes(10).await;
    assert_eq!(failures(&business.heard.statuses()), [131_026]);
}
