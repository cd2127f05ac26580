//! Meta's own description of its API: what is sent has to be as it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use jsonschema::Validator;
use portaria_domain::sending::card::NewCard;
use portaria_domain::sending::file::NewFile;
use portaria_domain::sending::gate::Kind;
use portaria_domain::sending::interactive::{
    Framing, NewButton, NewButtons, NewFlow, NewList, NewRow, NewScreen, NewSection,
};
use portaria_domain::sending::{NewContent, NewLocation, NewReaction, NewText};
use portaria_domain::template::definition::Definition;
use portaria_domain::template::fill::fill;
use portaria_domain::template::values::{ButtonParameter, ButtonValue, Given, Parameter, Values};
use portaria_entity::id::{MediaFileId, MessageId};
use portaria_entity::media_file::MediaKind;
use portaria_entity::outgoing_message::SendState;
use portaria_testing::TestDatabase;
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use crate::office::Office;

/// Looks for the description beside this checkout or beside any folder it lies in.
fn description() -> Option<Value> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = "shared/whatsapp/business-messaging-api_v23.0.yaml";
    let found = here.ancestors().map(|above| above.join(file)).find(|at| at.is_file());
    let Some(found) = found else {
        println!("SKIPPED: there is no {file} beside this checkout, so requests are not compared with it");
        return None;
    };
    Some(serde_saphyr::from_str(&std::fs::read_to_string(found).unwrap()).unwrap())
}

/// Meta's schema of messages, where it is there to be read.
pub fn schema() -> Option<&'static Validator> {
    static SCHEMA: OnceLock<Option<Validator>> = OnceLock::new();
    let made = SCHEMA.get_or_init(|| {
        let mut components = description()?["components"].take();
        for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
            mend(schema);
        }
        amend(&mut components["schemas"]);
        let schema = json!({ "$ref": "#/components/schemas/Message", "components": components });
        Some(jsonschema::options().build(&schema).unwrap())
    });
    made.as_ref()
}

/// It says of each part of a message that there is nothing beside it, where it means: nothing beside all parts together.
fn mend(schema: &mut Value) {
    let Some(parts) = schema.get_mut("allOf").and_then(Value::as_array_mut) else { return };
    let mut closed = false;
    for part in parts {
        closed |= part.as_object_mut().is_some_and(|part| part.remove("additionalProperties").is_some());
    }
    if closed {
        schema["unevaluatedProperties"] = Value::Bool(false);
    }
}

/// What Meta takes and its description leaves out or mistakes.
fn amend(schemas: &mut Value) {
    let base = &mut schemas["BaseMessageProperties"];
    // Comes back with each status; `StatusUpdate` of the same description has it.
    base["properties"]["biz_opaque_callback_data"] = json!({ "type": "string", "maxLength": 512 });
    // Who is known by a user id only is named so, and not by `to`.
    base["properties"]["recipient"] = json!({ "type": "string" });
    base["required"] = json!(["messaging_product", "recipient_type", "type"]);
    base["oneOf"] = json!([{ "required": ["to"] }, { "required": ["recipient"] }]);
    // Meta's own example has numbers.
    for degrees in ["latitude", "longitude"] {
        let place = "/LocationMessage/allOf/1/properties/location/properties";
        schemas.pointer_mut(place).unwrap()[degrees] = json!({ "type": ["number", "string"] });
    }
    // Meant are the numbers of buttons, which begin with 0.
    schemas["TemplateComponent"]["properties"]["index"] = json!({ "type": "string", "pattern": "^[0-9]$" });
}

