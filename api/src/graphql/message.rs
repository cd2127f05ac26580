//! Messages.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use portaria_domain::contact::mask_digits;
use portaria_domain::message::MessageRow;
use portaria_domain::message::content::{self, Carried};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::message::{DeliveryStatus as EntityStatus, Direction as EntityDirection, MessageSource};
use portaria_entity::outgoing_message::SendState;
use portaria_guard::guarded;

use super::member::Member;
use super::message_content::MessageContent;
use super::message_detail::{
    Forwarding, MessageError, MessagePricing, MessageReaction, MessageReceipt, MessageReferral,
    MessageVersion, ReferredProduct,
};
use super::send_failure::MessageFailure;
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

/// What a message was written in.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum SentVia {
    /// The customer's WhatsApp.
    Customer,
    /// Portaria, or another program that sends for the number by WhatsApp's Cloud API.
    Api,
    /// The WhatsApp Business app on the company's own phone.
    PhoneApp,
    /// Another application of the company, while it held the conversation (a bot, an agent of Meta's).
    OtherApp,
    /// It is not known: the company wrote it before the number was connected.
    Unknown,
}

impl SentVia {
    fn of(direction: EntityDirection, source: MessageSource) -> Self {
        match (direction, source) {
            (EntityDirection::Inbound, _) => Self::Customer,
            (EntityDirection::Outbound, MessageSource::Live) => Self::Api,
            (EntityDirection::Outbound, MessageSource::Echo) => Self::PhoneApp,
            (EntityDirection::Outbound, MessageSource::Standby | MessageSource::StandbyEcho) => {
                Self::OtherApp
            }
            (EntityDirection::Outbound, MessageSource::History) => Self::Unknown,
        }
    }
}

/// How far a message of the company has come. It never goes back, but that what was UNDECIDED is decided.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// WhatsApp has said nothing of it yet; so it stays for what customers write.
    None,
    /// It waits to be sent, and `cancelMessage` calls it back; or it is on its way, and WhatsApp has not said yet that it has it.
    Queued,
    /// WhatsApp has taken it.
    Accepted,
    /// It went out, and for ten minutes WhatsApp has not said whether it came. It is not sent again by itself: ask the customer,
    /// or send it anew at the risk that it comes twice. If WhatsApp says something later, this changes.
    Undecided,
    /// WhatsApp has sent it.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer has opened it.
    Read,
    /// The customer has played it.
    Played,
    /// It will not arrive: `failure` tells why.
    Failed,
    /// It was called back before it went out.
    Cancelled,
}

impl DeliveryStatus {
    /// What WhatsApp says, and before it has said anything, what Portaria knows.
    fn of(row: &MessageRow) -> Self {
        match (row.status, row.sending) {
            (EntityStatus::None, Some(sending)) => match sending {
                SendState::Queued | SendState::Sending | SendState::Unclear => Self::Queued,
                SendState::Accepted => Self::Accepted,
                SendState::Undecided => Self::Undecided,
                SendState::Refused => Self::Failed,
                SendState::Cancelled => Self::Cancelled,
            },
            (status, _) => status.into(),
        }
    }
}

impl From<EntityStatus> for DeliveryStatus {
    fn from(status: EntityStatus) -> Self {
        match status {
            EntityStatus::None => Self::None,
            EntityStatus::Sent => Self::Sent,
            EntityStatus::Delivered => Self::Delivered,
            EntityStatus::Read => Self::Read,
            EntityStatus::Played => Self::Played,
            EntityStatus::Failed => Self::Failed,
        }
    }
}

pub struct Message {
    pub row: Arc<MessageRow>,
    /// What the viewer holds towards its conversation.
    pub held: PermissionSet,
}

impl Message {
    /// What it carries, unless its writer took it back.
    async fn carried(&self, ctx: &Context<'_>) -> Result<Option<Arc<Carried>>> {
        if self.row.revoked_at.is_some() {
            return Ok(None);
        }
        Request::of(ctx).loaders()?.details.carried.load(self.row.id).await
    }
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

