//! How a message is put to Meta, and what its answer has to look like.

use portaria_domain::sending::address::Address;
use serde_json::{Map, Value, json};

/// Ids of Meta's that are longer are none.
const LONGEST_ID: usize = 256;

/// A message with its recipient, and what its statuses are to bring back.
pub(super) fn message(payload: Map<String, Value>, address: &Address, callback: &str) -> Value {
    let mut request = envelope();
    let (kind, member, value) = match address {
        Address::Phone(digits) => ("individual", "to", format!("+{digits}")),
        Address::User(id) => ("individual", "recipient", id.clone()),
        Address::Group(id) => ("group", "to", id.clone()),
    };
    request.insert("recipient_type".to_owned(), kind.into());
    request.insert(member.to_owned(), value.into());
    request.extend(payload);
    request.insert("biz_opaque_callback_data".to_owned(), callback.into());
    Value::Object(request)
}

/// That all up to a message is read, and perhaps that somebody types.
pub(super) fn receipt(whatsapp_id: &str, typing: bool) -> Value {
    let mut request = envelope();
    request.insert("status".to_owned(), "read".into());
    request.insert("message_id".to_owned(), whatsapp_id.into());
    if typing {
        request.insert("typing_indicator".to_owned(), json!({ "type": "text" }));
    }
    Value::Object(request)
}

fn envelope() -> Map<String, Value> {
    Map::from_iter([("messaging_product".to_owned(), Value::from("whatsapp"))])
}

/// The id that Meta gave the message; none where the answer is not what it should be.
pub(super) fn given_id(answer: &Value) -> Option<String> {
    let id = answer.pointer("/messages/0/id")?.as_str()?;
    let is_one = id.len() > "wamid.".len()
        && id.len() <= LONGEST_ID
        && id.starts_with("wamid.")
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then(|| id.to_owned())
}

/// The number by which WhatsApp knows whom a message went to, where another one was dialled.
pub(super) fn other_number(request: &Value, answer: &Value) -> Option<String> {
    let dialled = request.get("to")?.as_str()?.strip_prefix('+')?;
    let known = answer.pointer("/contacts/0/wa_id")?.as_str()?;
    let is_one = (7..=15).contains(&known.len()) && known.bytes().all(|digit| digit.is_ascii_digit());
    (is_one && known != dialled).then(|| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_to_whom_it_is_for() {
        let payload = || Map::from_iter([("type".to_owned(), Value::from("text"))]);
        let of = |address: Address| message(payload(), &address, "msg_1");
        let phone = of(Address::Phone("5511955550101".to_owned()));
        let expected = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+5511955550101", "type": "text",
            "biz_opaque_callback_data": "msg_1",
        });
        assert_eq!(phone, expected);
        let user = of(Address::User("BR.1".to_owned()));
        assert_eq!((user.get("to"), user["recipient"].as_str()), (None, Some("BR.1")));
        let group = of(Address::Group("g1".to_owned()));
        assert_eq!((group["recipient_type"].as_str(), group["to"].as_str()), (Some("group"), Some("g1")));
    }

    #[test]
    fn another_number_than_was_dialled_is_told() {
        let dialled = json!({ "to": "+5511987654321" });
        let of = |wa_id: &str| other_number(&dialled, &json!({ "contacts": [{ "wa_id": wa_id }] }));
        assert_eq!(of("551187654321").as_deref(), Some("551187654321"));
        assert_eq!((of("5511987654321"), of("55 11"), of("")), (None, None, None));
        let by_id = json!({ "recipient": "BR.1" });
        assert_eq!(other_number(&by_id, &json!({ "contacts": [{ "wa_id": "551187654321" }] })), None);
    }

    #[test]
    fn only_an_id_of_metas_is_one() {
        let of = |id: Value| given_id(&json!({ "messages": [{ "id": id }] }));
        assert_eq!(of("wamid.HBg=".into()).as_deref(), Some("wamid.HBg="));
        let long = format!("wamid.{}", "x".repeat(300));
        for id in ["", "wamid.", "HBg=", "wamid.a b", "wamid.\u{0}", "wamid.é", &long] {
            assert_eq!(of(id.into()), None, "{id}");
        }
        for answer in [json!({}), json!([]), json!({ "messages": [] }), json!({ "messages": [{ "id": 7 }] })]
        {
            assert_eq!(given_id(&answer), None, "{answer}");
        }
    }
}
