//! Groups a business has made: their life, members and settings.

use serde_json::{Value, json};

use super::envelope::Change;
use crate::customer::Customer;
use crate::number::BusinessNumber;

/// What happened to a group.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupEvent {
    /// It was made, with this subject.
    Created { subject: String },
    /// Somebody came.
    Joined(Customer),
    /// Somebody went.
    Left(Customer),
    /// Its subject is now this.
    Renamed { subject: String },
    /// WhatsApp has closed it.
    Suspended,
}

/// A change of one of the four group fields, whichever the event belongs to.
pub fn event(number: &BusinessNumber, group_id: &str, at: u64, event: &GroupEvent) -> Change {
    let (field, details) = event.details();
    let mut group = json!({ "timestamp": at.to_string(), "group_id": group_id });
    if let (Value::Object(whole), Value::Object(details)) = (&mut group, details) {
        whole.extend(details);
    }
    Change::of_number(number, field, json!({ "groups": [group] }))
}

impl GroupEvent {
    fn details(&self) -> (&'static str, Value) {
        match self {
            Self::Created { subject } => {
                ("group_lifecycle_update", json!({ "type": "group_create", "subject": subject }))
            }
            Self::Joined(customer) => (
                "group_participants_update",
                json!({ "type": "group_participants_add", "added_participants": [participant(customer)] }),
            ),
            Self::Left(customer) => (
                "group_participants_update",
                json!({ "type": "group_participants_remove", "removed_participants": [participant(customer)] }),
            ),
            Self::Renamed { subject } => (
                "group_settings_update",
                json!({ "type": "group_settings_update", "group_subject": { "text": subject } }),
            ),
            Self::Suspended => ("group_status_update", json!({ "type": "group_suspend" })),
        }
    }
}

fn participant(customer: &Customer) -> Value {
    json!({ "input": customer.address(), "wa_id": customer.wa_id, "user_id": customer.user_id })
}