    /// What it was written in: the customer's WhatsApp, the API, or the company's phone.
    #[requires(MessageRead)]
    fn sent_via(&self) -> SentVia {
        SentVia::of(self.row.direction, self.row.source)
    }

    /// WhatsApp's name for the kind of message: `text`, `image`, `order`, ... New ones may appear at any time.
    #[requires(MessageRead)]
    fn kind(&self) -> &str {
        &self.row.kind
    }

    /// What a person reads: text, caption, title or place. Null for what has none, such as a sticker, and for what its writer took
    /// back. In what WhatsApp itself says (`kind` is `system`) and on cards of people, numbers are masked for who may not see the
    /// phone.
    #[requires(MessageRead)]
    fn body(&self) -> Option<Cow<'_, str>> {
        self.row.body_for(self.held)
    }

    /// What it carries, by its kind. Null for what its writer took back.
    #[requires(MessageRead)]
    async fn content(&self, ctx: &Context<'_>) -> Result<Option<MessageContent>> {
        let Some(carried) = self.carried(ctx).await? else { return Ok(None) };
        let body = self.row.body_for(self.held).map(Cow::into_owned);
        Ok(Some(MessageContent::new(carried.content.clone(), (self.row.id, &self.row.kind, body), self.held)))
    }

    /// The message of this conversation that it answers; null where it answers none, or one that is not here.
    #[requires(MessageRead)]
    async fn reply_to(&self, ctx: &Context<'_>) -> Result<Option<Message>> {
        let loaders = Request::of(ctx).loaders()?;
        let Some(id) = loaders.details.answered.load(self.row.id).await? else { return Ok(None) };
        Ok(loaders.message(id).await?.map(|row| Self { row, held: self.held }))
    }

    /// The quick reply that it was (`reply_...`); null when it was none.
    #[requires(MessageRead)]
    async fn quick_reply_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        let found = Request::of(ctx).loaders()?.details.quick_replies.load(self.row.id).await?;
        Ok(found.map(|row| row.quick_reply_id.into()))
    }

    /// Which version of the quick reply it was; null when it was none.
    #[requires(MessageRead)]
    async fn quick_reply_version(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let found = Request::of(ctx).loaders()?.details.quick_replies.load(self.row.id).await?;
        Ok(found.map(|row| row.version))
    }

    /// What the program is called that wrote it: a bot by its own name, another by that of its key. Null for what people write.
    #[requires(MessageRead)]
    async fn program_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match self.row.author_key_id {
            Some(key) => {
                Ok(Request::of(ctx).loaders()?.details.programs.load(key).await?.map(|name| (*name).clone()))
            }
            None => Ok(None),
        }
    }

    /// The reactions that stand: each person's latest, unless they took it back.
    #[requires(MessageRead)]
    async fn reactions(&self, ctx: &Context<'_>) -> Result<Vec<MessageReaction>> {
        let found = Request::of(ctx).loaders()?.details.reactions.load(self.row.id).await?;
        Ok(found.iter().flat_map(|all| all.iter().cloned()).map(MessageReaction).collect())
    }

    /// Whether it was passed on from elsewhere; null for what its writer took back.
    #[requires(MessageRead)]
    async fn forwarding(&self, ctx: &Context<'_>) -> Result<Option<Forwarding>> {
        Ok(self.carried(ctx).await?.map(|carried| carried.forwarding.into()))
    }

    /// The advertisement or post that the customer came from; null if from none.
    #[requires(MessageRead)]
    async fn referral(&self, ctx: &Context<'_>) -> Result<Option<MessageReferral>> {
        Ok(self.carried(ctx).await?.and_then(|carried| carried.referral.clone()).map(MessageReferral))
    }

    /// The product that the customer asks about; null if about none.
    #[requires(MessageRead)]
    async fn referred_product(&self, ctx: &Context<'_>) -> Result<Option<ReferredProduct>> {
        Ok(self.carried(ctx).await?.and_then(|carried| carried.product.clone()).map(ReferredProduct))
    }

    /// What WhatsApp told of what went wrong with it; empty when nothing did.
    #[requires(MessageRead)]
    async fn errors(&self, ctx: &Context<'_>) -> Result<Vec<MessageError>> {
        let own = self.carried(ctx).await?.map(|carried| carried.faults.clone()).unwrap_or_default();
        let outcome = Request::of(ctx).loaders()?.details.outcomes.load(self.row.id).await?;
        let later: Vec<content::Fault> = outcome.map(|outcome| outcome.faults.clone()).unwrap_or_default();
        Ok(own.into_iter().chain(later).map(MessageError).collect())
    }

    /// What Meta charges for it; null where it has not said.
    #[requires(MessageRead, BillingRead)]
    async fn pricing(&self, ctx: &Context<'_>) -> Result<Option<MessagePricing>> {
        let outcome = Request::of(ctx).loaders()?.details.outcomes.load(self.row.id).await?;
        Ok(outcome.and_then(|outcome| outcome.pricing.clone()).map(MessagePricing))
    }

    /// How it read before its writer changed it, the first words first. Empty where it was never changed, and for what its
    /// writer took back.
    #[requires(MessageRead)]
    async fn earlier_versions(&self, ctx: &Context<'_>) -> Result<Vec<MessageVersion>> {
        if self.row.revoked_at.is_some() || self.row.edited_at.is_none() {
            return Ok(Vec::new());
        }
        let found = Request::of(ctx).loaders()?.details.versions.load(self.row.id).await?;
        Ok(found.iter().flat_map(|all| all.iter().cloned()).map(MessageVersion).collect())
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

    /// How far it has come. In a group: to everybody who is known to be in it; where that is not known, DELIVERED when it reached
    /// somebody, and never more. `receipts` tells of each.
    #[requires(MessageRead)]
    fn status(&self) -> DeliveryStatus {
        DeliveryStatus::of(&self.row)
    }

    /// Why it was not sent, or did not arrive; null while it may.
    #[requires(MessageRead)]
    async fn failure(&self, ctx: &Context<'_>) -> Result<Option<MessageFailure>> {
        if DeliveryStatus::of(&self.row) != DeliveryStatus::Failed {
            return Ok(None);
        }
        let details = &Request::of(ctx).loaders()?.details;
        let outgoing = details.outgoing.load(self.row.id).await?;
        let told = details.outcomes.load(self.row.id).await?;
        Ok(Some(MessageFailure::of(outgoing.as_deref(), told.as_deref())))
    }

    /// Of what the company said in a group: how far it has come to each of whom WhatsApp has told. Empty elsewhere.
    #[requires(MessageRead)]
    async fn receipts(&self, ctx: &Context<'_>) -> Result<Vec<MessageReceipt>> {
        let found = Request::of(ctx).loaders()?.details.receipts.load(self.row.id).await?;
        let receipt = |row| MessageReceipt { row, held: self.held };
        Ok(found.iter().flat_map(|all| all.iter().cloned()).map(receipt).collect())
    }

    /// Who of the company wrote it; null for what customers write, and for what was sent from elsewhere.
    #[requires(MemberRead)]
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.author_id {
            Some(author) => Ok(Request::of(ctx).loaders()?.member(author).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// What who wrote it in a group is called; null in a private conversation, where it is the customer. A number in it is masked
    /// for who may not see the phone.
    #[requires(ContactRead)]
    async fn sender_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let Some(name) = Request::of(ctx).loaders()?.details.senders.load(self.row.id).await? else {
            return Ok(None);
        };
        Ok(Some(match self.held.contains(Permission::ContactReadPhone) {
            true => name.as_ref().clone(),
            false => mask_digits(&name),
        }))
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

    /// WhatsApp's own id. It contains the customer's phone number. Null until WhatsApp has given one.
    #[requires(ContactReadPhone)]
    fn whatsapp_id(&self) -> Option<&str> {
        Some(self.row.whatsapp_id.as_str()).filter(|id| *id != self.row.id.to_string())
    }
}