/// What is wrong with a request, by where; nothing where it is as described, or where there is no description.
pub fn faults(request: &Value) -> Vec<String> {
    let Some(schema) = schema() else { return Vec::new() };
    schema.iter_errors(request).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

/// The body of requests to one path of the description.
fn body_of(description: &Value, path: &str) -> Value {
    description["paths"][path]["post"]["requestBody"]["content"]["application/json"].clone()
}

/// Of receipts it has no schema, but an example: what is wrong with one measured by that.
pub fn receipt_faults(receipt: &Value) -> Vec<String> {
    static EXAMPLE: OnceLock<Option<Value>> = OnceLock::new();
    let example = EXAMPLE.get_or_init(|| {
        let body = body_of(&description()?, "/{Version}/{Phone-Number-ID}/messages");
        Some(body["examples"]["Send typing indicator and read receipt"]["value"].clone())
    });
    let Some(example) = example.as_ref().and_then(Value::as_object) else { return Vec::new() };
    let Some(receipt) = receipt.as_object() else { return vec!["it is no object".to_owned()] };
    let strange = receipt.keys().filter(|member| !example.contains_key(*member));
    // That nobody types is said by saying nothing.
    let missing =
        example.keys().filter(|member| *member != "typing_indicator" && !receipt.contains_key(*member));
    let other = ["status", "messaging_product", "typing_indicator"]
        .into_iter()
        .filter(|member| receipt.get(*member).is_some_and(|value| *value != example[*member]));
    strange
        .chain(missing)
        .map(String::as_str)
        .chain(other)
        .map(|member| format!("{member} is not as in the example"))
        .collect()
}

/// The kinds of components and buttons of a template, each with its members.
fn members(creation: &Value, known: &mut BTreeMap<String, BTreeSet<String>>) {
    let kind = |value: &Value| value["type"].as_str().unwrap().to_uppercase();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for component in creation["components"].as_array().unwrap() {
        known.entry(kind(component)).or_default().extend(keys(component));
        for button in component["buttons"].as_array().into_iter().flatten() {
            known.entry(format!("button {}", kind(button))).or_default().extend(keys(button));
        }
    }
}

#[test]
fn templates_are_created_as_meta_describes_it() {
    let Some(description) = description() else { return };
    let body = body_of(&description, "/{Version}/{WABA-ID}/message_templates");
    let schema = jsonschema::options().build(&body["schema"]).unwrap();
    let examples = body["examples"].as_object().unwrap();
    let (mut described, mut made) = (BTreeMap::new(), BTreeMap::new());
    for (name, example) in examples {
        members(&example["value"], &mut described);
        let definition =
            Definition::from_meta(&example["value"]).unwrap_or_else(|| panic!("{name} is not understood"));
        let creation = definition.to_creation();
        let faults: Vec<String> = schema.iter_errors(&creation).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{name}");
        members(&creation, &mut made);
    }
    assert!(examples.len() >= 10, "{}", examples.len());
    for (kind, members) in &made {
        let known = described.get(kind).unwrap_or_else(|| panic!("{kind} is not described"));
        let strange: Vec<_> = members.difference(known).collect();
        assert!(strange.is_empty(), "{kind} has {strange:?}");
    }
    assert_eq!(made.keys().collect::<Vec<_>>(), described.keys().collect::<Vec<_>>(), "all kinds are made");
}

/// A message as it would be put to Meta.
fn put(kind: &str, content: &Value) -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+5511955550101", "type": kind,
        kind: content, "biz_opaque_callback_data": "msg_01",
    })
}

#[test]
fn the_description_refuses_what_meta_would() {
    if schema().is_none() {
        return;
    }
    assert_eq!(faults(&put("text", &json!({ "body": "oi", "preview_url": false }))), Vec::<String>::new());
    let mut without = put("text", &json!({ "body": "oi" }));
    without.as_object_mut().unwrap().remove("to");
    let mut beside = put("text", &json!({ "body": "oi" }));
    beside["priority"] = "high".into();
    for wrong in [
        without,
        beside,
        put("text", &json!({ "body": 7 })),
        put("text", &json!({ "words": "oi" })),
        put("image", &json!({ "caption": "oi" })),
        put("interactive", &json!({ "type": "button" })),
        put("smoke", &json!({})),
    ] {
        assert_ne!(faults(&wrong), Vec::<String>::new(), "{wrong}");
    }
}

/// Whether Portaria makes what is put to Meta, or only this test does so far.
const HERE: &str = "made here";

/// A message with a file; a document has a name of its own.
fn file(kind: MediaKind, caption: Option<&str>, voice: bool) -> NewContent {
    let filename = (kind == MediaKind::Document).then(|| "nota.pdf".to_owned());
    let file_id = MediaFileId(uuid::Uuid::from_u128(1));
    NewContent::File(NewFile { kind, file_id, caption: caption.map(str::to_owned), filename, voice })
}

/// A template with a parameter of each sort, filled in.
fn template() -> Value {
    let told = json!({
        "name": "pedido", "language": "pt_BR", "category": "UTILITY",
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}", "example": { "header_text": ["7"] } },
            { "type": "BODY", "text": "Oi {{1}}, custa {{2}}.", "example": { "body_text": [["Ana", "R$ 1"]] } },
            { "type": "BUTTONS", "buttons": [
                { "type": "QUICK_REPLY", "text": "Sim" },
                { "type": "URL", "text": "Ver", "url": "https://padaria.example/{{1}}", "example": ["https://padaria.example/7"] },
            ] },
        ],
    });
    let definition = Definition::from_meta(&told).unwrap();
    let given = |parameter: &str, value| Given { parameter: parameter.to_owned(), value };
    let text = |text: &str| Parameter::Text(text.to_owned());
    let price =
        Parameter::Currency { code: "BRL".to_owned(), amount_1000: 1_000, fallback: "R$ 1".to_owned() };
    let values = Values {
        header: vec![given("1", text("7"))],
        body: vec![given("1", text("Ana")), given("2", price)],
        buttons: vec![
            ButtonValue { index: 0, value: ButtonParameter::Payload("sim".to_owned()) },
            ButtonValue { index: 1, value: ButtonParameter::UrlSuffix("7".to_owned()) },
        ],
        ..Values::default()
    };
    fill(&definition, &values).unwrap().to_request(&definition)
}

