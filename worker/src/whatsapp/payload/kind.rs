//! What a message is: one name for each of Meta's types and sub-types.

use serde_json::Value;

use super::fields;

/// The type of a message, with the replies to interactive messages told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageKind {
    Text,
    Image,
    Video,
    Document,
    Audio,
    Sticker,
    Location,
    Contacts,
    /// A pressed button of an interactive message.
    ButtonReply,
    /// A chosen row of a list.
    ListReply,
    /// A completed flow.
    FlowReply,
    CallPermissionReply,
    PaymentMethodReply,
    /// Any other interactive message, by its own type.
    Interactive(String),
    /// A pressed quick reply of a template.
    TemplateButton,
    Template,
    Order,
    Reaction,
    System,
    Edit,
    Revoke,
    RequestWelcome,
    /// A call that was taken, or that the company made.
    Call,
    /// A call of a customer that nobody took.
    MissedCall,
    /// Another application gave the conversation to us.
    Handover,
    Unsupported,
    /// A type met for the first time, by the name it gave itself; empty when it gave none.
    Unknown(String),
}

impl MessageKind {
    /// Reads the type; where it is missing, the member that carries the content tells.
    pub(super) fn read(message: &Value) -> Self {
        if let Some(name) = fields::text(message, "type") {
            return Self::named(&name, message);
        }
        let content = message.as_object().into_iter().flatten().map(|(name, _)| Self::named(name, message));
        content
            .into_iter()
            .find(|kind| !matches!(kind, Self::Unknown(_)))
            .unwrap_or(Self::Unknown(String::new()))
    }

    fn named(name: &str, message: &Value) -> Self {
        match name {
            "text" => Self::Text,
            "image" => Self::Image,
            "video" => Self::Video,
            "document" => Self::Document,
            "audio" | "voice" => Self::Audio,
            "sticker" => Self::Sticker,
            "location" => Self::Location,
            "contacts" => Self::Contacts,
            "interactive" => Self::interactive(message),
            "button" => Self::TemplateButton,
            "template" => Self::Template,
            "order" => Self::Order,
            "reaction" => Self::Reaction,
            "system" => Self::System,
            "edit" => Self::Edit,
            "revoke" => Self::Revoke,
            "request_welcome" => Self::RequestWelcome,
            "unsupported" => Self::Unsupported,
            other => Self::Unknown(other.to_owned()),
        }
    }

    fn interactive(message: &Value) -> Self {
        let name = message.get("interactive").and_then(|content| fields::text(content, "type"));
        match name.as_deref() {
            Some("button_reply") => Self::ButtonReply,
            Some("list_reply") => Self::ListReply,
            Some("nfm_reply") => Self::FlowReply,
            Some("call_permission_reply") => Self::CallPermissionReply,
            Some("payment_method") => Self::PaymentMethodReply,
            Some(other) => Self::Interactive(other.to_owned()),
            None => Self::Interactive(String::new()),
        }
    }

    /// Meta's name for the type, which also is that of the member that carries the content.
    pub fn name(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Location => "location",
            Self::Contacts => "contacts",
            Self::ButtonReply
            | Self::ListReply
            | Self::FlowReply
            | Self::CallPermissionReply
            | Self::PaymentMethodReply
            | Self::Interactive(_) => "interactive",
            Self::TemplateButton => "button",
            Self::Template => "template",
            Self::Order => "order",
            Self::Reaction => "reaction",
            Self::System => "system",
            Self::Edit => "edit",
            Self::Revoke => "revoke",
            Self::RequestWelcome => "request_welcome",
            Self::Call => "call",
            Self::MissedCall => "missed_call",
            Self::Handover => "handover",
            Self::Unsupported => "unsupported",
            Self::Unknown(name) if name.is_empty() => "unknown",
            Self::Unknown(name) => name,
        }
    }
}
