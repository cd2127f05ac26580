//! Meta's own description of its API: what is sent has to be as it says.

use std::path::PathBuf;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

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
    // Meant are the numbers of buttons, which begin with 0.
    schemas["TemplateComponent"]["properties"]["index"] = json!({ "type": "string", "pattern": "^[0-9]$" });
}

/// What is wrong with a request, by where; nothing where it is as described, or where there is no description.
pub fn faults(request: &Value) -> Vec<String> {
    let Some(schema) = schema() else { return Vec::new() };
    schema.iter_errors(request).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

/// A message as it would be put to Meta.
fn put(kind: &str, content: Value) -> Value {
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
    assert_eq!(faults(&put("text", json!({ "body": "oi", "preview_url": false }))), Vec::<String>::new());
    let mut without = put("text", json!({ "body": "oi" }));
    without.as_object_mut().unwrap().remove("to");
    let mut beside = put("text", json!({ "body": "oi" }));
    beside["priority"] = "high".into();
    for wrong in [
        without,
        beside,
        put("text", json!({ "body": 7 })),
        put("text", json!({ "words": "oi" })),
        put("image", json!({ "caption": "oi" })),
        put("interactive", json!({ "type": "button" })),
        put("smoke", json!({})),
    ] {
        assert_ne!(faults(&wrong), Vec::<String>::new(), "{wrong}");
    }
}
