//! Why a message was not sent, or did not arrive.

use async_graphql::Enum;
use portaria_domain::contact::mask_digits;
use portaria_domain::message::detail::Outcome;
use portaria_domain::sending::failure::{Remedy, remedy};
use portaria_domain::sending::words::in_words;
use portaria_entity::outgoing_message::{Model, SendFailure};
use portaria_guard::guarded;

/// Why a message was not sent, or did not arrive.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "SendFailure")]
pub enum MessageFailureReason {
    /// More than 24 hours have passed since the customer last wrote.
    WindowClosed,
    /// The customer wants no marketing.
    MarketingStopped,
    /// WhatsApp keeps marketing from the customer for a while, to spare them too much of it.
    MarketingHeldBack,
    /// WhatsApp cannot deliver there: no WhatsApp, an old one, or the customer has blocked the company.
    Undeliverable,
    /// WhatsApp knows no address of the customer that would do.
    NotAddressable,
    /// The template is paused, disabled, or gone.
    TemplateUnusable,
    /// The values do not fit the template.
    TemplateValues,
    /// The file was not taken.
    Media,
    /// WhatsApp does not take the message as it is.
    Invalid,
    /// Too much was sent, for too long.
    RateLimited,
    /// The number or the account may not send.
    NumberStopped,
    /// WhatsApp wants a payment method.
    Payment,
    /// Who wrote it was no longer permitted to when its turn came.
    NotPermitted,
    /// It waited for too long.
    Expired,
    /// WhatsApp was out of order for too long.
    Unavailable,
    /// A reason that is not known here: see `code` and `details`.
    Other,
}

pub struct MessageFailure {
    reason: SendFailure,
    code: Option<i64>,
    details: Option<String>,
}

impl MessageFailure {
    /// By what Portaria knows itself, else by what a status told.
    pub fn of(outgoing: Option<&Model>, told: Option<&Outcome>) -> Self {
        if let Some((row, reason)) = outgoing.and_then(|row| Some((row, row.failure?))) {
            return Self { reason, code: row.failure_code, details: row.failure_details.clone() };
        }
        let fault = told.and_then(|told| told.faults.last());
        let code = fault.and_then(|fault| fault.code).map(i64::from);
        let reason = match code.map(|code| remedy(400, code)) {
            Some(Remedy::GiveUp(reason)) => reason,
            Some(Remedy::SlowDown | Remedy::SlowDownConversation) => SendFailure::RateLimited,
            Some(Remedy::Again) => SendFailure::Unavailable,
            Some(Remedy::Stop(_)) => SendFailure::NumberStopped,
            None => SendFailure::Other,
        };
        Self { reason, code, details: fault.and_then(|fault| fault.title.clone()) }
    }
}

/// Why a message was not sent, or did not arrive.
#[guarded]
impl MessageFailure {
    /// Which reason it is: programs go by this.
    #[authenticated]
    fn reason(&self) -> MessageFailureReason {
        self.reason.into()
    }

    /// A sentence for who wrote the message, with what they can do.
    #[authenticated]
    fn explanation(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. English if not said.")] locale: Option<String>,
    ) -> &'static str {
        in_words(locale.as_deref().unwrap_or("en"), self.reason)
    }

    /// Meta's error code; null where Meta was not asked.
    #[authenticated]
    fn code(&self) -> Option<i64> {
        self.code
    }

    /// What Meta says of it, in English and for developers. Numbers in it are masked.
    #[authenticated]
    fn details(&self) -> Option<String> {
        self.details.as_deref().map(mask_digits)
    }
}
