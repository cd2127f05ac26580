//! What a message carries, by its kind.

use std::sync::Arc;

use async_graphql::{Context, Enum, Union};
use portaria_domain::contact::mask_digits;
use portaria_domain::media;
use portaria_domain::message::content;
use portaria_domain::message::content::{
    CallOutcome as Outcome, Card, ChoiceKind as Choosing, Content, MediaKind as File, OrderItem as Item,
};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::MessageId;
use portaria_entity::media_file;
use portaria_guard::guarded;

use super::media_file::{MediaReason, MediaState};
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::media::in_base64;
use crate::request::Request;

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
            Content::Media(told) => Self::Media(MediaContent { told, caption: body, message_id }),
            Content::Location(place) => Self::Location(LocationContent(place)),
            Content::Cards(cards) => {
                let cards = cards.into_iter().map(|card| ContactCard { card, held }).collect();
                Self::ContactCards(ContactCardsContent(cards))
            }
            Content::Choice(choice) => Self::Choice(ChoiceContent(choice)),
            Content::Offer(offer) => Self::Offer(OfferContent(offer)),
            Content::Form(form) => Self::Form(FormContent(form)),
            Content::Order(order) => Self::Order(OrderContent { order, note: body }),
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

/// What kind of file.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "File")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A document.
    Document,
    /// A sound; recorded in the conversation if `voice`.
    Audio,
    /// A sticker.
    Sticker,
}

pub struct MediaContent {
    /// As the message tells of it.
    told: content::Media,
    caption: Option<String>,
    message_id: MessageId,
}

impl MediaContent {
    /// The file itself; none of what came before files were fetched.
    async fn file(&self, ctx: &Context<'_>) -> Result<Option<Arc<media_file::Model>>> {
        Request::of(ctx).loaders()?.details.files.load(self.message_id).await
    }
}

/// A file. Portaria fetches it from Meta, keeps it, and gives it out by `url`.
#[guarded]
impl MediaContent {
    /// What kind of file it is.
    #[authenticated]
    fn kind(&self) -> MediaKind {
        self.told.kind.into()
    }

    /// Meta's id of the file; null for what was handed in here.
    #[authenticated]
    fn media_id(&self) -> Option<&str> {
        self.told.id.as_deref()
    }

    /// Where it is. Null for what came before Portaria fetched files.
    #[authenticated]
    async fn state(&self, ctx: &Context<'_>) -> Result<Option<MediaState>> {
        Ok(self.file(ctx).await?.map(|file| file.state.into()))
    }

    /// Why it is not there, or not yet; null where nothing is the matter.
    #[authenticated]
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<MediaReason>> {
        Ok(self.file(ctx).await?.and_then(|file| file.reason).map(Into::into))
    }

