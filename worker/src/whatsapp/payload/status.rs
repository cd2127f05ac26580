//! What became of a message that was sent: accepted onwards, delivered, read, failed.

use serde_json::Value;

use super::fault::Fault;
use super::fields;
use super::message::Source;
use super::party::{Cards, Party, Profile};

/// One status of one message; in groups, of one message for one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    pub whatsapp_id: String,
    pub source: Source,
    pub kind: StatusKind,
    /// Seconds since 1970; absent when it was missing or absurd.
    pub at: Option<i64>,
    /// The person concerned; in a group, the participant.
    pub recipient: Party,
    pub profile: Profile,
    pub group_id: Option<String>,
    /// What we gave along when sending, to find our message by.
    pub callback_data: Option<String>,
    pub pricing: Option<Pricing>,
    pub faults: Vec<Fault>,
    /// The status whole, as received.
    pub raw: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusKind {
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
    Deleted,
    Warning,
    Unknown(String),
}

/// What Meta charges, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    pub billable: Option<bool>,
    pub model: Option<String>,
    pub kind: Option<String>,
    pub category: Option<String>,
}

impl StatusUpdate {
    /// Reads a status; `None` when it does not say of which message or what.
    pub(super) fn read(item: &Value, raw: &str, source: Source, cards: &Cards) -> Option<Self> {
        let whatsapp_id = fields::text(item, "id")?;
        let kind = StatusKind::named(&fields::text(item, "status")?);
        let to_group = fields::text(item, "recipient_type").as_deref() == Some("group");
        let mut recipient = if to_group { participant(item) } else { addressee(item) };
        let profile = cards.introduce(&mut recipient);
        Some(Self {
            whatsapp_id,
            source,
            kind,
            at: fields::seconds(item, "timestamp"),
            recipient,
            profile,
            group_id: if to_group { fields::text(item, "recipient_id") } else { None },
            callback_data: fields::text(item, "biz_opaque_callback_data"),
            pricing: Pricing::read(item),
            faults: Fault::all(item),
            raw: raw.to_owned(),
        })
    }
}

impl StatusKind {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "failed" => Self::Failed,
            "deleted" => Self::Deleted,
            "warning" => Self::Warning,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The name Meta gives it.
    pub fn key(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
            Self::Warning => "warning",
            Self::Unknown(name) => name,
        }
    }
}

impl Pricing {
    /// In groups the pricing lies within the conversation.
    fn read(item: &Value) -> Option<Self> {
        let within = || item.get("conversation")?.get("pricing");
        let pricing = item.get("pricing").or_else(within).filter(|pricing| pricing.is_object())?;
        Some(Self {
            billable: fields::flag(pricing, "billable"),
            model: fields::text(pricing, "pricing_model"),
            kind: fields::text(pricing, "type"),
            category: fields::text(pricing, "category"),
        })
    }
}

fn addressee(item: &Value) -> Party {
    let mut party = fields::text(item, "recipient_id").map(Party::by_id).unwrap_or_default();
    party.user_id = fields::text(item, "recipient_user_id").or(party.user_id);
    party.parent_user_id = fields::text(item, "recipient_parent_user_id");
    party
}

fn participant(item: &Value) -> Party {
    let mut party = fields::text(item, "recipient_participant_id").map(Party::by_id).unwrap_or_default();
    party.user_id = fields::text(item, "recipient_participant_user_id").or(party.user_id);
    party.parent_user_id = fields::text(item, "recipient_participant_parent_user_id");
    party
}
