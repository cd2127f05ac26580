//! What Meta delivered, and the way of a message from there to people's screens.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::webhook_delivery::{DeliveryRow, Sighting, Trace, TracedEvent, held};
use portaria_domain::{conversation, message};
use portaria_entity::id::WebhookDeliveryId;
use portaria_entity::routing_decision;
use portaria_guard::guarded;
use uuid::Uuid;

use super::channel::Channel;
use super::connection::{decode_cursor, encode_cursor};
use super::conversation::Conversation;
use super::message::Message;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// What has become of a delivery.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::webhook_delivery::WebhookDeliveryStatus")]
pub enum WebhookDeliveryStatus {
    /// It waits to be worked through, for the first time or again.
    Pending,
    /// All that it tells has been worked through.
    Done,
    /// It was set aside: something in it failed each time. `replayWebhookDelivery` tries again.
    Dead,
}

/// How Portaria came to know of a message.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::message::MessageSource")]
pub enum MessageSource {
    /// From what was said before the number was connected.
    History,
    /// What another application sent while it held the conversation.
    StandbyEcho,
    /// What was said while another application held the conversation.
    Standby,
    /// Sent from the WhatsApp Business app.
    Echo,
    /// Said to the company by the customer, or sent through Portaria.
    Live,
}

pub struct WebhookDelivery(pub DeliveryRow);

impl Subject for WebhookDelivery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        held(viewer, &self.0)
    }
}

impl WebhookDelivery {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.0.id.0.as_bytes()])
    }
}

pub fn delivery_cursor(cursor: &str) -> Result<WebhookDeliveryId> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(WebhookDeliveryId(Uuid::from_bytes(bytes)))
}

/// What Meta sent in one request, and what became of it.
#[guarded]
impl WebhookDelivery {
    /// Starts with `whd_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What has become of it.
    #[requires(WebhookEventRead)]
    fn status(&self) -> WebhookDeliveryStatus {
        self.0.status.into()
    }

    /// How often it was tried. What is not its own fault, such as a database that was away, is not counted.
    #[requires(WebhookEventRead)]
    fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// Why the last attempt failed, in words that hold nothing of what it says.
    #[requires(WebhookEventRead)]
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// When it was received, and acknowledged.
    #[requires(WebhookEventRead)]
    fn received_at(&self) -> DateTime {
        self.0.received_at.into()
    }

    /// When it was done, or set aside.
    #[requires(WebhookEventRead)]
    fn processed_at(&self) -> Option<DateTime> {
        self.0.processed_at.map(Into::into)
    }

    /// When it is due; of what is done or dead, when it was last.
    #[requires(WebhookEventRead)]
    fn next_attempt_at(&self) -> DateTime {
        self.0.next_attempt_at.into()
    }

    /// Messages, statuses and other changes in it that were new when it was last worked through.
    #[requires(WebhookEventRead)]
    fn stored_count(&self) -> i32 {
        self.0.stored_count
    }

    /// Those that were known already.
    #[requires(WebhookEventRead)]
    fn duplicate_count(&self) -> i32 {
        self.0.duplicate_count
    }

    /// Those for a number or an account that is not this workspace's. They have no effect; they are taken up by themselves when
    /// that is registered.
    #[requires(WebhookEventRead)]
    fn foreign_count(&self) -> i32 {
        self.0.foreign_count
    }

    /// The number that all of it is about; null if it is about several or none, or has not been read yet.
    #[requires(WebhookEventRead)]
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
        match self.0.channel_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.channel(id).await?.map(Channel)),
            None => Ok(None),
        }
    }
}

pub struct DeliverySighting(pub Sighting);

/// A delivery that told of a message.
#[guarded]
impl DeliverySighting {
    /// Which one (`whd_...`), also when it has been removed by age.
    #[authenticated]
    fn delivery_id(&self) -> ID {
        self.0.delivery_id.into()
    }

    /// The delivery; null once it was removed by age, or if the viewer may not see it.
    #[authenticated]
    fn delivery(&self) -> Option<WebhookDelivery> {
        self.0.delivery.clone().map(WebhookDelivery)
    }

