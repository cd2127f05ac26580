//! A customer's answer to something to press, choose or fill in.

use serde_json::{Value, json};

/// A customer's answer to being asked for permission to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallPermission {
    /// Granted until that Unix second.
    AcceptedUntil(u64),
    /// Refused.
    Rejected,
}

/// What was pressed, chosen or filled in.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A press on a button.
    Button { id: String, title: String },
    /// A choice from a list.
    List { id: String, title: String, description: Option<String> },
    /// A completed form (a flow): its answers as JSON, which Meta sends as a string.
    Form { body: String, answers: Value },
    /// An answer to a request for permission to call.
    Call(CallPermission),
}

impl Reply {
    /// The `interactive` object.
    pub(super) fn to_value(&self) -> Value {
        let (kind, reply) = match self {
            Self::Button { id, title } => ("button_reply", json!({ "id": id, "title": title })),
            Self::List { id, title, description: Some(description) } => {
                ("list_reply", json!({ "id": id, "title": title, "description": description }))
            }
            Self::List { id, title, description: None } => {
                ("list_reply", json!({ "id": id, "title": title }))
            }
            Self::Form { body, answers } => {
                ("nfm_reply", json!({ "name": "flow", "body": body, "response_json": answers.to_string() }))
            }
            Self::Call(CallPermission::AcceptedUntil(until)) => (
                "call_permission_reply",
                json!({ "response": "accept", "expiration_timestamp": until, "response_source": "user_action" }),
            ),
            Self::Call(CallPermission::Rejected) => {
                ("call_permission_reply", json!({ "response": "reject", "response_source": "user_action" }))
            }
        };
        json!({ "type": kind, kind: reply })
    }
}
