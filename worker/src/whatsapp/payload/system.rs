//! What WhatsApp itself says in a conversation: that a customer changed number, user id or identity.

use serde_json::Value;

use super::fields;
use super::party::Party;

/// A system message: who the customer is now, and who they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemNotice {
    pub kind: SystemKind,
    pub now: Party,
    pub previous_user_id: Option<String>,
    pub previous_parent_user_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemKind {
    ChangedNumber,
    ChangedUserId,
    ChangedIdentity,
    Unknown(String),
}

impl SystemNotice {
    pub(super) fn read(message: &Value) -> Option<Self> {
        let notice = message.get("system").filter(|notice| notice.is_object())?;
        let kind = match fields::text(notice, "type").unwrap_or_default().as_str() {
            "user_changed_number" => SystemKind::ChangedNumber,
            "user_changed_user_id" => SystemKind::ChangedUserId,
            "customer_identity_changed" => SystemKind::ChangedIdentity,
            other => SystemKind::Unknown(other.to_owned()),
        };
        // Before 2023 the new number was called `new_wa_id`.
        let number = fields::text(notice, "wa_id").or_else(|| fields::text(notice, "new_wa_id"));
        let mut now = number.map(Party::by_id).unwrap_or_default();
        now.user_id = fields::text(notice, "user_id").or(now.user_id);
        now.parent_user_id = fields::text(notice, "parent_user_id");
        let previous_user_id = fields::text(notice, "previous_user_id");
        let previous_parent_user_id = fields::text(notice, "previous_parent_user_id");
        Some(Self { kind, now, previous_user_id, previous_parent_user_id })
    }
}
