//! What can be followed. Each event is checked anew against the viewer as they are then.

use async_graphql::{Context, ID};
use futures_util::Stream;
use futures_util::stream::unfold;
use portaria_domain::access::Reading;
use portaria_domain::conversation::ConversationRow;
use portaria_domain::event::{Published, Sight};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer as DomainViewer;
use portaria_entity::event::EventKind;
use portaria_entity::id::{ChannelId, ConversationId};
use portaria_guard::{guarded, guarded_subscription};

use super::assignment::{ConversationAssignment, next_assignment};
use super::conversation::Conversation;
use super::follower::Follower;
use super::message::Message;
use super::presence::{PresenceChange, PresenceFollower};
use super::typing::{Typing, TypingFollower};
use crate::error::Result;
use crate::guard::Subject;
use crate::live::Live;

pub struct Subscription;

impl Subject for Subscription {
    fn held(&self, viewer: &DomainViewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

pub struct MessageEvent {
    message: Message,
    conversation: Conversation,
    cursor: String,
}

/// A message that has been stored, or has changed.
#[guarded]
impl MessageEvent {
    /// The message.
    #[authenticated]
    fn message(&self) -> &Message {
        &self.message
    }

    /// The conversation that it belongs to, as it is now.
    #[authenticated]
    fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// The place of this event in their order: give it as `after` to go on behind it when the connection was lost.
    #[authenticated]
    fn cursor(&self) -> &str {
        &self.cursor
    }
}

pub struct ConversationChange {
    id: ConversationId,
    conversation: Option<Conversation>,
    merged_into: Option<Conversation>,
    cursor: String,
}

/// That a conversation is new, or has changed hands, state, or what was said last.
#[guarded]
impl ConversationChange {
    /// Which conversation (`conv_...`).
    #[authenticated]
    fn conversation_id(&self) -> ID {
        self.id.into()
    }

    /// The conversation as it is now. Null: it has gone out of the viewer's sight, so take it off the list.
    #[authenticated]
    fn conversation(&self) -> Option<&Conversation> {
        self.conversation.as_ref()
    }

    /// Where `conversation` is null because it has become part of another: that one, if the viewer may see it. Who has it open
    /// goes on there.
    #[authenticated]
    fn merged_into(&self) -> Option<&Conversation> {
        self.merged_into.as_ref()
    }

    /// The place of this event in their order: give it as `after` to go on behind it when the connection was lost.
    #[authenticated]
    fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// The next message of this kind that the viewer may read.
async fn next_message(follower: &mut Follower, kind: EventKind) -> Result<Live<MessageEvent>> {
    loop {
        let (published, viewer) = follower.next().await?;
        if published.kind != kind {
            continue;
        }
        let Sight { conversation: Some(conversation), message: Some(message) } =
            follower.sight(&published).await?
        else {
            continue;
        };
        let Some(row) = ConversationRow::of(&viewer, (*conversation).clone()) else { continue };
        if row.reading != Reading::Whole || !row.held.contains(Permission::MessageRead) {
            continue;
        }
        let message = Message { row: message, held: row.held };
        let cursor = follower.cursor(&viewer, &published)?;
        return Ok(follower.live(viewer, MessageEvent { message, conversation: Conversation(row), cursor }));
    }
}

/// The next conversation that has changed, of those that the viewer sees or saw before.
async fn next_change(follower: &mut Follower) -> Result<Live<ConversationChange>> {
    loop {
        let (published, viewer) = follower.next().await?;
        match published.kind {
            EventKind::ConversationChanged | EventKind::MessageReceived => {}
            // Who has it changes only with the conversation.
            EventKind::MessageUpdated | EventKind::ConversationAssigned | EventKind::AccessChanged => {
                continue;
            }
        }
        let Some(found) = follower.sight(&published).await?.conversation else { continue };
        let (id, channel) = (found.id, found.channel_id);
        let conversation = ConversationRow::of(&viewer, (*found).clone()).map(Conversation);
        if conversation.is_some() || saw_before(&viewer, &published, channel) {
            let cursor = follower.cursor(&viewer, &published)?;
            let merged_into = match found.merged_into_id {
                Some(into) => seen(follower, &viewer, into).await?,
                None => None,
            };
            let change = ConversationChange { id, conversation, merged_into, cursor };
            return Ok(follower.live(viewer, change));
        }
    }
}

/// A conversation as it is now, if the viewer may see it.
async fn seen(
    follower: &Follower,
    viewer: &DomainViewer,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    let reader = follower.standing.installation.database.reader();
    match portaria_domain::conversation::find(reader, viewer, id).await {
        Ok(row) => Ok(Some(Conversation(row))),
        Err(portaria_domain::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether the viewer might see the conversation before the change, and so has to be told that it is gone.
fn saw_before(viewer: &DomainViewer, published: &Published, channel_id: ChannelId) -> bool {
    let Some(before) = published.before else { return false };
    viewer.access.reading(before.at(channel_id)).is_some()
}

/// What is followed as a stream, that ends behind the first error.
fn stream<S, T, F>(
    follower: S,
    next: F,
) -> impl Stream<Item = async_graphql::Result<Option<Live<T>>>> + use<S, T, F>
where
    F: AsyncFnMut(&mut S) -> Result<Live<T>>,
{
    unfold(Some((follower, next)), |state| async move {
        let (mut follower, mut next) = state?;
        let item = next(&mut follower).await;
        let rest = item.is_ok().then_some((follower, next));
        Some((item.map(Some).map_err(Into::into), rest))
    })
}

/// What can be followed, over graphql-transport-ws at `/graphql/ws`. A stream ends with an error when the session does or
/// what it needs is held no longer, and with CURSOR_EXPIRED when its viewer may see less than before: then ask for the lists
/// anew, and follow from there. Each event carries a cursor, from which a stream goes on without loss after the connection
/// was lost; it is good while events are kept and the viewer may see as much as then, else it is CURSOR_EXPIRED too.
#[guarded_subscription]
impl Subscription {
    /// Messages as they are stored, of conversations that the viewer may read.
    #[requires(MessageRead)]
    async fn message_received(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only of this conversation (`conv_...`); all that the viewer may read if not said."
        )]
        conversation_id: Option<ID>,
        #[graphql(desc = "Cursor of the event behind which to go on; from now on if not said.")]
        after: Option<String>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Live<MessageEvent>>>> + use<>>
    {
        let follower = Follower::new(ctx, conversation_id.as_ref(), after.as_deref()).await?;
        Ok(stream(follower, async |follower| next_message(follower, EventKind::MessageReceived).await))
    }

    /// Messages that have changed, of conversations that the viewer may read: sent, delivered, read, failed, edited, revoked.
    #[requires(MessageRead)]
    async fn message_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only of this conversation (`conv_...`); all that the viewer may read if not said."
        )]
        conversation_id: Option<ID>,
        #[graphql(desc = "Cursor of the event behind which to go on; from now on if not said.")]
        after: Option<String>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Live<MessageEvent>>>> + use<>>
    {
        let follower = Follower::new(ctx, conversation_id.as_ref(), after.as_deref()).await?;
        Ok(stream(follower, async |follower| next_message(follower, EventKind::MessageUpdated).await))
    }

    /// Conversations that are new or have changed, of those that the viewer may see, or might see before.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn conversation_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this conversation (`conv_...`); all that the viewer may see if not said.")]
        conversation_id: Option<ID>,
        #[graphql(desc = "Cursor of the event behind which to go on; from now on if not said.")]
        after: Option<String>,
    ) -> async_graphql::Result<
        impl Stream<Item = async_graphql::Result<Option<Live<ConversationChange>>>> + use<>,
    > {
        let follower = Follower::new(ctx, conversation_id.as_ref(), after.as_deref()).await?;
        Ok(stream(follower, async |follower| next_change(follower).await))
    }

    /// Conversations that went from one member to another, to or from the queue, of those that the viewer sees, or saw
    /// before: once for each change, with who did it and why.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn conversation_assigned(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this conversation (`conv_...`); all that the viewer may see if not said.")]
        conversation_id: Option<ID>,
        #[graphql(desc = "Cursor of the event behind which to go on; from now on if not said.")]
        after: Option<String>,
    ) -> async_graphql::Result<
        impl Stream<Item = async_graphql::Result<Option<Live<ConversationAssignment>>>> + use<>,
    > {
        let follower = Follower::new(ctx, conversation_id.as_ref(), after.as_deref()).await?;
        Ok(stream(follower, async |follower| next_assignment(follower).await))
    }

    /// Who types in a conversation that the viewer reads: all of them, whenever that changes, beside the viewer. It begins
    /// when somebody does, or does already, and ends with NOT_FOUND when the conversation has gone out of the viewer's
    /// sight. Nothing of it is kept: there is no cursor.
    #[requires(MessageRead)]
    async fn typing(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this conversation (`conv_...`).")] conversation_id: ID,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Live<Typing>>>> + use<>> {
        let follower = TypingFollower::new(ctx, &conversation_id).await?;
        Ok(stream(follower, async |follower| follower.next().await))
    }

    /// Members who come or go, or begin or cease to take conversations: `availability` or `isOnline` has changed. There is
    /// no cursor: begin with it, then ask for `members`; once more when the connection was lost.
    #[requires(MemberRead)]
    async fn presence_changed(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Live<PresenceChange>>>> + use<>>
    {
        let follower = PresenceFollower::new(ctx).await?;
        Ok(stream(follower, async |follower| follower.next().await))
    }
}
