//! A delivery as who may not read messages sees it: the structure and what belongs to WhatsApp's own vocabulary, nothing that a
//! person wrote, is called or can be reached by. What is not known to be harmless is taken away.

use serde_json::{Map, Value};

/// Stands for what was taken away.
const WITHHELD: &str = "…";

/// Members whose values are words of WhatsApp's, as long as they look like words.
const WORDS: &[&str] = &[
    "object",
    "field",
    "type",
    "status",
    "event",
    "messaging_product",
    "mime_type",
    "pricing_model",
    "category",
    "language",
    "message_template_language",
    "recipient_type",
    "previous_category",
    "new_category",
    "decision",
    "ban_state",
    "restriction_type",
    "violation_type",
    "quality",
    "phase",
    "action",
    "media_type",
    "direction",
];
/// Members that say when, how many, which error, or of which account and number of the company.
const NUMBERS: &[&str] = &[
    "timestamp",
    "time",
    "code",
    "error_subcode",
    "progress",
    "chunk_order",
    "phone_number_id",
    "waba_id",
    "message_template_id",
    "expiration_timestamp",
    "file_size",
    "billable",
];
const LONGEST_NAME: usize = 48;

/// The body without texts, names and numbers; nothing where it is not JSON.
pub fn redact(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    Some(of(&value, "", "").to_string())
}

fn of(value: &Value, name: &str, within: &str) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.iter().map(|(key, member)| (key_of(key), of(member, key, name))).collect::<Map<_, _>>(),
        ),
        Value::Array(elements) => {
            Value::Array(elements.iter().map(|element| of(element, name, within)).collect())
        }
        Value::String(text) if is_harmless(text, name, within) => Value::from(text.as_str()),
        Value::Number(_) if NUMBERS.contains(&name) => value.clone(),
        Value::String(_) | Value::Number(_) => Value::from(WITHHELD),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// A name may itself be a number or a text, where somebody else chose it.
fn key_of(key: &str) -> String {
    let is_name = key.len() <= LONGEST_NAME
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && key.bytes().filter(u8::is_ascii_digit).count() <= 2;
    if is_name { key.to_owned() } else { WITHHELD.to_owned() }
}

fn is_harmless(text: &str, name: &str, within: &str) -> bool {
    if WORDS.contains(&name) {
        return text.len() <= LONGEST_NAME
            && text.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_/-.+;= ".contains(&byte))
            && !text.contains("  ");
    }
    let is_account = name == "id" && within == "entry";
    (NUMBERS.contains(&name) || is_account)
        && text.len() <= 20
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_that_a_person_wrote_or_is_called_is_left() {
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398", "changes": [{
            "field": "messages", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "551140000001", "phone_number_id": "106540352242922" },
                "contacts": [{ "profile": { "name": "Ana Souza" }, "wa_id": "5511955550101" }],
                "messages": [{ "from": "5511955550101", "id": "wamid.HBgNNTUxMTk1NTU1MDEwMRUC", "timestamp": "1772452800",
                    "type": "text", "text": { "body": "meu CPF" }, "5511955550101": { "Ana Souza": 5_511_955_550_101_i64 } }] } }] }] });
        let seen = redact(body.to_string().as_bytes()).unwrap();
        for secret in ["Ana", "Souza", "55119", "5511", "CPF", "wamid", "HBg"] {
            assert!(!seen.contains(secret), "{secret}: {seen}");
        }
        let seen: Value = serde_json::from_str(&seen).unwrap();
        let change = &seen["entry"][0]["changes"][0];
        assert_eq!(
            (&seen["entry"][0]["id"], &change["field"]),
            (&json!("102290129340398"), &json!("messages"))
        );
        let message = &change["value"]["messages"][0];
        assert_eq!((&message["type"], &message["timestamp"]), (&json!("text"), &json!("1772452800")));
        assert_eq!(message["text"]["body"], WITHHELD);
        assert_eq!(change["value"]["metadata"]["phone_number_id"], "106540352242922");
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        assert_eq!(redact(b"5511955550101"), Some("\"…\"".to_owned()));
        assert_eq!(redact(b"oi, aqui \xe9 a Ana"), None);
    }
}
