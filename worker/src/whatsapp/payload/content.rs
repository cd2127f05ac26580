//! What a message carries: the words a person reads, the file it refers to, the message it acts upon.

use serde_json::Value;

use super::fields;
use super::kind::MessageKind;

/// A file held by Meta; its id expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub id: Option<String>,
    pub mime_type: Option<String>,
    /// As Meta writes it, in base64.
    pub sha256: Option<String>,
    pub filename: Option<String>,
    pub url: Option<String>,
    /// Audio recorded in the conversation rather than a file.
    pub voice: bool,
}

/// What a message does to an earlier one, named by its WhatsApp id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Edit {
        original: String,
    },
    Revoke {
        original: String,
    },
    /// No emoji takes the reaction back.
    Reaction {
        message: String,
        emoji: Option<String>,
    },
}

/// The words a person would read, if the message has any.
pub(super) fn words(kind: &MessageKind, message: &Value) -> Option<String> {
    let content = message.get(kind.name()).unwrap_or(&Value::Null);
    let reply = |name: &str, words: &str| content.get(name).and_then(|reply| fields::text(reply, words));
    match kind {
        MessageKind::Text | MessageKind::System => fields::text(content, "body"),
        MessageKind::Image | MessageKind::Video | MessageKind::Document | MessageKind::Audio => {
            fields::text(content, "caption")
        }
        MessageKind::Location => fields::text(content, "name").or_else(|| fields::text(content, "address")),
        MessageKind::Contacts => names(content),
        MessageKind::ButtonReply => reply("button_reply", "title"),
        MessageKind::ListReply => reply("list_reply", "title"),
        MessageKind::FlowReply => reply("nfm_reply", "body"),
        MessageKind::CallPermissionReply => reply("call_permission_reply", "response"),
        MessageKind::Interactive(_) => reply("body", "text").or_else(|| reply("header", "text")),
        MessageKind::TemplateButton | MessageKind::Order => fields::text(content, "text"),
        MessageKind::Reaction => fields::text(content, "emoji"),
        MessageKind::Edit => {
            let edited = content.get("message")?;
            words(&MessageKind::read(edited), edited)
        }
        MessageKind::Unknown(_) => {
            ["body", "caption", "text", "title"].into_iter().find_map(|name| fields::text(content, name))
        }
        MessageKind::Sticker
        | MessageKind::PaymentMethodReply
        | MessageKind::Template
        | MessageKind::Revoke
        | MessageKind::RequestWelcome
        | MessageKind::Call
        | MessageKind::MissedCall
        | MessageKind::Handover
        | MessageKind::Unsupported => None,
    }
}

/// The file, if the message is one.
pub(super) fn media(kind: &MessageKind, message: &Value) -> Option<Media> {
    match kind {
        MessageKind::Image
        | MessageKind::Video
        | MessageKind::Document
        | MessageKind::Audio
        | MessageKind::Sticker => message.get(kind.name()).map(Media::read),
        MessageKind::Edit => {
            let edited = message.get("edit")?.get("message")?;
            media(&MessageKind::read(edited), edited)
        }
        MessageKind::Text
        | MessageKind::Location
        | MessageKind::Contacts
        | MessageKind::ButtonReply
        | MessageKind::ListReply
        | MessageKind::FlowReply
        | MessageKind::CallPermissionReply
        | MessageKind::PaymentMethodReply
        | MessageKind::Interactive(_)
        | MessageKind::TemplateButton
        | MessageKind::Template
        | MessageKind::Order
        | MessageKind::Reaction
        | MessageKind::System
        | MessageKind::Revoke
        | MessageKind::RequestWelcome
        | MessageKind::Call
        | MessageKind::MissedCall
        | MessageKind::Handover
        | MessageKind::Unsupported
        | MessageKind::Unknown(_) => None,
    }
}

/// The earlier message that this one acts upon, if its kind does that and it names one.
pub(super) fn target(kind: &MessageKind, message: &Value) -> Option<Target> {
    let content = message.get(kind.name())?;
    if *kind == MessageKind::Reaction {
        let emoji = fields::text(content, "emoji");
        return Some(Target::Reaction { message: fields::text(content, "message_id")?, emoji });
    }
    let original = fields::text(content, "original_message_id")?;
    if *kind == MessageKind::Edit {
        return Some(Target::Edit { original });
    }
    (*kind == MessageKind::Revoke).then_some(Target::Revoke { original })
}

impl Media {
    fn read(content: &Value) -> Self {
        Self {
            id: fields::text(content, "id"),
            mime_type: fields::text(content, "mime_type"),
            sha256: fields::text(content, "sha256"),
            filename: fields::text(content, "filename"),
            url: fields::text(content, "url").or_else(|| fields::text(content, "link")),
            voice: fields::flag(content, "voice").unwrap_or(false),
        }
    }
}

/// The names on shared contact cards, or their first numbers where a card has no name.
fn names(cards: &Value) -> Option<String> {
    let names = cards.as_array()?.iter().filter_map(|card| {
        let name = card.get("name").unwrap_or(&Value::Null);
        fields::text(name, "formatted_name")
            .or_else(|| fields::text(name, "first_name"))
            .or_else(|| fields::text(fields::list(card, "phones").first()?, "phone"))
    });
    Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
}
