//! Definitions as Meta writes them, what is wrong with some, and messages made of them.

use serde_json::{Value, json};

use super::definition::{Button, Category, Definition, Footer, Header, HeaderMedia, ParameterFormat};
use super::fill::{Filled, fill};
use super::flaw::FlawCode;
use super::preview::preview;
use super::values::{ButtonParameter, ButtonValue, Given, HeaderFile, Location, Parameter, Section, Values};

fn order() -> Value {
    json!({
        "name": "pedido_a_caminho", "language": "pt_BR", "category": "UTILITY",
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}", "example": { "header_text": ["A-17"] } },
            {
                "type": "BODY", "text": "Oi {{1}}, seu pedido chega {{2}}. Até já!",
                "example": { "body_text": [["Ana", "amanhã"]] },
            },
            { "type": "FOOTER", "text": "Padaria" },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "Obrigada" },
                { "type": "URL", "text": "Ver", "url": "https://padaria.example/p/{{1}}", "example": ["a17"] },
                { "type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+551140000000" },
            ] },
        ],
    })
}

fn read(told: &Value) -> Definition {
    Definition::from_meta(told).unwrap()
}

fn given(parameter: &str, text: &str) -> Given {
    Given { parameter: parameter.to_owned(), value: Parameter::Text(text.to_owned()) }
}

fn button(index: usize, value: ButtonParameter) -> ButtonValue {
    ButtonValue { index, value }
}

fn order_values() -> Values {
    Values {
        header: vec![given("1", "B-2")],
        body: vec![given("2", "hoje"), given("1", "Zé {{2}}")],
        buttons: vec![button(1, ButtonParameter::UrlSuffix("b2".to_owned()))],
        ..Values::default()
    }
}

fn flaws_of(definition: &Definition) -> Vec<(String, FlawCode)> {
    definition.flaws().into_iter().map(|flaw| (flaw.path.join("."), flaw.code)).collect()
}

fn refused(definition: &Definition, values: &Values) -> Vec<(String, FlawCode)> {
    let flaws = fill(definition, values).unwrap_err();
    flaws.into_iter().map(|flaw| (flaw.path.join("."), flaw.code)).collect()
}

fn filled(definition: &Definition, values: &Values) -> Filled {
    fill(definition, values).unwrap()
}

#[test]
fn what_meta_tells_is_written_as_it_was() {
    let told = order();
    let definition = read(&told);
    assert_eq!(flaws_of(&definition), []);
    assert_eq!(definition.to_creation(), told);
    assert_eq!(Definition::from_json(&definition.to_json().unwrap()).unwrap(), definition);
    let mut named = told.clone();
    named["parameter_format"] = json!("NAMED");
    named["components"] = json!([{
        "type": "BODY", "text": "Oi {{nome}}!",
        "example": { "body_text_named_params": [{ "param_name": "nome", "example": "Ana" }] },
    }]);
    assert_eq!(read(&named).to_creation(), named);
    named.as_object_mut().unwrap().remove("parameter_format");
    assert_eq!(read(&named).parameter_format, ParameterFormat::Named, "by its parameters");
}

#[test]
fn what_is_not_known_is_kept_whole_and_neither_edited_nor_filled() {
    let mut told = order();
    let carousel = json!({ "type": "CAROUSEL", "cards": [{ "x": 1 }] });
    told["components"].as_array_mut().unwrap().push(carousel.clone());
    let definition = read(&told);
    assert_eq!(definition.unknown, std::slice::from_ref(&carousel));
    assert_eq!(definition.to_creation(), told);
    assert_eq!(flaws_of(&definition), [(String::new(), FlawCode::NotUnderstood)]);
    assert_eq!(refused(&definition, &order_values()), [(String::new(), FlawCode::NotUnderstood)]);
    told["components"][3]["buttons"][0] = json!({ "type": "VOICE_CALL", "text": "Fale", "ttl": 9 });
    let definition = read(&told);
    assert!(matches!(definition.buttons[0], Button::Unknown { .. }));
    assert_eq!(definition.to_creation(), told);
}