    /// The file, for whoever asks here, and for two minutes (as configured): show it, play it, or save it by this address, which
    /// needs no other sign-in. It stops working as soon as the asker may not read the message any more. Null unless `state` is
    /// AVAILABLE. Parts of it may be asked for by `Range`.
    #[authenticated]
    async fn url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let Some(file) = self.file(ctx).await? else { return Ok(None) };
        if file.state != media_file::MediaState::Stored {
            return Ok(None);
        }
        let request = Request::of(ctx);
        let (url, _) = media::link(&request.installation, request.viewer()?, self.message_id, file.id)?;
        Ok(Some(url))
    }

    /// How many bytes it has; null while that is not known.
    #[authenticated]
    async fn bytes(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let file = self.file(ctx).await?;
        Ok(file.and_then(|file| file.bytes).and_then(|bytes| bytes.try_into().ok()))
    }

    /// Its media type, as its content shows it, else as its sender told: `image/jpeg`.
    #[authenticated]
    async fn mime_type(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let seen = self.file(ctx).await?.and_then(|file| file.detected_type.clone());
        Ok(seen.or_else(|| self.told.mime_type.clone()))
    }

    /// SHA-256 of the file, in base64.
    #[authenticated]
    async fn sha256(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let found = self.file(ctx).await?.and_then(|file| in_base64(file.digest.as_deref()?));
        Ok(found.or_else(|| self.told.sha256.clone()))
    }

    /// What its sender called it, without what could mislead; documents only.
    #[authenticated]
    fn filename(&self) -> Option<String> {
        self.told.filename.as_deref().and_then(media::harmless)
    }

    /// What its sender wrote under it.
    #[authenticated]
    fn caption(&self) -> Option<&str> {
        self.caption.as_deref()
    }

    /// Whether it was spoken into the conversation.
    #[authenticated]
    fn voice(&self) -> bool {
        self.told.voice
    }

    /// Whether the sticker moves.
    #[authenticated]
    fn animated(&self) -> bool {
        self.told.animated
    }

    /// Until when Meta keeps it. What Portaria has fetched stays.
    #[authenticated]
    fn expires_at(&self) -> DateTime {
        self.told.expires_at.into()
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

pub struct ContactCardsContent(Vec<ContactCard>);

/// People whom the writer tells of.
#[guarded]
impl ContactCardsContent {
    /// One card a person.
    #[authenticated]
    fn cards(&self) -> &[ContactCard] {
        &self.0
    }
}

pub struct ContactCard {
    card: Card,
    held: PermissionSet,
}

impl Subject for ContactCard {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// Somebody of whom the writer tells.
#[guarded]
impl ContactCard {
    /// Their name. A number in it is masked for who may not see the phone.
    #[requires(MessageRead)]
    fn name(&self) -> Option<String> {
        let name = self.card.name.as_deref()?;
        Some(match self.held.contains(Permission::ContactReadPhone) {
            true => name.to_owned(),
            false => mask_digits(name),
        })
    }

    /// Where they work.
    #[requires(MessageRead)]
    fn organization(&self) -> Option<String> {
        let organization = self.card.organization.as_deref()?;
        Some(match self.held.contains(Permission::ContactReadPhone) {
            true => organization.to_owned(),
            false => mask_digits(organization),
        })
    }

    /// Their phone numbers, as the writer's address book has them.
    #[requires(ContactReadPhone)]
    fn phones(&self) -> &[String] {
        &self.card.phones
    }

    /// Their e-mail addresses.
    #[requires(ContactReadPhone)]
    fn emails(&self) -> &[String] {
        &self.card.emails
    }

    /// The card itself, for an address book.
    #[requires(ContactReadPhone)]
    fn vcard(&self) -> Option<&str> {
        self.card.vcard.as_deref()
    }
}

/// Of what kind a choice was.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Choosing")]
pub enum ChoiceKind {
    /// A button of a message.
    Button,
    /// A row of a list.
    ListRow,
    /// A button of a template.
    TemplateButton,
    /// Whether the company may call: `title` is `accept` or `reject`.
    CallPermission,
    /// A way to pay.
    PaymentMethod,
}

pub struct ChoiceContent(content::Choice);

/// What the customer chose among what the company offered.
#[guarded]
impl ChoiceContent {
    /// Of what kind the choice was.
    #[authenticated]
    fn kind(&self) -> ChoiceKind {
        self.0.kind.into()
    }

    /// What the company named it by when it offered it: the id of a button or row, the payload of a template's button.
    #[authenticated]
    fn choice_id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// What the customer read on it.
    #[authenticated]
    fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// What else stood there; rows of lists only.
    #[authenticated]
    fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Until when a permission to call holds; null where it does not end, or for other choices.
    #[authenticated]
    fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }
}

pub struct OfferContent(content::Offer);

/// What the company offered to choose from: buttons, a list, or a form. The question is the message's `body`.
#[guarded]
impl OfferContent {
    /// What stands above.
    #[authenticated]
    fn header(&self) -> Option<&str> {
        self.0.header.as_deref()
    }

    /// What stands below in small letters.
    #[authenticated]
    fn footer(&self) -> Option<&str> {
        self.0.footer.as_deref()
    }

    /// What the customer taps to see a list or to open a form; null for buttons.
    #[authenticated]
    fn button(&self) -> Option<&str> {
        self.0.button.as_deref()
    }

    /// The buttons, or the rows of the list; empty for a form.
    #[authenticated]
    fn options(&self) -> Vec<OfferedOption> {
        self.0.options.iter().cloned().map(OfferedOption).collect()
    }
}

pub struct OfferedOption(content::OfferedOption);

/// Something that the customer may choose.
#[guarded]
impl OfferedOption {
    /// Comes back as `choiceId` when they choose it.
    #[authenticated]
    fn choice_id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// What stands on it.
    #[authenticated]
    fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// What else stands there; rows of lists only.
    #[authenticated]
    fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The part of the list that it stands in.
    #[authenticated]
    fn section(&self) -> Option<&str> {
        self.0.section.as_deref()
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

pub struct OrderContent {
    order: content::Order,
    note: Option<String>,
}

/// An order from the catalogue.
#[guarded]
impl OrderContent {
    /// Meta's id of the catalogue.
    #[authenticated]
    fn catalog_id(&self) -> Option<&str> {
        self.order.catalog_id.as_deref()
    }

    /// What the customer wrote with it.
    #[authenticated]
    fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// What is ordered.
    #[authenticated]
    fn items(&self) -> Vec<OrderItem> {
        self.order.items.iter().cloned().map(OrderItem).collect()
    }
}

pub struct OrderItem(Item);

/// A line of an order.
#[guarded]
impl OrderItem {
    /// The company's own id of the product.
    #[authenticated]
    fn product_id(&self) -> Option<&str> {
        self.0.product_id.as_deref()
    }

    /// How many.
    #[authenticated]
    fn quantity(&self) -> Option<i32> {
        self.0.quantity
    }

    /// Price of one, in decimals: `23.90`.
    #[authenticated]
    fn price(&self) -> Option<&str> {
        self.0.price.as_deref()
    }

    /// ISO 4217 code of the price's currency: `BRL`.
    #[authenticated]
    fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
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
