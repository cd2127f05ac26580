//! What surrounds a message: reactions, errors, prices, earlier versions, where its writer came from.

use async_graphql::{Context, Enum};
use portaria_domain::message::content::{self, Forwarding as Passed};
use portaria_domain::message::detail;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::message::{DeliveryStatus, Direction};
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Whether a message was passed on from elsewhere.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Passed")]
pub enum Forwarding {
    /// Its sender wrote it.
    Original,
    /// It was passed on.
    Forwarded,
    /// It has been passed on often: perhaps a chain letter.
    ForwardedOften,
}

pub struct MessageReaction(pub detail::Reaction);

/// A reaction that stands.
#[guarded]
impl MessageReaction {
    /// The emoji.
    #[authenticated]
    fn emoji(&self) -> &str {
        &self.0.emoji
    }

    /// Whose it is: the customer's (`INBOUND`) or the company's (`OUTBOUND`).
    #[authenticated]
    fn direction(&self) -> Direction {
        self.0.direction.into()
    }

    /// When they reacted.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.0.at.into()
    }
}

/// Why a message failed or could not be shown, as far as Portaria understands Meta's code.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum MessageErrorReason {
    /// The customer wrote more than 24 hours ago: only a template may be sent.
    OutsideWindow,
    /// The customer wants no marketing.
    MarketingRefused,
    /// WhatsApp holds marketing back for the customer's sake: try later, or not at all.
    MarketingHeldBack,
    /// The number is not on WhatsApp, or its app is too old.
    Unreachable,
    /// Something about payment is missing at Meta.
    Payment,
    /// The account is locked or restricted.
    AccountRestricted,
    /// Too much was sent: it may pass later.
    TooMuch,
    /// The file could not be fetched or sent.
    Media,
    /// The template is missing, paused, disabled, or was filled wrongly.
    Template,
    /// WhatsApp does not hand on messages of this kind.
    Unsupported,
    /// WhatsApp was not well: it may pass later.
    Passing,
    /// See `code` and `title`.
    Other,
}

impl MessageErrorReason {
    fn of(code: Option<i32>) -> Self {
        match code {
            Some(131_047) => Self::OutsideWindow,
            Some(131_050) => Self::MarketingRefused,
            Some(131_049 | 130_472) => Self::MarketingHeldBack,
            Some(131_026 | 131_021 | 131_062) => Self::Unreachable,
            Some(131_042) => Self::Payment,
            Some(131_031 | 368 | 130_497) => Self::AccountRestricted,
            Some(4 | 80_007 | 130_429 | 131_048 | 131_056 | 131_064) => Self::TooMuch,
            Some(131_052 | 131_053) => Self::Media,
            Some(132_000..=132_099) => Self::Template,
            Some(131_051 | 131_060) => Self::Unsupported,
            Some(1 | 2 | 131_000 | 131_016 | 131_057) => Self::Passing,
            _ => Self::Other,
        }
    }
}

pub struct MessageError(pub content::Fault);

/// An error that WhatsApp told of a message.
#[guarded]
impl MessageError {
    /// Meta's code.
    #[authenticated]
    fn code(&self) -> Option<i32> {
        self.0.code
    }

    /// Meta's words, in English; they change without notice.
    #[authenticated]
    fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// What it means, to be said in the reader's language.
    #[authenticated]
    fn reason(&self) -> MessageErrorReason {
        MessageErrorReason::of(self.0.code)
    }
}

pub struct MessagePricing(pub detail::Pricing);

/// What Meta charges for a message, in its own words.
#[guarded]
impl MessagePricing {
    /// `marketing`, `utility`, `authentication`, `service`, ...
    #[authenticated]
    fn category(&self) -> Option<&str> {
        self.0.category.as_deref()
    }

    /// `regular`, `free_customer_service` or `free_entry_point`.
    #[authenticated]
    fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// `PMP` (by message) or `CBP` (by conversation).
    #[authenticated]
    fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// Whether it is charged.
    #[authenticated]
    fn billable(&self) -> Option<bool> {
        self.0.billable
    }
}

pub struct MessageReceipt {
    pub row: detail::Receipt,
    /// What the viewer holds towards the group.
    pub held: PermissionSet,
}

impl Subject for MessageReceipt {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// How far a message to a group has come to one who is in it.
#[guarded]
impl MessageReceipt {
    /// Who: their number (digits only) or Meta's business-scoped id of them, as `ContactGroup.participants` has it. That it was
    /// shown is recorded, once a day for each who sees it.
    #[requires(ContactReadPhone)]
    async fn participant(&self, ctx: &Context<'_>) -> Result<String> {
        Request::of(ctx).loaders()?.reveal(self.row.group).await?;
        Ok(self.row.participant.clone())
    }

    /// How far. FAILED: it will not reach them.
    #[requires(MessageRead)]
    fn status(&self) -> DeliveryStatus {
        self.row.status.into()
    }

    /// Since when.
    #[requires(MessageRead)]
    fn at(&self) -> DateTime {
        self.row.at.into()
    }
}

pub struct MessageVersion(pub detail::Version);

/// How a message read before its writer changed it.
#[guarded]
impl MessageVersion {
    /// The words.
    #[authenticated]
    fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// Since when it read so.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.0.at.into()
    }
}

pub struct MessageReferral(pub content::Referral);

/// The advertisement or post that the customer came from.
#[guarded]
impl MessageReferral {
    /// `ad` or `post`.
    #[authenticated]
    fn source_type(&self) -> Option<&str> {
        self.0.source_type.as_deref()
    }

    /// Meta's id of it.
    #[authenticated]
    fn source_id(&self) -> Option<&str> {
        self.0.source_id.as_deref()
    }

    /// Where it is on the web.
    #[authenticated]
    fn source_url(&self) -> Option<&str> {
        self.0.source_url.as_deref()
    }

    /// Its headline.
    #[authenticated]
    fn headline(&self) -> Option<&str> {
        self.0.headline.as_deref()
    }

    /// Its text.
    #[authenticated]
    fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// Meta's id of the click, for measuring what the advertisement brought.
    #[authenticated]
    fn click_id(&self) -> Option<&str> {
        self.0.click_id.as_deref()
    }

    /// Who answers until then may write for 72 hours from the answer free of charge.
    #[authenticated]
    fn free_if_answered_by(&self) -> DateTime {
        self.0.free_if_answered_by.into()
    }
}

pub struct ReferredProduct(pub content::ReferredProduct);

/// The product that the customer asks about.
#[guarded]
impl ReferredProduct {
    /// Meta's id of the catalogue.
    #[authenticated]
    fn catalog_id(&self) -> Option<&str> {
        self.0.catalog_id.as_deref()
    }

    /// The company's own id of the product.
    #[authenticated]
    fn product_id(&self) -> Option<&str> {
        self.0.product_id.as_deref()
    }
}
