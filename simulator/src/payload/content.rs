//! What a customer's message may hold: one variant for each type Meta is known to deliver, and one it is not.

use serde_json::{Map, Value, json};

use super::media::Media;
use super::reply::Reply;
use super::system::SystemNotice;

/// Whether an audio message was recorded in the chat or sent as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioKind {
    /// A voice note.
    Voice,
    /// A file.
    File,
}

/// Whether a sticker moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickerKind {
    /// It stands still.
    Still,
    /// It moves.
    Animated,
}

/// A place on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What it is called, when the customer picked a known place.
    pub name: Option<String>,
    /// Where it is.
    pub address: Option<String>,
}

/// A contact card a customer shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactCard {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Phone number, digits only.
    pub phone: String,
}

/// One product in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderItem {
    /// The shop's own article number.
    pub product_retailer_id: String,
    /// How many.
    pub quantity: u32,
    /// Price of one.
    pub item_price: f64,
    /// Currency code.
    pub currency: String,
}

/// The body of one incoming message.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A picture.
    Image(Media),
    /// A film.
    Video(Media),
    /// A file.
    Document(Media),
    /// Sound.
    Audio(Media, AudioKind),
    /// A sticker.
    Sticker(Media, StickerKind),
    /// A place.
    Location(Place),
    /// Contact cards.
    Contacts(Vec<ContactCard>),
    /// The customer's own number, shared on request: the only message that reveals it with an origin.
    ContactRequested(String),
    /// An answer to buttons, a list, a form or a request.
    Interactive(Reply),
    /// A press on a template's quick-reply button.
    Button { payload: String, text: String },
    /// A basket from the catalogue.
    Order { catalog_id: String, text: String, items: Vec<OrderItem> },
    /// A reaction to a message; none takes it back.
    Reaction { message_id: String, emoji: Option<String> },
    /// Something WhatsApp itself says about the customer.
    System(SystemNotice),
    /// The customer corrected a text.
    Edit { original_message_id: String, text: String },
    /// The customer deleted a message for everyone.
    Revoke { original_message_id: String },
    /// Something the Cloud API does not carry, such as a poll.
    Unsupported { kind: Option<String> },
    /// A type that does not exist yet.
    Unknown { kind: String, body: Value },
}

impl Content {
    /// A text.
    pub fn text(body: impl Into<String>) -> Self {
        Self::Text(body.into())
    }

    /// True of what WhatsApp itself says about a customer.
    pub fn is_system(&self) -> bool {
        matches!(self, Self::System(_))
    }

    /// The message's `type`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Document(_) => "document",
            Self::Audio(..) => "audio",
            Self::Sticker(..) => "sticker",
            Self::Location(_) => "location",
            Self::Contacts(_) | Self::ContactRequested(_) => "contacts",
            Self::Interactive(_) => "interactive",
            Self::Button { .. } => "button",
            Self::Order { .. } => "order",
            Self::Reaction { .. } => "reaction",
            Self::System(_) => "system",
            Self::Edit { .. } => "edit",
            Self::Revoke { .. } => "revoke",
            Self::Unsupported { .. } => "unsupported",
            Self::Unknown { kind, .. } => kind,
        }
    }

    /// Adds what the type carries to a message that already says its `type`.
    pub(super) fn write(&self, message: &mut Map<String, Value>) {
        message.insert(self.kind().to_owned(), self.body());
        if let Self::Unsupported { kind } = self {
            if kind.is_none() {
                message.remove("unsupported");
            }
            message.insert("errors".to_owned(), unsupported_errors());
        }
        if let Self::ContactRequested(_) = self {
            message.insert("origin".to_owned(), json!("contact_request"));
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Text(body) => json!({ "body": body }),
            Self::Image(media) | Self::Video(media) | Self::Document(media) => {
                Value::Object(media.to_object())
            }
            Self::Audio(media, kind) => flagged(media, "voice", *kind == AudioKind::Voice),
            Self::Sticker(media, kind) => flagged(media, "animated", *kind == StickerKind::Animated),
            Self::Location(place) => place.to_value(),
            Self::Contacts(cards) => cards.iter().map(ContactCard::to_value).collect(),
            Self::ContactRequested(phone) => {
                json!([{ "phones": [{ "phone": format!("+{phone}"), "wa_id": phone }] }])
            }
            Self::Interactive(reply) => reply.to_value(),
            Self::Button { payload, text } => json!({ "payload": payload, "text": text }),
            Self::Order { catalog_id, text, items } => json!({
                "catalog_id": catalog_id,
                "text": text,
                "product_items": items.iter().map(OrderItem::to_value).collect::<Vec<_>>(),
            }),
            Self::Reaction { message_id, emoji: Some(emoji) } => {
                json!({ "message_id": message_id, "emoji": emoji })
            }
            Self::Reaction { message_id, emoji: None } => json!({ "message_id": message_id }),
            Self::System(notice) => notice.to_value(),
            Self::Edit { original_message_id, text } => json!({
                "original_message_id": original_message_id,
                "message": { "type": "text", "text": { "body": text } },
            }),
            Self::Revoke { original_message_id } => json!({ "original_message_id": original_message_id }),
            Self::Unsupported { kind } => json!({ "type": kind }),
            Self::Unknown { body, .. } => body.clone(),
        }
    }
}

impl Place {
    fn to_value(&self) -> Value {
        let mut place = json!({ "latitude": self.latitude, "longitude": self.longitude });
        if let Some(object) = place.as_object_mut() {
            crate::customer::put(object, "name", self.name.as_ref());
            crate::customer::put(object, "address", self.address.as_ref());
        }
        place
    }
}

impl ContactCard {
    fn to_value(&self) -> Value {
        json!({
            "name": {
                "first_name": self.first_name,
                "last_name": self.last_name,
                "formatted_name": format!("{} {}", self.first_name, self.last_name),
            },
            "phones": [{ "phone": format!("+{}", self.phone), "wa_id": self.phone, "type": "MOBILE" }],
        })
    }
}

impl OrderItem {
    fn to_value(&self) -> Value {
        json!({
            "product_retailer_id": self.product_retailer_id,
            "quantity": self.quantity,
            "item_price": self.item_price,
            "currency": self.currency,
        })
    }
}

fn flagged(media: &Media, flag: &str, value: bool) -> Value {
    let mut object = media.to_object();
    object.insert(flag.to_owned(), Value::Bool(value));
    Value::Object(object)
}

fn unsupported_errors() -> Value {
    json!([{
        "code": 131051,
        "title": "Message type unknown",
        "message": "Message type unknown",
        "error_data": { "details": "Message type is currently not supported." },
    }])
}
