//! One message, in whichever of its forms it came: from a customer, as an echo, from history, on standby.

use serde_json::Value;

use super::content::{self, Media, Target};
use super::fault::Fault;
use super::fields;
use super::kind::MessageKind;
use super::party::{Cards, Party, Profile, digits};
use super::status::StatusKind;
use super::system::SystemNotice;

/// A message with an id. What it means to a conversation is decided elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Holds the customer's phone number in disguise: personal data.
    pub whatsapp_id: String,
    pub source: Source,
    pub direction: Direction,
    /// The customer: who wrote it if inbound, who received it if outbound.
    pub customer: Party,
    pub profile: Profile,
    pub group_id: Option<String>,
    /// Seconds since 1970; absent when it was missing or absurd.
    pub sent_at: Option<i64>,
    pub kind: MessageKind,
    pub text: Option<String>,
    pub media: Option<Media>,
    pub reply_to: Option<ReplyTo>,
    pub forwarding: Forwarding,
    pub target: Option<Target>,
    pub system: Option<SystemNotice>,
    /// How far an old message of ours got, told by the history.
    pub history_status: Option<StatusKind>,
    pub faults: Vec<Fault>,
    /// The message whole, as received.
    pub raw: String,
}

/// By which way a message reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Sent to this number now.
    Live,
    /// Sent from this number elsewhere, such as the WhatsApp Business app.
    Echo,
    /// Exchanged before this number was connected.
    History,
    /// Seen while another application holds the conversation.
    Standby,
    /// Sent by the application that holds the conversation.
    StandbyEcho,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Inbound,
    Outbound,
}

/// The message that this one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    pub message: String,
    pub author: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarding {
    Original,
    Forwarded,
    ForwardedOften,
}

/// What surrounds a message and is needed to understand it.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub source: Source,
    pub cards: &'a Cards,
    /// The business number of the change.
    pub own_number: Option<&'a str>,
    /// The customer of the history thread it lies in.
    pub thread: Option<&'a str>,
}

impl Message {
    /// Reads a message; `None` when it has no id, for then nothing could tell it from a repetition of itself.
    pub(super) fn read(item: &Value, raw: &str, around: Surroundings<'_>) -> Option<Self> {
        let whatsapp_id = fields::text(item, "id")?;
        // Some echoes wrap what was sent, as it was sent, in a member of their own.
        let body = item.get("message").filter(|inner| inner.get("type").is_some()).unwrap_or(item);
        let direction = direction(body, around);
        let mut customer = customer(body, direction, around);
        let profile = around.cards.introduce(&mut customer);
        let kind = MessageKind::read(body);
        Some(Self {
            whatsapp_id,
            source: around.source,
            direction,
            customer,
            profile,
            group_id: group(body),
            sent_at: fields::seconds(item, "timestamp").or_else(|| fields::seconds(body, "timestamp")),
            text: content::words(&kind, body),
            media: content::media(&kind, body),
            reply_to: ReplyTo::read(body),
            forwarding: Forwarding::read(body),
            target: content::target(&kind, body),
            system: SystemNotice::read(body),
            history_status: history_status(item),
            faults: Fault::all(item),
            raw: raw.to_owned(),
            kind,
        })
    }
}

impl ReplyTo {
    fn read(body: &Value) -> Option<Self> {
        let context = body.get("context")?;
        let message = fields::text(context, "id").or_else(|| fields::text(context, "message_id"))?;
        Some(Self { message, author: fields::text(context, "from") })
    }
}

impl Forwarding {
    fn read(body: &Value) -> Self {
        let Some(context) = body.get("context") else {
            return Self::Original;
        };
        if fields::flag(context, "frequently_forwarded") == Some(true) {
            Self::ForwardedOften
        } else if fields::flag(context, "forwarded") == Some(true) {
            Self::Forwarded
        } else {
            Self::Original
        }
    }
}

fn direction(body: &Value, around: Surroundings<'_>) -> Direction {
    match around.source {
        Source::Live | Source::Standby => Direction::Inbound,
        Source::Echo | Source::StandbyEcho => Direction::Outbound,
        Source::History if is_ours(body, around) => Direction::Outbound,
        Source::History => Direction::Inbound,
    }
}

/// Whether a message of a history was sent by the business: only those name a recipient.
fn is_ours(body: &Value, around: Surroundings<'_>) -> bool {
    let said = body.get("history_context").and_then(|context| fields::flag(context, "from_me"));
    if let Some(from_me) = said {
        return from_me;
    }
    let author = Party::read(body, "from").phone;
    let is_own_number = author.is_some() && author.as_deref() == around.own_number.map(digits).as_deref();
    is_own_number || !Party::read(body, "to").is_unknown()
}

fn customer(body: &Value, direction: Direction, around: Surroundings<'_>) -> Party {
    let mut named = match direction {
        Direction::Inbound => Party::read(body, "from"),
        // A sent message names a group, not a person, when it went to a group.
        Direction::Outbound if group(body).is_some() => Party::default(),
        Direction::Outbound => Party::read(body, "to"),
    };
    if direction == Direction::Outbound && named.user_id.is_none() {
        named.user_id = fields::text(body, "recipient");
    }
    if named.is_unknown()
        && let Some(thread) = around.thread
    {
        return Party::by_id(thread.to_owned());
    }
    named
}

fn group(body: &Value) -> Option<String> {
    let sent_to_group = || {
        let kind = fields::text(body, "recipient_type")?;
        if kind == "group" { fields::text(body, "to") } else { None }
    };
    fields::text(body, "group_id").or_else(sent_to_group)
}

fn history_status(item: &Value) -> Option<StatusKind> {
    let status = item.get("history_context").and_then(|context| fields::text(context, "status"))?;
    Some(StatusKind::named(&status.to_ascii_lowercase()))
}
