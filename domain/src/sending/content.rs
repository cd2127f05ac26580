//! What can be sent, within WhatsApp's limits, and the form in which Meta takes it.
//!
//! Limits: Meta's documentation of the Cloud API, "Messages", and its OpenAPI.

use portaria_entity::id::{MediaFileId, MessageId, TemplateId};
use portaria_entity::media_file::MediaKind;
use portaria_entity::outgoing_message::MessageCategory;
use serde_json::{Map, Value, json};

use super::card::{self, NewCard};
use super::file::{self, NewFile};
use super::gate::{Asked, Kind, TemplateFacts};
use super::interactive::{self, NewButtons, NewFlow, NewList};
use super::quick_reply::NewQuickReply;
use super::template::NewTemplate;
use crate::error::{Refusal, Result};

/// What somebody wants to send.
#[derive(Clone, Debug, PartialEq)]
pub enum NewContent {
    Text(NewText),
    QuickReply(NewQuickReply),
    Reaction(NewReaction),
    Location(NewLocation),
    Cards(Vec<NewCard>),
    Buttons(NewButtons),
    List(NewList),
    Flow(NewFlow),
    File(NewFile),
    Template(NewTemplate),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewText {
    pub body: String,
    /// Whether WhatsApp shows what the first link leads to.
    pub preview_links: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReaction {
    pub message_id: MessageId,
    /// None takes a reaction back.
    pub emoji: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewLocation {
    pub latitude: f64,
    pub longitude: f64,
    pub name: Option<String>,
    pub address: Option<String>,
}

/// A message that is within limits, as it is stored and goes to Meta.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub kind: Kind,
    /// Meta's type of it: `text`, `interactive`.
    pub name: &'static str,
    /// What a person reads.
    pub body: Option<String>,
    /// The member of the request that is named by the type.
    pub part: Value,
    /// Of a template: which, and what decides whether it may go out.
    pub template: Option<(TemplateId, TemplateFacts)>,
    /// Whether it has words that nobody approved before.
    pub has_free_text: bool,
    /// The message that it acts on.
    pub acts_on: Option<MessageId>,
    /// The file that it carries, and as what.
    pub file: Option<(MediaFileId, MediaKind)>,
}

impl Prepared {
    /// Anything but a template, in words of one's own.
    pub fn free(kind: Kind, name: &'static str, body: Option<String>, part: Value) -> Self {
        Self {
            kind,
            name,
            has_free_text: body.is_some(),
            body,
            part,
            template: None,
            acts_on: None,
            file: None,
        }
    }

    /// What the gate is asked.
    pub fn asked(&self) -> Asked {
        let template = self.template.map(|(_, facts)| facts);
        Asked { kind: self.kind, has_free_text: self.has_free_text, template }
    }

    pub fn category(&self) -> MessageCategory {
        self.asked().category()
    }

    /// What is stored, and goes to Meta with the address: `{"type": "text", "text": {...}}`.
    pub fn payload(&self, context: Option<&str>) -> Value {
        let mut payload = Map::new();
        payload.insert("type".to_owned(), self.name.into());
        payload.insert(self.name.to_owned(), self.part.clone());
        if let Some(message) = context {
            payload.insert("context".to_owned(), json!({ "message_id": message }));
        }
        Value::Object(payload)
    }
}

impl NewContent {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::QuickReply(_) => Kind::QuickReply,
            Self::Reaction(_) => Kind::Reaction,
            Self::Location(_) => Kind::Location,
            Self::Cards(_) => Kind::Contacts,
            Self::Buttons(_) => Kind::Buttons,
            Self::List(_) => Kind::List,
            Self::Flow(_) => Kind::Flow,
            Self::File(new) => file::gate_kind(new.kind),
            Self::Template(_) => Kind::Template,
        }
    }

    /// Everything that makes it what it is, for telling a repetition from another message.
    pub fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    /// Refuses what WhatsApp would not take. What needs the database to be known is not looked at.
    pub fn prepare(self) -> Result<Prepared> {
        match self {
            Self::Text(text) => {
                let body = within("text.body: 1 to 4,096 characters", text.body, 4_096)?;
                let part = json!({ "body": body, "preview_url": text.preview_links });
                Ok(Prepared::free(Kind::Text, "text", Some(body), part))
            }
            Self::QuickReply(_) => Err(crate::Error::internal("a quick reply that was not filled")),
            Self::Reaction(reaction) => prepare_reaction(reaction),
            Self::Location(location) => prepare_location(location),
            Self::Cards(cards) => card::prepare(cards),
            Self::Buttons(buttons) => interactive::prepare_buttons(buttons),
            Self::List(list) => interactive::prepare_list(list),
            Self::Flow(flow) => interactive::prepare_flow(flow),
            Self::File(new) => file::prepare(new),
            // What it says, the database knows.
            Self::Template(_) => Err(crate::Error::internal("a template is prepared apart")),
        }
    }
}