/// One of each kind, as it goes to Meta: who makes it, and what it is.
fn sample(kind: Kind) -> (&'static str, Value) {
    let framing = || Framing { header: Some("Padaria".to_owned()), body: "Qual?".to_owned(), footer: None };
    let text = |body: &str| NewText { body: body.to_owned(), preview_links: true };
    let new = match kind {
        Kind::Text => NewContent::Text(text("veja https://padaria.example")),
        Kind::Reaction => {
            let message_id = MessageId(uuid::Uuid::from_u128(1));
            NewContent::Reaction(NewReaction { message_id, emoji: Some("👍".to_owned()) })
        }
        Kind::Location => NewContent::Location(NewLocation {
            latitude: -23.55,
            longitude: -46.63,
            name: Some("Padaria".to_owned()),
            address: Some("Rua A, 1".to_owned()),
        }),
        Kind::Contacts => NewContent::Cards(vec![NewCard {
            formatted_name: "Rita Lima".to_owned(),
            first_name: Some("Rita".to_owned()),
            last_name: Some("Lima".to_owned()),
            organization: Some("Padaria".to_owned()),
            title: Some("Gerente".to_owned()),
            phones: vec!["+5511940000001".to_owned()],
            emails: vec!["rita@padaria.example".to_owned()],
            urls: vec!["https://padaria.example".to_owned()],
        }]),
        Kind::Buttons => NewContent::Buttons(NewButtons {
            framing: framing(),
            buttons: vec![NewButton { id: "sim".to_owned(), title: "Sim".to_owned() }],
        }),
        Kind::List => {
            let row = NewRow {
                id: "1".to_owned(),
                title: "Pão".to_owned(),
                description: Some("quente".to_owned()),
            };
            let section = NewSection { title: Some("Hoje".to_owned()), rows: vec![row] };
            NewContent::List(NewList {
                framing: framing(),
                button: "Ver".to_owned(),
                sections: vec![section],
            })
        }
        Kind::Flow => NewContent::Flow(NewFlow {
            framing: framing(),
            flow_id: "123".to_owned(),
            button: "Abrir".to_owned(),
            token: Some("t1".to_owned()),
            screen: Some(NewScreen { id: "FIRST".to_owned(), data: None }),
            draft: false,
        }),
        // Its words go out as a text.
        Kind::QuickReply => return (HERE, json!({ "type": "text", "text": { "body": "Já vamos!" } })),
        Kind::Image => file(MediaKind::Image, Some("Pão"), false),
        Kind::Audio => file(MediaKind::Audio, None, true),
        Kind::Video => file(MediaKind::Video, Some("Forno"), false),
        Kind::Sticker => file(MediaKind::Sticker, None, false),
        Kind::Document => file(MediaKind::Document, None, false),
        Kind::Template => {
            return ("made by the domain", json!({ "type": "template", "template": template() }));
        }
    };
    let mut payload = new.prepare().unwrap().payload(Some("wamid.before"));
    match kind {
        Kind::Reaction => payload["reaction"]["message_id"] = "wamid.before".into(),
        // As `Uploads` puts it in once Meta has the file.
        Kind::Image | Kind::Audio | Kind::Video | Kind::Sticker | Kind::Document => {
            let name = payload["type"].as_str().unwrap().to_owned();
            payload[name]["id"] = "1".into();
        }
        _ => {}
    }
    ("made by the domain", payload)
}

#[tokio::test]
async fn every_kind_of_message_goes_out_as_meta_describes_it() {
    let is_compared = schema().is_some();
    let office = Office::on(TestDatabase::sqlite().await).await;
    let kinds: Vec<Kind> = Kind::iter().collect();
    let conversations = office.conversations(kinds.len()).await;
    let mut table = Vec::new();
    for (kind, conversation) in kinds.into_iter().zip(conversations) {
        let (made, payload) = sample(kind);
        let name = payload["type"].as_str().unwrap().to_owned();
        let id = office.stage().queued(conversation, &name, &payload).await;
        office.until(id, SendState::Accepted).await;
        let received = office.meta.received().last().unwrap().clone();
        let members: Vec<_> =
            received.body[&name].as_object().map(|part| part.keys().cloned().collect()).unwrap_or_default();
        let kind: &'static str = kind.into();
        table.push(format!("{kind:12} {name:12} {made:20} {}", members.join(" ")));
        office.stage().clock.advance(Duration::from_secs(1));
    }
    office.site.stop().await;
    if is_compared {
        insta::assert_snapshot!(table.join("\n"));
    }
}
