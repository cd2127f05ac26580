//! What WhatsApp itself says about a customer: a new number, a new scoped id, a new security code.

use serde_json::{Value, json};

/// A notice in the customer's chat that no person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemNotice {
    /// The customer has a new number, and with it a new scoped id.
    NumberChanged { name: String, old: String, new: String, user_id: String, previous_user_id: String },
    /// The customer has a new scoped id.
    UserIdChanged { name: String, user_id: String, previous_user_id: String },
    /// The customer's security code changed.
    IdentityChanged { name: String, user_id: String },
}

impl SystemNotice {
    /// The `system` object.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::NumberChanged { name, old, new, user_id, previous_user_id } => json!({
                "body": format!("User {name} changed from {old} to {new}"),
                "wa_id": new,
                "user_id": user_id,
                "previous_user_id": previous_user_id,
                "type": "user_changed_number",
            }),
            Self::UserIdChanged { name, user_id, previous_user_id } => json!({
                "body": format!("User {name} changed from {previous_user_id} to {user_id}"),
                "user_id": user_id,
                "previous_user_id": previous_user_id,
                "type": "user_changed_user_id",
            }),
            Self::IdentityChanged { name, user_id } => json!({
                "body": format!("The security code of {name} changed"),
                "user_id": user_id,
                "type": "customer_identity_changed",
            }),
        }
    }
}