/// The message's WhatsApp id is put in once it is known.
fn prepare_reaction(reaction: NewReaction) -> Result<Prepared> {
    const ONE: &str = "reaction.emoji: one emoji, or null to take it back";
    let emoji = reaction.emoji.unwrap_or_default();
    let is_plain =
        emoji.chars().any(|one| one.is_ascii() && !"#*0123456789".contains(one) || one.is_alphabetic());
    if emoji.len() > 64 || is_plain || emoji.is_ascii() && !emoji.is_empty() {
        return Err(invalid(ONE));
    }
    let body = Some(emoji.clone()).filter(|emoji| !emoji.is_empty());
    let part = json!({ "emoji": emoji });
    let acts_on = Some(reaction.message_id);
    Ok(Prepared { acts_on, has_free_text: false, ..Prepared::free(Kind::Reaction, "reaction", body, part) })
}

fn prepare_location(location: NewLocation) -> Result<Prepared> {
    let is_within = |degrees: f64, most: f64| degrees.is_finite() && degrees.abs() <= most;
    if !is_within(location.latitude, 90.0) || !is_within(location.longitude, 180.0) {
        return Err(invalid("location: latitude -90 to 90, longitude -180 to 180"));
    }
    let name = within_if_given("location.name: 1 to 1,000 characters", location.name, 1_000)?;
    let address = within_if_given("location.address: 1 to 1,000 characters", location.address, 1_000)?;
    let mut part = json!({ "latitude": location.latitude, "longitude": location.longitude });
    put(&mut part, "name", name.clone());
    put(&mut part, "address", address.clone());
    Ok(Prepared::free(Kind::Location, "location", name.or(address), part))
}

/// The kind of a stored message that is no template, by Meta's type and what it carries.
pub(super) fn kind_of(name: &str, payload: &str) -> Kind {
    match name {
        "reaction" => Kind::Reaction,
        "image" => Kind::Image,
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        "sticker" => Kind::Sticker,
        "document" => Kind::Document,
        "location" => Kind::Location,
        "contacts" => Kind::Contacts,
        "template" => Kind::Template,
        "interactive" => {
            let payload: Value = serde_json::from_str(payload).unwrap_or_default();
            match payload.pointer("/interactive/type").and_then(Value::as_str) {
                Some("list") => Kind::List,
                Some("flow") => Kind::Flow,
                _ => Kind::Buttons,
            }
        }
        _ => Kind::Text,
    }
}

pub(super) fn invalid(what: &'static str) -> crate::Error {
    Refusal::InvalidContent(what).into()
}

/// Words that are there, hold at most so many characters and nothing that the database cannot.
pub(super) fn within(what: &'static str, words: String, most: usize) -> Result<String> {
    let length = words.chars().count();
    if words.trim().is_empty() || length > most || words.contains('\0') {
        return Err(invalid(what));
    }
    Ok(words)
}

pub(super) fn within_if_given(
    what: &'static str,
    words: Option<String>,
    most: usize,
) -> Result<Option<String>> {
    words.map(|words| within(what, words, most)).transpose()
}

/// Puts a member in where there is one.
pub(super) fn put(into: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (into.as_object_mut(), value) {
        object.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> NewContent {
        NewContent::Text(NewText { body: body.to_owned(), preview_links: false })
    }

    #[test]
    fn a_text_goes_out_as_it_was_written() {
        let prepared = text("Olá 👋\n*já* vai").prepare().unwrap();
        assert_eq!(
            prepared.payload(Some("wamid.A")),
            json!({ "type": "text", "text": { "body": "Olá 👋\n*já* vai", "preview_url": false },
                    "context": { "message_id": "wamid.A" } })
        );
        assert_eq!(prepared.body.as_deref(), Some("Olá 👋\n*já* vai"));
    }

    #[test]
    fn what_is_empty_or_too_long_is_refused() {
        assert!(text(&"é".repeat(4_096)).prepare().is_ok());
        for body in ["", "  \n", "a\0b", &"é".repeat(4_097)] {
            assert!(text(body).prepare().is_err(), "{} characters", body.chars().count());
        }
    }

    #[test]
    fn a_reaction_is_an_emoji_or_none() {
        let react = |emoji: Option<&str>| {
            let message_id = MessageId(uuid::Uuid::from_u128(1));
            NewContent::Reaction(NewReaction { message_id, emoji: emoji.map(str::to_owned) }).prepare()
        };
        for emoji in ["👍", "❤️", "👩🏽‍🚀", "🇧🇷", "1️⃣"] {
            assert!(react(Some(emoji)).is_ok(), "{emoji}");
        }
        assert!(react(None).is_ok());
        for text in ["ok", "👍 bom", "1", "sim 👍", "não"] {
            assert!(react(Some(text)).is_err(), "{text}: a reaction is no way round send_text");
        }
    }

    #[test]
    fn a_place_is_on_earth() {
        let at = |latitude, longitude| {
            let place = NewLocation { latitude, longitude, name: Some("Loja".to_owned()), address: None };
            NewContent::Location(place).prepare()
        };
        let prepared = at(-23.55, -46.63).unwrap();
        assert_eq!(prepared.part, json!({ "latitude": -23.55, "longitude": -46.63, "name": "Loja" }));
        assert!(at(90.5, 0.0).is_err() && at(0.0, 181.0).is_err() && at(f64::NAN, 0.0).is_err());
    }
}
