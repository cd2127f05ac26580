//! What the company offers to choose from, and what the customer chose.

use async_graphql::Enum;
use portaria_domain::message::content::{self, ChoiceKind as Choosing};
use portaria_guard::guarded;

use crate::graphql::time::DateTime;

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

pub struct ChoiceContent(pub(super) content::Choice);

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

pub struct OfferContent(pub(super) content::Offer);

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
