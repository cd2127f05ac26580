//! What becomes of a message the business sent: sent, delivered, read, played or failed.

use serde_json::{Map, Value, json};

use crate::customer::{Customer, put};

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusState {
    /// WhatsApp has passed it on.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer has seen it.
    Read,
    /// The customer has listened to it.
    Played,
    /// It will never arrive.
    Failed(StatusError),
}

impl StatusState {
    /// Meta's word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed(_) => "failed",
        }
    }
}

/// Why a message failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusError {
    /// Meta's code.
    pub code: u32,
    /// A short name.
    pub title: String,
    /// What happened, in a sentence.
    pub details: String,
}

impl StatusError {
    /// 131026: the customer cannot be reached.
    pub fn undeliverable() -> Self {
        Self {
            code: 131_026,
            title: "Message undeliverable".to_owned(),
            details: "Message Undeliverable.".to_owned(),
        }
    }

    /// 131047: more than 24 hours since the customer last wrote.
    pub fn window_closed() -> Self {
        Self {
            code: 131_047,
            title: "Re-engagement message".to_owned(),
            details: "More than 24 hours have passed since the customer last replied to this number."
                .to_owned(),
        }
    }

    /// The element of `errors[]`.
    pub fn to_value(&self) -> Value {
        json!({
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": { "details": self.details },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}

/// What the message costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// `service`, `utility`, `marketing`, `authentication`, …
    pub category: String,
    /// `regular`, `free_customer_service` or `free_entry_point`.
    pub kind: String,
}

impl Pricing {
    /// An ordinary, charged message of that category.
    pub fn regular(category: &str) -> Self {
        Self { category: category.to_owned(), kind: "regular".to_owned() }
    }

    fn to_value(&self) -> Value {
        json!({
            "billable": self.kind == "regular",
            "pricing_model": "PMP",
            "type": self.kind,
            "category": self.category,
        })
    }
}

/// One status of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The message's wamid.
    pub message_id: String,
    /// How far it has come.
    pub state: StatusState,
    /// When, in Unix seconds.
    pub timestamp: u64,
    /// To whom it went.
    pub recipient: Customer,
    /// What it costs; Meta says so on `sent` and on one of `delivered` and `read`.
    pub pricing: Option<Pricing>,
    /// What the business asked Meta to repeat.
    pub biz_opaque_callback_data: Option<String>,
}

impl Status {
    /// A status, with the price where Meta gives it.
    pub fn new(message_id: &str, state: StatusState, timestamp: u64, recipient: Customer) -> Self {
        let pricing = match state {
            StatusState::Sent | StatusState::Delivered => Some(Pricing::regular("service")),
            StatusState::Read | StatusState::Played | StatusState::Failed(_) => None,
        };
        let message_id = message_id.to_owned();
        Self { message_id, state, timestamp, recipient, pricing, biz_opaque_callback_data: None }
    }

    /// Whom the webhook names in `contacts`: nobody when the message failed or the profile is not known, and the
    /// username only after `sent`.
    pub(super) fn contact(&self) -> Option<Value> {
        if self.recipient.name.is_empty() {
            return None;
        }
        match self.state {
            StatusState::Failed(_) => None,
            StatusState::Sent => Some(Customer { username: None, ..self.recipient.clone() }.contact()),
            StatusState::Delivered | StatusState::Read | StatusState::Played => {
                Some(self.recipient.contact())
            }
        }
    }

    /// The element of `statuses[]`.
    pub fn to_value(&self) -> Value {
        let mut status = Map::new();
        status.insert("id".to_owned(), json!(self.message_id));
        status.insert("status".to_owned(), json!(self.state.as_str()));
        status.insert("timestamp".to_owned(), json!(self.timestamp.to_string()));
        put(&mut status, "recipient_id", self.recipient.wa_id.as_ref());
        let failed_to_phone = matches!(self.state, StatusState::Failed(_)) && self.recipient.wa_id.is_some();
        if !failed_to_phone {
            put(&mut status, "recipient_user_id", self.recipient.user_id.as_ref());
            put(&mut status, "recipient_parent_user_id", self.recipient.parent_user_id.as_ref());
        }
        put(&mut status, "biz_opaque_callback_data", self.biz_opaque_callback_data.as_ref());
        if let Some(pricing) = &self.pricing {
            status.insert("pricing".to_owned(), pricing.to_value());
        }
        if let StatusState::Failed(error) = &self.state {
            status.insert("errors".to_owned(), json!([error.to_value()]));
        }
        Value::Object(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Change;
    use crate::payload::tests::{customer, hidden, keys, number};

    #[test]
    fn statuses_say_who_and_what_it_costs() {
        let status = |state| Status::new("wamid.B", state, 1_790_900_000, customer()).to_value();
        assert_eq!(
            status(StatusState::Delivered),
            json!({
                "id": "wamid.B",
                "status": "delivered",
                "timestamp": "1790900000",
                "recipient_id": "16505551234",
                "recipient_user_id": "US.13491208655302741918",
                "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": "service"},
            })
        );
        assert_eq!(status(StatusState::Sent)["pricing"]["category"], "service");
        assert_eq!(status(StatusState::Read)["pricing"], Value::Null);
        assert_eq!(status(StatusState::Played)["status"], "played");
        let failed = status(StatusState::Failed(StatusError::undeliverable()));
        assert_eq!(keys(&failed), ["errors", "id", "recipient_id", "status", "timestamp"]);
        assert_eq!(failed["errors"][0]["code"], 131_026);
    }

    #[test]
    fn failed_statuses_name_nobody_and_sent_ones_no_username() {
        let contacts = |state| {
            Change::statuses(&number(), &[Status::new("wamid.B", state, 1, hidden())]).value["contacts"]
                .clone()
        };
        assert_eq!(contacts(StatusState::Failed(StatusError::window_closed())), Value::Null);
        assert_eq!(contacts(StatusState::Sent)[0]["profile"], json!({"name": "Sheena Nelson"}));
        assert_eq!(contacts(StatusState::Read)[0]["profile"]["username"], "realsheena");
    }
}
