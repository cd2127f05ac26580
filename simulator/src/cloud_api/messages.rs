//! `POST /{number}/messages`: a message, a read receipt, a sign of typing.

use serde_json::{Value, json};

use super::admission::Need;
use super::answer::{Answer, Answered, success};
use super::graph_error::GraphError;
use super::message_request;
use super::routes::Asked;
use crate::customer::Customer;
use crate::meta::Recipient;

pub(super) fn send(asked: &Asked<'_>, id: &str, body: impl Fn() -> Result<Value, GraphError>) -> Answered {
    let mut world = asked.shared.world();
    *world.tally.requests.entry("messages").or_default() += 1;
    world.admit(asked.token, Need::Messaging)?;
    let line = world.line(id)?;
    let request = body()?;
    message_request::product(&request)?;
    if request.get("status").is_some() {
        let (message_id, typing) = message_request::read_receipt(&request)?;
        world.receive_receipt(line, message_id, typing);
        return Ok(success());
    }
    let taken = world.send(line, request)?;
    let person = world.people.find(taken.message.recipient.address());
    let customer = person.and_then(|person| world.people.get(person)).map(|person| person.customer().clone());
    let mut message = json!({ "id": taken.message.id });
    if let Some(status) = taken.message_status {
        message["message_status"] = json!(status);
    }
    Ok(Answer::Value(json!({
        "messaging_product": "whatsapp",
        "contacts": [contact(&taken.message.request, &taken.message.recipient, customer.as_ref())],
        "messages": [message],
    })))
}

/// The recipient as asked for, beside what WhatsApp calls them.
fn contact(request: &Value, recipient: &Recipient, customer: Option<&Customer>) -> Value {
    let user_id = customer.and_then(|customer| customer.user_id.as_ref());
    match recipient {
        Recipient::Phone(phone) => {
            let mut contact = json!({ "input": request["to"], "wa_id": phone });
            if let Some(user_id) = user_id {
                contact["user_id"] = json!(user_id);
            }
            contact
        }
        Recipient::User(user) => json!({ "input": request["recipient"], "user_id": user }),
        Recipient::Group(group) => json!({ "input": request["to"], "group_id": group }),
    }
}
