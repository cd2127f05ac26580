//! Calls between a customer and a business number.

use serde_json::{Map, Value, json};

use super::envelope::Change;
use crate::customer::{Customer, put};
use crate::number::BusinessNumber;

/// What happened on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// The customer is ringing.
    Connect,
    /// It is over, after so many seconds; none when nobody picked up.
    Terminate { duration: Option<u64> },
    /// A recording of it can be fetched.
    RecordingAvailable { media_id: String },
}

/// `calls`: an event of a call that the customer began.
pub fn event(number: &BusinessNumber, id: &str, customer: &Customer, at: u64, event: &CallEvent) -> Change {
    let mut call = Map::new();
    call.insert("id".to_owned(), json!(id));
    put(&mut call, "from", customer.wa_id.as_ref());
    put(&mut call, "from_user_id", customer.user_id.as_ref());
    call.insert("to".to_owned(), json!(number.display_phone_number));
    call.insert("timestamp".to_owned(), json!(at.to_string()));
    call.insert("direction".to_owned(), json!("USER_INITIATED"));
    call.extend(event.details(at));
    Change::of_number(number, "calls", json!({ "contacts": [customer.contact()], "calls": [call] }))
}

/// `calls`: the state of a call the business began: RINGING, ACCEPTED or REJECTED.
pub fn status(number: &BusinessNumber, id: &str, customer: &Customer, at: u64, status: &str) -> Change {
    let mut value = json!({
        "id": id, "type": "call", "status": status, "timestamp": at.to_string(),
    });
    if let Some(object) = value.as_object_mut() {
        put(object, "recipient_id", customer.wa_id.as_ref());
        put(object, "recipient_user_id", customer.user_id.as_ref());
    }
    Change::of_number(number, "calls", json!({ "statuses": [value] }))
}

impl CallEvent {
    fn details(&self, at: u64) -> Map<String, Value> {
        let details = match self {
            Self::Connect => json!({
                "event": "connect", "session": { "sdp_type": "offer", "sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n" },
            }),
            Self::Terminate { duration: Some(duration) } => json!({
                "event": "terminate",
                "status": "COMPLETED",
                "start_time": (at - duration).to_string(),
                "end_time": at.to_string(),
                "duration": duration,
            }),
            Self::Terminate { duration: None } => json!({ "event": "terminate", "status": "FAILED" }),
            Self::RecordingAvailable { media_id } => json!({
                "event": "call_recording_available",
                "call_recording": {
                    "type": "audio", "audio": { "id": media_id, "mime_type": "audio/ogg; codecs=opus" },
                },
            }),
        };
        match details {
            Value::Object(details) => details,
            _ => Map::new(),
        }
    }
}
