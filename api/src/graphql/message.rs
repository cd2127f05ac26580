//! Messages.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use portaria_domain::message::MessageRow;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Who wrote to whom.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::message::Direction")]
pub enum Direction {
    /// The customer wrote to the company.
    Inbound,
    /// The company wrote to the customer.
    Outbound,
}

/// How far a message of the company has come. It never goes back.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::message::DeliveryStatus")]
pub enum DeliveryStatus {
    /// WhatsApp has said nothing of it yet; so it stays for what customers write.
    None,
    /// WhatsApp has it.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer has opened it.
    Read,
    /// The customer has played it.
    Played,
    /// It will not arrive.
    Failed,
}

pub struct Message {
    pub row: Arc<MessageRow>,
    /// What the viewer holds towards its conversation.
    pub held: PermissionSet,
}

impl Subject for Message {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What a customer or the company said.
#[guarded]
impl Message {
    /// Starts with `msg_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Who wrote to whom.
    #[requires(MessageRead)]
    fn direction(&self) -> Direction {
        self.row.direction.into()
    }

    /// WhatsApp's name for the kind of message: `text`, `image`, `order`, ... New ones may appear at any time.
    #[requires(MessageRead)]
    fn kind(&self) -> &str {
        &self.row.kind
    }

    /// What a person reads: text, caption, title or place. Null for what has none, such as a sticker. In what WhatsApp itself says
    /// (`kind` is `system`), the customer's numbers are masked for who may not see the phone.
    #[requires(MessageRead)]
    fn body(&self) -> Option<Cow<'_, str>> {
        self.row.body_for(self.held)
    }

    /// When it was sent, by WhatsApp's clock.
    #[requires(MessageRead)]
    fn sent_at(&self) -> DateTime {
        self.row.sent_at.into()
    }

    /// When it reached Portaria.
    #[requires(MessageRead)]
    fn received_at(&self) -> DateTime {
        self.row.received_at.into()
    }

    /// How far it has come.
    #[requires(MessageRead)]
    fn status(&self) -> DeliveryStatus {
        self.row.status.into()
    }

    /// Who of the company wrote it; null for what customers write, and for what was sent from elsewhere.
    #[requires(MemberRead)]
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.author_id {
            Some(author) => Ok(Request::of(ctx).loaders()?.member(author).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When its writer last changed it; null if never.
    #[requires(MessageRead)]
    fn edited_at(&self) -> Option<DateTime> {
        self.row.edited_at.map(Into::into)
    }

    /// When its writer took it back; null if never.
    #[requires(MessageRead)]
    fn revoked_at(&self) -> Option<DateTime> {
        self.row.revoked_at.map(Into::into)
    }

    /// WhatsApp's own id. It contains the customer's phone number.
    #[requires(ContactReadPhone)]
    fn whatsapp_id(&self) -> &str {
        &self.row.whatsapp_id
    }
}