    /// Which status of the message it told first, in WhatsApp's word; null if it told the message itself, or nothing new.
    #[authenticated]
    fn status(&self) -> Option<&str> {
        self.0.status.as_deref()
    }

    /// Whether what it told of the message was known already.
    #[authenticated]
    fn again(&self) -> bool {
        self.0.again
    }
}

pub struct TraceDecision(pub routing_decision::Model);

/// A decision on who gets the conversation, taken since the message was stored.
#[guarded]
impl TraceDecision {
    /// When.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// Why somebody was looked for: `new_episode`, `drain`, `access_lost`. More may come.
    #[authenticated]
    fn cause(&self) -> &'static str {
        self.0.cause.into()
    }

    /// Whether somebody was found.
    #[authenticated]
    fn assigned(&self) -> bool {
        self.0.assignee_id.is_some()
    }
}

pub struct TraceEvent(pub TracedEvent);

/// An event that told subscribers of the message.
#[guarded]
impl TraceEvent {
    /// What happened: `message_received`, `message_updated`. More may come.
    #[authenticated]
    fn kind(&self) -> &'static str {
        self.0.kind.into()
    }

    /// Its place in the order in which subscribers get events; null as long as it was not given to them.
    #[authenticated]
    fn sequence(&self) -> Option<String> {
        self.0.sequence.map(|sequence| sequence.to_string())
    }

    /// When it was written, with what it tells of. Subscribers get it within a quarter of a second.
    #[authenticated]
    fn at(&self) -> DateTime {
        self.0.at.into()
    }
}

pub struct DeliveryTrace(pub Trace);

impl Subject for DeliveryTrace {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// What became of a message, from the bytes that told of it to people's screens.
#[guarded]
impl DeliveryTrace {
    /// The deliveries that told of it or of its statuses, the earliest first; at most 200 of each kind.
    #[authenticated]
    fn sightings(&self) -> Vec<DeliverySighting> {
        self.0.sightings.iter().cloned().map(DeliverySighting).collect()
    }

    /// How Portaria came to know of it; null while there are only statuses of it.
    #[authenticated]
    fn source(&self) -> Option<MessageSource> {
        self.0.message.map(|(_, source)| source.into())
    }

    /// The message; null while there are only statuses of it.
    #[requires(MessageRead)]
    async fn message(&self, ctx: &Context<'_>) -> Result<Option<Message>> {
        let (Some((id, _)), Some(place)) = (self.0.message, self.0.conversation_id) else { return Ok(None) };
        let request = Request::of(ctx);
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let held = conversation::find(reader, viewer, place).await?.held;
        let row = message::by_ids(reader, viewer.workspace_id, &[id]).await?.remove(&id);
        Ok(row.map(|row| Message { row: Arc::new(row), held }))
    }

    /// The conversation that it is in.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn conversation(&self, ctx: &Context<'_>) -> Result<Option<Conversation>> {
        let Some(place) = self.0.conversation_id else { return Ok(None) };
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(Some(Conversation(conversation::find(reader, request.viewer()?, place).await?)))
    }

    /// Who was looked for since: the first decisions on its conversation after it was stored, at most 200.
    #[authenticated]
    fn decisions(&self) -> Vec<TraceDecision> {
        self.0.decisions.iter().cloned().map(TraceDecision).collect()
    }

    /// The events that told of it, the earliest first; at most 200.
    #[authenticated]
    fn events(&self) -> Vec<TraceEvent> {
        self.0.events.iter().copied().map(TraceEvent).collect()
    }
}

pub struct WebhookDeliveryBody {
    pub text: Option<String>,
    pub redacted: bool,
}

/// What a delivery says.
#[guarded]
impl WebhookDeliveryBody {
    /// JSON. Whole for who has `MESSAGE_READ` and `CONTACT_READ_PHONE` on its number (everywhere, if it is about several), which is put
    /// down in the activity log; for others texts, names, ids and numbers in it are replaced by `…`. Null for others if it is not JSON.
    #[authenticated]
    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether anything was replaced.
    #[authenticated]
    fn redacted(&self) -> bool {
        self.redacted
    }
}
