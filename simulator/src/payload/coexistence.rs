//! Numbers used from more than one place: the business's phone app, another provider, Meta's own agent.

use serde_json::{Map, Value, json};

use super::envelope::Change;
use super::message::Incoming;
use crate::customer::{Customer, put};
use crate::number::BusinessNumber;

/// A message somebody of the business wrote in the phone app.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// Its wamid.
    pub id: String,
    /// To whom.
    pub recipient: Customer,
    /// When, in Unix seconds.
    pub timestamp: u64,
    /// Its text.
    pub text: String,
}

/// `smb_message_echoes`: what the business wrote in the phone app.
pub fn echoes(number: &BusinessNumber, echoes: &[Echo]) -> Change {
    let mut contacts: Vec<Value> = Vec::new();
    for contact in echoes.iter().map(|echo| echo.recipient.contact()) {
        if !contacts.contains(&contact) {
            contacts.push(contact);
        }
    }
    let messages: Vec<Value> = echoes.iter().map(|echo| echo.to_value(number)).collect();
    Change::of_number(
        number,
        "smb_message_echoes",
        json!({ "contacts": contacts, "message_echoes": messages }),
    )
}

impl Echo {
    fn to_value(&self, number: &BusinessNumber) -> Value {
        let mut echo = Map::new();
        echo.insert("from".to_owned(), json!(number.display_phone_number));
        put(&mut echo, "to", self.recipient.wa_id.as_ref());
        put(&mut echo, "to_user_id", self.recipient.user_id.as_ref());
        put(&mut echo, "to_parent_user_id", self.recipient.parent_user_id.as_ref());
        echo.insert("id".to_owned(), json!(self.id));
        echo.insert("timestamp".to_owned(), json!(self.timestamp.to_string()));
        echo.insert("type".to_owned(), json!("text"));
        echo.insert("text".to_owned(), json!({ "body": self.text }));
        Value::Object(echo)
    }
}

/// `smb_app_state_sync`: a contact was added to the phone app's address book.
pub fn contact_added(number: &BusinessNumber, customer: &Customer, at: u64) -> Change {
    let first_name = customer.name.split(' ').next().unwrap_or_default();
    let mut contact = Map::new();
    contact.insert("full_name".to_owned(), json!(customer.name));
    contact.insert("first_name".to_owned(), json!(first_name));
    put(&mut contact, "phone_number", customer.wa_id.as_ref());
    let sync = json!({
        "type": "contact", "contact": contact, "action": "add", "metadata": { "timestamp": at.to_string() },
    });
    Change::of_number(number, "smb_app_state_sync", json!({ "state_sync": [sync] }))
}

/// `history`: a chunk of old chats, one thread a customer.
pub fn history(number: &BusinessNumber, threads: &[(Customer, Vec<Incoming>)]) -> Change {
    let threads: Vec<Value> = threads
        .iter()
        .map(|(customer, messages)| {
            let messages: Vec<Value> = messages.iter().map(old_message).collect();
            json!({ "id": customer.address(), "messages": messages })
        })
        .collect();
    let chunk = json!({ "metadata": { "phase": 0, "chunk_order": 1, "progress": 100 }, "threads": threads });
    Change::of_number(number, "history", json!({ "history": [chunk] }))
}

fn old_message(message: &Incoming) -> Value {
    let mut value = message.to_value();
    if let Some(object) = value.as_object_mut() {
        object.insert("history_context".to_owned(), json!({ "status": "READ" }));
    }
    value
}

/// `history` when the business declined to share it.
pub fn history_declined(number: &BusinessNumber) -> Change {
    let title = "History sync is turned off by the business from the WhatsApp Business App";
    let error = json!({
        "code": 2_593_109,
        "title": title,
        "message": title,
        "error_data": { "details": "History sharing is turned off by the business" },
    });
    Change::of_number(number, "history", json!({ "history": [{ "errors": [error] }] }))
}

/// `messaging_handovers`: the conversation is now in other hands. Alone among them it has no `metadata`.
pub fn handover(number: &BusinessNumber, customer: &Customer, at: u64, roles: (&str, &str)) -> Change {
    let mut sender = Map::new();
    put(&mut sender, "phone_number", customer.wa_id.as_ref());
    put(&mut sender, "user_id", customer.user_id.as_ref());
    let value = json!({
        "messaging_product": "whatsapp",
        "sender": sender,
        "recipient": number.metadata(),
        "type": "control_passed",
        "timestamp": at.to_string(),
        "control_passed": { "previous_owner_role": roles.0, "new_owner_role": roles.1, "metadata": "escalated" },
    });
    let entry_id = number.waba_id.clone();
    Change { entry_id, time: None, field: "messaging_handovers".to_owned(), value }
}

/// `standby`: messages of a conversation that is in other hands.
pub fn standby(number: &BusinessNumber, messages: &[Incoming]) -> Change {
    let contacts: Vec<Value> = messages.iter().map(|message| message.sender.contact()).collect();
    let messages: Vec<Value> = messages.iter().map(Incoming::to_value).collect();
    let rest = json!({ "standby": { "contacts": contacts, "messages": messages } });
    Change::of_number(number, "standby", rest)
}