#[test]
fn each_flaw_names_its_place() {
    let wrong = |change: &dyn Fn(&mut Definition)| {
        let mut definition = read(&order());
        change(&mut definition);
        flaws_of(&definition)
    };
    let body = |text: &str| {
        let mut told = order();
        told["components"][1]["text"] = json!(text);
        flaws_of(&read(&told))
    };
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    assert_eq!(wrong(&|it| it.name = "Pedido".to_owned()), one("name", FlawCode::InvalidName));
    assert_eq!(wrong(&|it| it.language = "pt-BR".to_owned()), one("language", FlawCode::UnknownLanguage));
    assert_eq!(wrong(&|it| it.category = None), one("category", FlawCode::Missing));
    assert_eq!(wrong(&|it| it.body = None), one("body", FlawCode::Missing));
    assert_eq!(
        wrong(&|it| it.footer = Some(Footer::Text { text: "a {{1}}".to_owned() })),
        one("footer.text", FlawCode::ParameterNotAllowed)
    );
    assert_eq!(
        wrong(&|it| it.header = Some(Header::Media { media: HeaderMedia::Image, sample: None })),
        one("header.sampleHandle", FlawCode::SampleMissing)
    );
    assert_eq!(body("{{1}} ou {{2}} já"), one("body.text", FlawCode::ParameterAtEdge));
    assert_eq!(body("Oi {{1}} e {{2}}"), one("body.text", FlawCode::ParameterAtEdge));
    assert_eq!(body("Oi {{1}}{{2}} já"), one("body.text", FlawCode::InvalidParameter));
    assert_eq!(
        body("Oi {{1}} e {{3}} já"),
        [
            ("body.text".to_owned(), FlawCode::InvalidParameter),
            ("body.samples".to_owned(), FlawCode::SampleMissing),
            ("body.samples.1".to_owned(), FlawCode::NotInTemplate),
        ]
    );
    assert_eq!(body("Oi {{1}} e {{2}} {{ já"), one("body.text", FlawCode::InvalidParameter));
    assert_eq!(
        body(&format!("Oi {{{{1}}}} e {{{{2}}}} {}", "x".repeat(1_024))),
        one("body.text", FlawCode::TooLong)
    );
}

