//! What can be sent in a conversation now, until when, and what it would cost.

use async_graphql::Enum;
use portaria_domain::sending::gate::{Charge, Kind, Obstacle, Permit};
use portaria_domain::sending::options::{CategoryOption, KindOption, Options};
use portaria_guard::guarded;

use super::permission::PermissionKey;
use super::time::DateTime;

/// What kind of message.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Kind")]
pub enum MessageKind {
    /// Words of one's own.
    Text,
    /// A pre-approved reply.
    QuickReply,
    /// An emoji at a message.
    Reaction,
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// A sticker.
    Sticker,
    /// A document.
    Document,
    /// A place.
    Location,
    /// Cards of people.
    Contacts,
    /// A question with buttons.
    Buttons,
    /// A question with a list.
    List,
    /// A form.
    Flow,
    /// An approved template.
    Template,
}

/// By which of Meta's categories a message is charged.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::outgoing_message::MessageCategory")]
pub enum MessageCategory {
    /// Anything but a template.
    Service,
    /// A template about something that the customer has asked for or bought.
    Utility,
    /// A template that advertises.
    Marketing,
    /// A template with a code to sign in.
    Authentication,
}

/// Why something cannot be sent now.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Obstacle")]
pub enum SendObstacle {
    /// A permission is missing there: see `missing`.
    NotPermitted,
    /// The conversation is somebody else's, or nobody's: claim it first.
    NotAssignee,
    /// The number has no access token: an administrator has to connect it.
    NumberNotConnected,
    /// Nothing is sent from the number at present: see the alert on it.
    NumberStopped,
    /// WhatsApp has told no way to write to the customer.
    NotAddressable,
    /// Codes to sign in go to phone numbers only, and the customer's is not known.
    PhoneNeeded,
    /// It cannot be sent to a group.
    NotForGroups,
    /// The customer last wrote more than 24 hours ago: only a template can be sent.
    WindowClosed,
    /// The template is not approved.
    TemplateNotApproved,
    /// Meta has paused the template.
    TemplatePaused,
    /// Meta has disabled or removed the template.
    TemplateDisabled,
    /// The template is not for this number.
    TemplateNotForNumber,
    /// The customer wants no marketing.
    MarketingRefused,
    /// Who has never written gets marketing only if they asked for it.
    ConsentMissing,
    /// Too many messages of the viewer wait to be sent.
    TooManyWaiting,
}

/// What Meta charges for a message.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Charge")]
pub enum MessageCharge {
    /// Nothing: the customer came from an advertisement and was answered within a day.
    FreeEntryPoint,
    /// What Meta's price list has for its category and the customer's country. Of SERVICE messages each number has some free of
    /// charge every month.
    ByCategory,
}

pub struct SendOptions(pub Options);

/// What the viewer can send in a conversation now. The same rules decide when it is sent.
#[guarded]
impl SendOptions {
    /// When this was so.
    #[authenticated]
    fn as_of(&self) -> DateTime {
        self.0.facts.now.into()
    }

    /// Whether the customer wrote within 24 hours, so that anything may be sent.
    #[authenticated]
    fn window_is_open(&self) -> bool {
        self.0.facts.is_window_open()
    }

    /// When the customer-service window closes, or closed; null when the customer never wrote.
    #[authenticated]
    fn window_until(&self) -> Option<DateTime> {
        self.0.facts.window_until().map(Into::into)
    }

    /// Until when messages are free of charge because the customer came from an advertisement; null when they are not.
    #[authenticated]
    fn free_entry_point_until(&self) -> Option<DateTime> {
        self.0.facts.free_entry_until.filter(|_| self.0.facts.is_free_entry()).map(Into::into)
    }

    /// Every kind of message.
    #[authenticated]
    fn kinds(&self) -> Vec<SendKindOption> {
        self.0.kinds.iter().copied().map(SendKindOption).collect()
    }

    /// Every category, and what it would cost.
    #[authenticated]
    fn categories(&self) -> Vec<SendCategoryOption> {
        self.0.categories.iter().copied().map(SendCategoryOption).collect()
    }
}

pub struct SendKindOption(KindOption);

/// Whether a kind of message can be sent now.
#[guarded]
impl SendKindOption {
    /// Which kind.
    #[authenticated]
    fn kind(&self) -> MessageKind {
        self.0.kind.into()
    }

    /// Whether it can be sent.
    #[authenticated]
    fn allowed(&self) -> bool {
        self.0.outcome.is_ok()
    }

    /// What stands in its way first; null when nothing does.
    #[authenticated]
    fn obstacle(&self) -> Option<SendObstacle> {
        self.0.outcome.err().map(Into::into)
    }

    /// Which permissions are missing for it there.
    #[authenticated]
    fn missing(&self) -> Vec<PermissionKey> {
        self.0.missing.iter().map(Into::into).collect()
    }

    /// Until when, as things stand; null where it cannot be sent, or no end is known.
    #[authenticated]
    fn until(&self) -> Option<DateTime> {
        self.0.outcome.ok().and_then(|permit| permit.until).map(Into::into)
    }
}

pub struct SendCategoryOption(CategoryOption);

impl SendCategoryOption {
    fn permit(&self) -> Option<Permit> {
        self.0.outcome.ok()
    }
}

/// Whether something of a category can be sent now, and what it would cost.
#[guarded]
impl SendCategoryOption {
    /// Which category.
    #[authenticated]
    fn category(&self) -> MessageCategory {
        self.0.category.into()
    }

    /// Whether anything of it can be sent: of templates, one that is approved.
    #[authenticated]
    fn allowed(&self) -> bool {
        self.0.outcome.is_ok()
    }

    /// What stands in its way first; null when nothing does.
    #[authenticated]
    fn obstacle(&self) -> Option<SendObstacle> {
        self.0.outcome.err().map(Into::into)
    }

    /// What Meta would charge; null where it cannot be sent.
    #[authenticated]
    fn charge(&self) -> Option<MessageCharge> {
        self.permit().map(|permit| permit.charge.into())
    }
}
