//! What a template must be before it is even reviewed.

use serde_json::{Value, json};

use super::{business, options};

fn of(body: &str) -> Value {
    json!({"name": "hello", "language": "pt_BR", "category": "UTILITY", "components": [{"type": "BODY", "text": body}]})
}

fn with(mut definition: Value, key: &str, value: Value) -> Value {
    definition[key] = value;
    definition
}

fn and(mut definition: Value, part: Value) -> Value {
    definition["components"].as_array_mut().unwrap().push(part);
    definition
}

#[tokio::test]
async fn a_definition_is_checked_part_by_part() {
    let business = business(options()).await;
    let plain = || of("Tudo certo com o pedido");
    let header = |text: &str| json!({"type": "HEADER", "format": "TEXT", "text": text});
    let buttons = |buttons: Value| json!({"type": "BUTTONS", "buttons": buttons});
    let url = |url: &str| json!([{"type": "URL", "text": "Abrir", "url": url}]);
    let many: Vec<Value> = (0..11).map(|_| json!({"type": "QUICK_REPLY", "text": "Sim"})).collect();
    let cases: Vec<(Value, Value)> = vec![
        (with(plain(), "name", json!("Bad Name")), Value::Null),
        (with(plain(), "name", json!("x".repeat(513))), Value::Null),
        (with(plain(), "language", json!("Portuguese")), Value::Null),
        (with(plain(), "category", json!("SPAM")), Value::Null),
        (with(plain(), "components", json!([])), Value::Null),
        (with(plain(), "components", json!([header("Oi")])), json!(2_388_043)),
        (of(&"x".repeat(1025)), json!(2_388_040)),
        (of("Olá {{1}}, seu pedido saiu hoje"), json!(2_388_043)),
        (of("{{1}} é o seu pedido de hoje"), json!(2_388_299)),
        (of("O seu pedido de hoje é {{1}}"), json!(2_388_299)),
        (of("Olá {{1}} {{2}} {{3}} tchau"), json!(2_388_293)),
        (of("Olá {{1}}, o pedido {{3}} saiu hoje para entrega"), json!(2_388_072)),
        (of("Olá\n\n\n\nmundo"), json!(2_388_072)),
        (and(plain(), header(&"x".repeat(61))), json!(2_388_040)),
        (and(plain(), header("Oi {{1}} e {{2}}")), json!(2_388_047)),
        (and(plain(), json!({"type": "HEADER", "format": "IMAGE"})), json!(2_388_043)),
        (and(plain(), json!({"type": "FOOTER", "text": "Olá {{1}}"})), json!(2_388_073)),
        (and(plain(), json!({"type": "FOOTER", "text": "x".repeat(61)})), json!(2_388_040)),
        (and(plain(), buttons(json!(many))), json!(2_388_043)),
        (and(plain(), buttons(url("https://example.com/{{1}}"))), json!(2_388_043)),
        (and(plain(), buttons(json!([{"type": "QUICK_REPLY", "text": "x".repeat(26)}]))), json!(2_388_040)),
        (and(plain(), buttons(json!([{"type": "PHONE_NUMBER", "text": "Ligar"}]))), json!(2_388_043)),
        (and(plain(), json!({"type": "BODY", "text": "Outra vez"})), json!(2_388_043)),
        (and(plain(), json!({"type": "SIDEBAR"})), json!(2_388_043)),
    ];
    for (definition, subcode) in cases {
        let (status, answer) = business.post(business.account("/message_templates"), &definition).await;
        let error = &answer["error"];
        assert_eq!(
            (status, &error["code"], &error["error_subcode"]),
            (400, &json!(100), &subcode),
            "{definition}"
        );
        assert_eq!(error["error_user_msg"].is_string(), subcode.is_number(), "{error}");
    }
}

#[tokio::test]
async fn what_meta_shows_as_examples_is_taken() {
    let business = business(options()).await;
    let whole = and(
        and(
            and(
                json!({"name": "sale", "language": "en", "category": "MARKETING", "components": [
                    {"type": "HEADER", "format": "TEXT", "text": "Our {{1}} is on!", "example": {"header_text": ["Sale"]}},
                ]}),
                json!({"type": "BODY", "text": "Shop now through {{1}} and use code {{2}} to get {{3}} off of all merchandise.",
                    "example": {"body_text": [["August", "25OFF", "25%"]]}}),
            ),
            json!({"type": "FOOTER", "text": "Use the buttons below to manage your subscriptions"}),
        ),
        json!({"type": "BUTTONS", "buttons": [
            {"type": "QUICK_REPLY", "text": "Unsubscribe"},
            {"type": "URL", "text": "Open", "url": "https://example.com/{{1}}", "example": ["https://example.com/a"]},
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "15550051310"},
            {"type": "COPY_CODE", "example": "25OFF"},
        ]}),
    );
    let named = json!({"name": "named", "language": "en_US", "category": "UTILITY", "parameter_format": "named", "components": [
        {"type": "BODY", "text": "Hi {{first_name}}, your order has shipped today.",
            "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Ana"}]}},
    ]});
    let login = json!({"name": "login", "language": "en_US", "category": "AUTHENTICATION", "components": [
        {"type": "BODY", "add_security_recommendation": true},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy Code"}]},
    ]});
    for definition in [whole, named, login] {
        let (status, answer) = business.post(business.account("/message_templates"), &definition).await;
        assert_eq!(status, 200, "{answer}");
    }
    business.passes(3600).await;
    business.lets(super::ANA, json!({"do": "text", "text": "oi"})).await;
    let value = |text: &str| json!({"type": "text", "text": text});
    let uses = [
        json!({"name": "sale", "language": {"code": "en"}, "components": [
            {"type": "header", "parameters": [value("Sale")]},
            {"type": "body", "parameters": [value("a"), value("b"), value("c")]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [value("x")]},
            {"type": "button", "sub_type": "copy_code", "index": 3, "parameters": [{"type": "coupon_code", "coupon_code": "x"}]},
        ]}),
        json!({"name": "named", "language": {"code": "en_US"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Ana"}]},
        ]}),
        json!({"name": "login", "language": {"code": "en_US"}, "components": [
            {"type": "body", "parameters": [value("1234")]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [value("1234")]},
        ]}),
    ];
    for body in uses {
        let (status, answer) = business.send_kind("template", body.clone()).await;
        assert_eq!(status, 200, "{body}: {answer}");
    }
    let without_link = json!({"name": "sale", "language": {"code": "en"}, "components": [
        {"type": "header", "parameters": [value("Sale")]},
        {"type": "body", "parameters": [value("a"), value("b"), value("c")]},
    ]});
    assert_eq!(business.refusal("template", without_link).await, 131_008);
    let unnamed = json!({"name": "named", "language": {"code": "en_US"},
        "components": [{"type": "body", "parameters": [value("Ana")]}]});
    assert_eq!(business.refusal("template", unnamed).await, 100);
}