#[test]
fn buttons_keep_to_their_number_order_and_form() {
    let with = |buttons: Value| {
        let mut told = order();
        told["components"][3]["buttons"] = buttons;
        flaws_of(&read(&told))
    };
    let reply = |text: &str| json!({ "type": "QUICK_REPLY", "text": text });
    let url = |url: &str| json!({ "type": "URL", "text": "Ver", "url": url });
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    assert_eq!(
        with(json!([reply("a"), url("https://a.example"), reply("b")])),
        one("buttons", FlawCode::ButtonOrder)
    );
    assert_eq!(with(json!([url("https://a.example"), reply("a"), reply("b")])), []);
    let eleven: Vec<Value> = (0..11).map(|number| reply(&number.to_string())).collect();
    assert_eq!(with(json!(eleven)), one("buttons", FlawCode::TooMany));
    assert_eq!(
        with(json!([reply("um texto comprido demais aqui")])),
        one("buttons.0.text", FlawCode::TooLong)
    );
    assert_eq!(
        with(json!([reply("a"), reply("a")])),
        [
            ("buttons.0.text".to_owned(), FlawCode::Repeated),
            ("buttons.1.text".to_owned(), FlawCode::Repeated)
        ]
    );
    assert_eq!(with(json!([url("javascript:alert(1)")])), one("buttons.0.url", FlawCode::InvalidUrl));
    assert_eq!(
        with(json!([url("https://a.example/{{1}}")])),
        one("buttons.0.sample", FlawCode::SampleMissing)
    );
    assert_eq!(
        with(json!([url("https://a.example/{{1}}/x")])),
        one("buttons.0.url", FlawCode::InvalidParameter)
    );
    let phone = json!([{ "type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "0800 CALL" }]);
    assert_eq!(with(phone), one("buttons.0.phoneNumber", FlawCode::InvalidPhoneNumber));
    let otp = json!([{ "type": "OTP", "otp_type": "COPY_CODE" }]);
    assert_eq!(with(otp), one("buttons", FlawCode::NotForCategory));
    let products = json!([{ "type": "MPM", "text": "Ver" }]);
    assert_eq!(with(products), one("buttons", FlawCode::NotForCategory));
}

#[test]
fn a_filled_template_is_what_meta_wants() {
    let definition = read(&order());
    let filled = filled(&definition, &order_values());
    assert_eq!(
        filled.to_request(&definition),
        json!({
            "name": "pedido_a_caminho",
            "language": { "policy": "deterministic", "code": "pt_BR" },
            "components": [
                { "type": "header", "parameters": [{ "type": "text", "text": "B-2" }] },
                { "type": "body", "parameters": [
                    { "type": "text", "text": "Zé {{2}}" },
                    { "type": "text", "text": "hoje" },
                ] },
                {
                    "type": "button", "sub_type": "url", "index": "1",
                    "parameters": [{ "type": "text", "text": "b2" }],
                },
            ],
        })
    );
    assert_eq!(filled.rendered.body, "Oi Zé {{2}}, seu pedido chega hoje. Até já!", "a value is no template");
    assert_eq!(filled.rendered.title.as_deref(), Some("Pedido B-2"));
    assert_eq!(filled.rendered.buttons[1].target.as_deref(), Some("https://padaria.example/p/b2"));
}

#[test]
fn values_that_meta_would_refuse_are_refused_with_their_place() {
    let definition = read(&order());
    let wrong = |change: &dyn Fn(&mut Values)| {
        let mut values = order_values();
        change(&mut values);
        refused(&definition, &values)
    };
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    assert_eq!(wrong(&|it| it.header.clear()), one("header", FlawCode::Missing));
    assert_eq!(wrong(&|it| it.body.truncate(1)), one("body", FlawCode::Missing));
    assert_eq!(wrong(&|it| it.body.push(given("3", "x"))), one("body.2", FlawCode::NotInTemplate));
    assert_eq!(wrong(&|it| it.body[0] = given("2", "a\nb")), one("body.0", FlawCode::InvalidCharacter));
    assert_eq!(wrong(&|it| it.body[0] = given("2", "a\tb")), one("body.0", FlawCode::InvalidCharacter));
    assert_eq!(wrong(&|it| it.body[0] = given("2", "a     b")), one("body.0", FlawCode::InvalidCharacter));
    assert_eq!(wrong(&|it| it.body[0] = given("2", " ")), one("body.0", FlawCode::Missing));
    assert_eq!(wrong(&|it| it.body[0] = given("2", &"x".repeat(1_020))), one("body", FlawCode::TooLong));
    assert_eq!(wrong(&|it| it.buttons.clear()), one("buttons", FlawCode::Missing));
    assert_eq!(wrong(&|it| it.buttons[0].index = 9).len(), 2);
    let location =
        || Location { latitude: "91".into(), longitude: "1".into(), name: "a".into(), address: "b".into() };
    assert_eq!(wrong(&|it| it.location = Some(location())), one("location", FlawCode::NotInTemplate));
    let payload = || button(2, ButtonParameter::Payload("x".to_owned()));
    assert_eq!(wrong(&|it| it.buttons.push(payload())), one("buttons.1", FlawCode::NotInTemplate));
}

#[test]
fn headers_show_files_and_places() {
    let mut definition = read(&order());
    definition.header = Some(Header::Media { media: HeaderMedia::Document, sample: Some("4::x".to_owned()) });
    let file = HeaderFile { id: "77".to_owned(), filename: Some("nota.pdf".to_owned()) };
    let values = Values { header: Vec::new(), file: Some(file.clone()), ..order_values() };
    let told = filled(&definition, &values);
    assert_eq!(
        told.components[0],
        json!({ "type": "header", "parameters": [
            { "type": "document", "document": { "id": "77", "filename": "nota.pdf" } },
        ] })
    );
    assert_eq!(told.file, Some(file));
    definition.header = Some(Header::Location);
    let place = Location {
        latitude: "-23.5".to_owned(),
        longitude: "-46.6".to_owned(),
        name: "Padaria".to_owned(),
        address: "Rua 1".to_owned(),
    };
    let values = Values { header: Vec::new(), location: Some(place), ..order_values() };
    assert_eq!(
        filled(&definition, &values).components[0]["parameters"][0],
        json!({ "type": "location", "location": {
            "latitude": "-23.5", "longitude": "-46.6", "name": "Padaria", "address": "Rua 1",
        } })
    );
}

#[test]
fn parameters_have_names_and_kinds() {
    let told = json!({
        "name": "oferta", "language": "en_US", "category": "MARKETING", "parameter_format": "NAMED",
        "components": [
            { "type": "BODY", "text": "Hi, {{price}} until {{day}} only.", "example": { "body_text_named_params": [
                { "param_name": "price", "example": "$1" }, { "param_name": "day", "example": "May 1" },
            ] } },
            { "type": "BUTTONS", "buttons": [
                { "type": "COPY_CODE", "example": "TEN" },
                { "type": "FLOW", "text": "Go", "flow_id": 7, "flow_action": "navigate", "navigate_screen": "A" },
            ] },
        ],
    });
    let definition = read(&told);
    assert_eq!(flaws_of(&definition), []);
    let price =
        Parameter::Currency { code: "USD".to_owned(), amount_1000: 100_990, fallback: "$100.99".to_owned() };
    let day = Parameter::DateTime { fallback: "February 25".to_owned() };
    let named = |parameter: &str, value| Given { parameter: parameter.to_owned(), value };
    let data = json!({ "plan": "x" }).as_object().cloned();
    let values = Values {
        body: vec![named("price", price), named("day", day)],
        buttons: vec![
            button(0, ButtonParameter::Code("TEN10".to_owned())),
            button(1, ButtonParameter::Flow { token: Some("t".to_owned()), data }),
        ],
        ..Values::default()
    };
    assert_eq!(
        filled(&definition, &values).components,
        json!([
            { "type": "body", "parameters": [
                {
                    "type": "currency", "parameter_name": "price",
                    "currency": { "code": "USD", "amount_1000": 100_990, "fallback_value": "$100.99" },
                },
                { "type": "date_time", "parameter_name": "day", "date_time": { "fallback_value": "February 25" } },
            ] },
            {
                "type": "button", "sub_type": "copy_code", "index": "0",
                "parameters": [{ "type": "coupon_code", "coupon_code": "TEN10" }],
            },
            {
                "type": "button", "sub_type": "flow", "index": "1",
                "parameters": [{ "type": "action", "action": { "flow_token": "t", "flow_action_data": { "plan": "x" } } }],
            },
        ])
    );
}

#[test]
fn a_password_is_sent_and_not_shown() {
    let told = json!({
        "name": "codigo", "language": "pt_BR", "category": "AUTHENTICATION",
        "components": [
            { "type": "BODY", "add_security_recommendation": true },
            { "type": "FOOTER", "code_expiration_minutes": 10 },
            { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE", "text": "Copiar" }] },
        ],
    });
    let definition = read(&told);
    assert_eq!(flaws_of(&definition), []);
    assert_eq!(definition.to_creation(), told);
    let values = Values { body: vec![given("1", "908172")], ..Values::default() };
    let told = filled(&definition, &values);
    assert_eq!(told.components[0]["parameters"], json!([{ "type": "text", "text": "908172" }]));
    assert_eq!(
        told.components[1],
        json!({
            "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "908172" }],
        })
    );
    assert!(!format!("{:?}", told.rendered).contains("908172"), "{:?}", told.rendered);
    assert!(preview(&definition, &Values::default()).body.starts_with("*123456* é seu código"));
    assert_eq!(refused(&definition, &Values::default()), [("body".to_owned(), FlawCode::Missing)]);
    let there = json!({
        "id": "9", "status": "APPROVED", "name": "codigo", "language": "pt_BR", "category": "AUTHENTICATION",
        "components": [
            { "type": "BODY", "text": "*{{1}}* é seu código. Não o compartilhe.", "add_security_recommendation": true },
            { "type": "FOOTER", "text": "Este código expira em 10 minutos.", "code_expiration_minutes": 10 },
            { "type": "BUTTONS", "buttons": [{
                "type": "URL", "text": "Copiar código",
                "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}", "example": ["x"],
            }] },
        ],
    });
    assert!(read(&there).says_the_same(&definition), "as Meta tells it once it is there");
    let mut utility = definition.clone();
    utility.category = Some(Category::Utility);
    assert_eq!(flaws_of(&utility), [("body".to_owned(), FlawCode::NotForCategory)]);
}

#[test]
fn products_and_the_catalogue_are_shown() {
    let told = |button: Value| {
        read(&json!({
            "name": "itens", "language": "en", "category": "MARKETING",
            "components": [{ "type": "BODY", "text": "Look." }, { "type": "BUTTONS", "buttons": [button] }],
        }))
    };
    let several = told(json!({ "type": "MPM", "text": "View items" }));
    let sections =
        vec![Section { title: "Breads".to_owned(), products: vec!["p1".to_owned(), "p2".to_owned()] }];
    let products = ButtonParameter::Products { thumbnail: None, sections };
    let values = Values { buttons: vec![button(0, products)], ..Values::default() };
    assert_eq!(
        filled(&several, &values).components,
        json!([{ "type": "button", "sub_type": "mpm", "index": "0", "parameters": [{ "type": "action", "action": {
            "thumbnail_product_retailer_id": "p1",
            "sections": [{ "title": "Breads", "product_items": [
                { "product_retailer_id": "p1" }, { "product_retailer_id": "p2" },
            ] }],
        } }] }])
    );
    assert_eq!(refused(&several, &Values::default()), [("buttons".to_owned(), FlawCode::Missing)]);
    let catalogue = told(json!({ "type": "CATALOG", "text": "View catalog" }));
    assert_eq!(filled(&catalogue, &Values::default()).components, json!([]));
    let thumbnail = ButtonParameter::Catalog { thumbnail: Some("p9".to_owned()) };
    let values = Values { buttons: vec![button(0, thumbnail)], ..Values::default() };
    assert_eq!(
        filled(&catalogue, &values).components[0]["parameters"][0]["action"],
        json!({ "thumbnail_product_retailer_id": "p9" })
    );
}

#[test]
fn a_preview_shows_values_and_for_the_others_the_examples() {
    let definition = read(&order());
    let values = Values { body: vec![given("1", "Zé")], ..Values::default() };
    let shown = preview(&definition, &values);
    assert_eq!(shown.body, "Oi Zé, seu pedido chega amanhã. Até já!");
    assert_eq!(shown.title.as_deref(), Some("Pedido A-17"));
    assert_eq!(shown.footer.as_deref(), Some("Padaria"));
    assert_eq!(shown.buttons[1].target.as_deref(), Some("https://padaria.example/p/a17"));
}
