//! What a message carries, by its kind.

mod choice;
mod contact_card;
mod media;
mod order;

use async_graphql::{Enum, Union};
use portaria_domain::message::content::{self, CallOutcome as Outcome, Content};
use portaria_domain::permission::PermissionSet;
use portaria_entity::id::MessageId;
use portaria_guard::guarded;

use choice::{ChoiceContent, OfferContent};
use contact_card::ContactCardsContent;
use media::MediaContent;
use order::OrderContent;

/// What a message carries. Ask by `... on MediaContent { ... }` and so on; kinds that are new at WhatsApp are `OtherContent`.
#[derive(Union)]
pub enum MessageContent {
    Text(TextContent),
    Media(MediaContent),
    Location(LocationContent),
    ContactCards(ContactCardsContent),
    Choice(ChoiceContent),
    Offer(OfferContent),
    Form(FormContent),
    Order(OrderContent),
    Template(TemplateContent),
    Call(CallContent),
    System(SystemContent),
    Unsupported(UnsupportedContent),
    Other(OtherContent),
}

impl MessageContent {
    /// The content as who holds these permissions sees it, with the words that stand now.
    pub fn new(
        content: Content,
        (message_id, kind, body): (MessageId, &str, Option<String>),
        held: PermissionSet,
    ) -> Self {
        match content {
            Content::Text => Self::Text(TextContent { body }),
            Content::Media(told) => Self::Media(MediaContent::new(told, body, message_id)),
            Content::Location(place) => Self::Location(LocationContent(place)),
            Content::Cards(cards) => Self::ContactCards(ContactCardsContent::new(cards, held)),
            Content::Choice(choice) => Self::Choice(ChoiceContent(choice)),
            Content::Offer(offer) => Self::Offer(OfferContent(offer)),
            Content::Form(form) => Self::Form(FormContent(form)),
            Content::Order(order) => Self::Order(OrderContent::new(order, body)),
            Content::Template(template) => Self::Template(TemplateContent(template)),
            Content::Call(call) => Self::Call(CallContent(call)),
            Content::System => Self::System(SystemContent { body }),
            Content::Unsupported => Self::Unsupported(UnsupportedContent { kind: kind.to_owned() }),
            Content::Other => Self::Other(OtherContent { kind: kind.to_owned(), body }),
        }
    }
}

pub struct TextContent {
    body: Option<String>,
}

/// Words.
#[guarded]
impl TextContent {
    /// The words, as they were changed last.
    #[authenticated]
    fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

pub struct LocationContent(content::Location);

/// A place.
#[guarded]
impl LocationContent {
    /// Degrees north.
    #[authenticated]
    fn latitude(&self) -> Option<f64> {
        self.0.latitude
    }

    /// Degrees east.
    #[authenticated]
    fn longitude(&self) -> Option<f64> {
        self.0.longitude
    }

    /// What it is called.
    #[authenticated]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Where it is.
    #[authenticated]
    fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// Its page on the web.
    #[authenticated]
    fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }
}

pub struct FormContent(content::Form);

/// A form (WhatsApp Flow) that the customer completed.
#[guarded]
impl FormContent {
    /// What the form is called.
    #[authenticated]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// What they filled in: a JSON object as text, its members named by the form.
    #[authenticated]
    fn response_json(&self) -> Option<&str> {
        self.0.response.as_deref()
    }
}

pub struct TemplateContent(content::TemplateUse);

/// A template that was sent from elsewhere.
#[guarded]
impl TemplateContent {
    /// Its name.
    #[authenticated]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Its language, as WhatsApp writes it: `pt_BR`.
    #[authenticated]
    fn language(&self) -> Option<&str> {
        self.0.language.as_deref()
    }
}

/// What became of a call.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Outcome")]
pub enum CallOutcome {
    /// It has begun; its end has not been told.
    Begun,
    /// It was taken.
    Taken,
    /// Nobody took it.
    Missed,
}

pub struct CallContent(content::Call);

/// A call. `Message.direction` tells who called.
#[guarded]
impl CallContent {
    /// What became of it.
    #[authenticated]
    fn outcome(&self) -> CallOutcome {
        self.0.outcome.into()
    }

    /// How long they spoke; null where it was not taken, or has not ended.
    #[authenticated]
    fn duration_seconds(&self) -> Option<i32> {
        self.0.seconds
    }
}

pub struct SystemContent {
    body: Option<String>,
}

/// What WhatsApp itself says: of a changed number, of who has the conversation now.
#[guarded]
impl SystemContent {
    /// The words. The customer's numbers are masked for who may not see the phone.
    #[authenticated]
    fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

pub struct UnsupportedContent {
    kind: String,
}

/// Something that WhatsApp does not hand on. `Message.errors` tells why.
#[guarded]
impl UnsupportedContent {
    /// WhatsApp's name for the kind of message.
    #[authenticated]
    fn kind(&self) -> &str {
        &self.kind
    }
}

pub struct OtherContent {
    kind: String,
    body: Option<String>,
}

/// Something of a kind that Portaria does not know yet.
#[guarded]
impl OtherContent {
    /// WhatsApp's name for the kind of message.
    #[authenticated]
    fn kind(&self) -> &str {
        &self.kind
    }

    /// Words, where any were found in it.
    #[authenticated]
    fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}
