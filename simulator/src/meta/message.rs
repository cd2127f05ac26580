//! What a business sent: a message, or a sign that it has read one.

use serde_json::Value;

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A phone number, digits only.
    Phone(String),
    /// A business-scoped user id.
    User(String),
    /// A group.
    Group(String),
}

impl Recipient {
    /// The digits or the id.
    pub fn address(&self) -> &str {
        match self {
            Self::Phone(address) | Self::User(address) | Self::Group(address) => address,
        }
    }
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// From which number.
    pub phone_number_id: String,
    /// The id it was given.
    pub id: String,
    /// To whom.
    pub recipient: Recipient,
    /// Its type.
    pub kind: String,
    /// The whole request.
    pub request: Value,
    /// When, in milliseconds.
    pub at: u64,
}

/// A read receipt that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReceipt {
    /// From which number.
    pub phone_number_id: String,
    /// For which message.
    pub message_id: String,
    /// True when the business also shows that it is typing.
    pub typing: bool,
}
