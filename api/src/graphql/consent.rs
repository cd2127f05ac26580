//! Consents of customers.

use std::sync::Arc;

use async_graphql::{Context, Enum};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::consent::{ConsentChoice as Choice, ConsentSource as Source, Model};
use portaria_guard::guarded;

use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Whether a customer wants something.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Choice")]
pub enum ConsentChoice {
    /// They do.
    Granted,
    /// They do not: it is not sent.
    Withdrawn,
}

/// How a customer's choice became known.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Source")]
pub enum ConsentSource {
    /// They chose it in WhatsApp. A refusal there only they can take back, there.
    Whatsapp,
    /// WhatsApp did not deliver, because they want no more.
    Undelivered,
    /// Somebody of the company put it down.
    Recorded,
}

pub struct MarketingConsent {
    pub row: Arc<Model>,
    /// What the viewer holds towards the customer.
    pub held: PermissionSet,
}

impl Subject for MarketingConsent {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What a customer, or somebody for them, said once of marketing messages.
#[guarded]
impl MarketingConsent {
    /// Whether they want them.
    #[requires(ContactReadProfile, ConsentManage)]
    fn choice(&self) -> ConsentChoice {
        self.row.choice.into()
    }

    /// How it became known.
    #[requires(ContactReadProfile, ConsentManage)]
    fn source(&self) -> ConsentSource {
        self.row.source.into()
    }

    /// Where or how they said it, for what somebody put down.
    #[requires(ContactReadProfile, ConsentManage)]
    fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }

    /// When they said it.
    #[requires(ContactReadProfile, ConsentManage)]
    fn stated_at(&self) -> DateTime {
        self.row.stated_at.into()
    }

    /// Who put it down; null where WhatsApp told it, or a program put it down.
    #[requires(MemberRead)]
    async fn recorded_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.recorded_by {
            Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
            None => Ok(None),
        }
    }
}
