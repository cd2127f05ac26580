//! The envelope every webhook comes in: `object`, then entries by account, then changes by field.

use serde_json::{Map, Value, json};

use super::message::Incoming;
use super::status::Status;
use crate::escape;
use crate::number::BusinessNumber;

/// One change of one field, addressed to the account it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `entry[].id`: the WABA, or a business portfolio for partner events.
    pub entry_id: String,
    /// `entry[].time`, which Meta gives for account and template fields only.
    pub time: Option<u64>,
    /// The webhook field.
    pub field: String,
    /// The field's own value.
    pub value: Value,
}

impl Change {
    /// A change of an account or template field, which carries the entry's time.
    pub fn of_account(number: &BusinessNumber, time: u64, field: &str, value: Value) -> Self {
        Self { entry_id: number.waba_id.clone(), time: Some(time), field: field.to_owned(), value }
    }

    /// A change that concerns one phone number: its value starts with the product and the number's metadata.
    pub fn of_number(number: &BusinessNumber, field: &str, rest: Value) -> Self {
        let mut value = json!({ "messaging_product": "whatsapp", "metadata": number.metadata() });
        if let (Value::Object(whole), Value::Object(rest)) = (&mut value, rest) {
            whole.extend(rest);
        }
        Self { entry_id: number.waba_id.clone(), time: None, field: field.to_owned(), value }
    }

    /// Incoming messages, with each sender named once in `contacts`. System messages name nobody there.
    pub fn messages(number: &BusinessNumber, messages: &[Incoming]) -> Self {
        let contacts =
            distinct(messages.iter().filter(|one| !one.content.is_system()).map(|one| one.sender.contact()));
        let mut rest = Map::new();
        if !contacts.is_empty() {
            rest.insert("contacts".to_owned(), Value::Array(contacts));
        }
        rest.insert("messages".to_owned(), messages.iter().map(Incoming::to_value).collect());
        Self::of_number(number, "messages", Value::Object(rest))
    }

    /// What became of messages the business sent. Failed ones name nobody in `contacts`.
    pub fn statuses(number: &BusinessNumber, statuses: &[Status]) -> Self {
        let contacts = distinct(statuses.iter().filter_map(Status::contact));
        let mut rest = Map::new();
        if !contacts.is_empty() {
            rest.insert("contacts".to_owned(), Value::Array(contacts));
        }
        rest.insert("statuses".to_owned(), statuses.iter().map(Status::to_value).collect());
        Self::of_number(number, "messages", Value::Object(rest))
    }

    /// An error about the number rather than about one message (`value.errors`).
    pub fn number_error(number: &BusinessNumber, code: u32, title: &str, details: &str) -> Self {
        let error = json!({
            "code": code, "title": title, "message": title, "error_data": { "details": details },
        });
        Self::of_number(number, "messages", json!({ "errors": [error] }))
    }

    /// A field nobody has heard of yet.
    pub fn unknown_field(number: &BusinessNumber, field: &str) -> Self {
        Self::of_number(number, field, json!({ "something": { "new": [1, "two", null] } }))
    }
}

/// Keeps the first of equal values, in their order.
fn distinct(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// A whole webhook body under construction.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Envelope {
    changes: Vec<Change>,
}

impl Envelope {
    /// A body with one change, as most are.
    pub fn of(change: Change) -> Self {
        Self { changes: vec![change] }
    }

    /// Adds a change: to the last entry when that is of the same account and time, else in an entry of its own.
    #[must_use]
    pub fn and(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The body as JSON.
    pub fn to_value(&self) -> Value {
        let mut entries: Vec<Value> = Vec::new();
        let mut previous: Option<&Change> = None;
        for change in &self.changes {
            let rendered = json!({ "value": change.value, "field": change.field });
            let joins =
                previous.is_some_and(|last| last.entry_id == change.entry_id && last.time == change.time);
            let open = entries.last_mut().filter(|_| joins).and_then(|entry| entry["changes"].as_array_mut());
            match open {
                Some(changes) => changes.push(rendered),
                None => entries.push(entry(change, &rendered)),
            }
            previous = Some(change);
        }
        json!({ "object": "whatsapp_business_account", "entry": entries })
    }

    /// The body as Meta would send and sign it.
    pub fn to_bytes(&self) -> Vec<u8> {
        escape::to_wire(&self.to_value())
    }
}

fn entry(change: &Change, rendered: &Value) -> Value {
    match change.time {
        Some(time) => json!({ "id": change.entry_id, "time": time, "changes": [rendered] }),
        None => json!({ "id": change.entry_id, "changes": [rendered] }),
    }
}
