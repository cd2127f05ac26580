//! What can be followed. Each event is checked anew against the viewer as they are then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::{Context, ID};
use futures_util::Stream;
use futures_util::stream::unfold;
use portaria_domain::Installation;
use portaria_domain::access::{Access, Placement, Reading};
use portaria_domain::authentication::Origin;
use portaria_domain::conversation::{self, ConversationRow};
use portaria_domain::event::Published;
use portaria_domain::message;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::{Use, Viewer as DomainViewer};
use portaria_entity::event::EventKind;
use portaria_entity::id::ConversationId;
use portaria_guard::{guarded, guarded_subscription};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::conversation::Conversation;
use super::id::parse_optional;
use super::message::Message;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::live::Live;
use crate::request::Request;
use crate::sdl::{Declared, declared};

/// How often an idle subscription looks whether its session is still good.
const RECHECK: Duration = Duration::from_millis(500);

pub struct Subscription;

impl Subject for Subscription {
    fn held(&self, viewer: &DomainViewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

pub struct MessageReceived {
    message: Message,
    conversation: Conversation,
}

/// A message that has just been stored.
#[guarded]
impl MessageReceived {
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
}

pub struct ConversationChange {
    id: ConversationId,
    conversation: Option<Conversation>,
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
}

/// The events from the moment on in which a subscription was asked for.
pub struct FromNow(Mutex<Option<Receiver<Published>>>);

impl FromNow {
    pub fn of(installation: &Installation) -> Self {
        Self(Mutex::new(Some(installation.events.subscribe())))
    }

    fn take(&self) -> Option<Receiver<Published>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An open subscription: events, and the session on whose behalf they are read.
struct Follower {
    installation: Installation,
    token: TokenHash,
    origin: Origin,
    receiver: Receiver<Published>,
    only: Option<ConversationId>,
    /// What the subscription needs, any of these.
    any_of: PermissionSet,
    /// What the viewer could do when this last looked.
    access: Access,
    ended: bool,
}

impl Follower {
    fn new(ctx: &Context<'_>, only: Option<&ID>) -> Result<Self> {
        let request = Request::of(ctx);
        let any_of = match declared("Subscription", ctx.field().name()).map(|field| field.access) {
            Some(Declared::Requires { any_of, .. }) => any_of,
            Some(Declared::Authenticated | Declared::Public) | None => return Err(Problem::Internal),
        };
        Ok(Self {
            any_of,
            access: request.viewer()?.access.clone(),
            installation: request.installation.clone(),
            token: request.token.ok_or(Problem::Unauthenticated)?,
            origin: request.origin.clone(),
            receiver: ctx
                .data_opt::<FromNow>()
                .and_then(FromNow::take)
                .unwrap_or_else(|| request.installation.events.subscribe()),
            only: parse_optional(only)?,
            ended: false,
        })
    }

    /// The viewer as they are now. Fails once the session has ended, its member may no longer use the workspace, or
    /// something was taken from them: of what has gone out of their sight by that no event tells.
    async fn viewer(&mut self) -> Result<Arc<DomainViewer>> {
        let viewers = &self.installation.viewers;
        let found = viewers.resolve_from(self.token, &self.origin, Use::DoesNotCount).await?;
        let viewer = found.ok_or(Problem::Unauthenticated)?;
        viewer.require(viewer.access.anywhere(), self.any_of, self.installation.clock.now())?;
        if !viewer.access.contains(&self.access) || !viewer.access.is_in_teams_of(&self.access) {
            return Err(Problem::CursorExpired);
        }
        self.access = viewer.access.clone();
        Ok(viewer)
    }

    /// The next event of the viewer's workspace, with the viewer as they are then.
    async fn next(&mut self) -> Result<(Published, Arc<DomainViewer>)> {
        loop {
            let published = match tokio::time::timeout(RECHECK, self.receiver.recv()).await {
                Ok(Ok(published)) => published,
                Ok(Err(RecvError::Lagged(_))) => return Err(Problem::CursorExpired),
                Ok(Err(RecvError::Closed)) => return Err(Problem::Unavailable),
                Err(_) => {
                    self.viewer().await?;
                    continue;
                }
            };
            let viewer = self.viewer().await?;
            let wanted = self.only.is_none_or(|only| published.conversation_id == Some(only));
            if published.workspace_id == viewer.workspace_id && wanted {
                return Ok((published, viewer));
            }
        }
    }

    /// An event, to be answered as a request of its own.
    fn live<T>(&self, viewer: Arc<DomainViewer>, event: T) -> Live<T> {
        let identity = Some((self.token, viewer));
        Live::new(event, Request::new(self.installation.clone(), identity, self.origin.clone()))
    }

    /// A conversation as the viewer may see it now.
    async fn conversation(
        &self,
        viewer: &DomainViewer,
        id: ConversationId,
    ) -> Result<Option<ConversationRow>> {
        match conversation::find(self.installation.database.reader(), viewer, id).await {
            Ok(row) => Ok(Some(row)),
            Err(portaria_domain::Error::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn next_message(&mut self) -> Result<Live<MessageReceived>> {
        loop {
            let (published, viewer) = self.next().await?;
            let (EventKind::MessageReceived, Some(conversation), Some(id)) =
                (published.kind, published.conversation_id, published.message_id)
            else {
                continue;
            };
            let Some(row) = self.conversation(&viewer, conversation).await? else { continue };
            if row.reading != Reading::Whole || !row.held.contains(Permission::MessageRead) {
                continue;
            }
            let reader = self.installation.database.reader();
            let found = message::by_ids(reader, viewer.workspace_id, &[id]).await?.remove(&id);
            if let Some(found) = found {
                let message = Message { row: found.into(), held: row.held };
                return Ok(self.live(viewer, MessageReceived { message, conversation: Conversation(row) }));
            }
        }
    }

    async fn next_change(&mut self) -> Result<Live<ConversationChange>> {
        loop {
            let (published, viewer) = self.next().await?;
            let Some(id) = published.conversation_id else { continue };
            match published.kind {
                EventKind::ConversationChanged | EventKind::MessageReceived => {}
                EventKind::MessageUpdated | EventKind::AccessChanged => continue,
            }
            if let Some(row) = self.conversation(&viewer, id).await? {
                let conversation = Some(Conversation(row));
                return Ok(self.live(viewer, ConversationChange { id, conversation }));
            }
            if self.saw_before(&viewer, &published).await? {
                return Ok(self.live(viewer, ConversationChange { id, conversation: None }));
            }
        }
    }

    /// Whether the viewer might see the conversation before the change, and so has to be told that it is gone.
    async fn saw_before(&self, viewer: &DomainViewer, published: &Published) -> Result<bool> {
        let (Some(before), Some(id)) = (published.before, published.conversation_id) else {
            return Ok(false);
        };
        let reader = self.installation.database.reader();
        let Some(channel_id) = conversation::channel_of(reader, viewer.workspace_id, id).await? else {
            return Ok(false);
        };
        let placement = Placement {
            channel_id,
            team_id: before.team_id,
            assignee_id: before.assignee_id,
            open: before.open,
        };
        Ok(viewer.access.reading(placement).is_some())
    }
}

/// What can be followed, over graphql-transport-ws at `/graphql/ws`. A stream ends with an error when the session does or
/// what it needs is held no longer, and with CURSOR_EXPIRED when its reader is too slow or may see less than before.
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
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Live<MessageReceived>>>> + use<>>
    {
        let follower = Follower::new(ctx, conversation_id.as_ref())?;
        Ok(unfold(follower, |mut follower| async move {
            if follower.ended {
                return None;
            }
            let item = follower.next_message().await;
            follower.ended = item.is_err();
            Some((item.map(Some).map_err(Into::into), follower))
        }))
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
    ) -> async_graphql::Result<
        impl Stream<Item = async_graphql::Result<Option<Live<ConversationChange>>>> + use<>,
    > {
        let follower = Follower::new(ctx, conversation_id.as_ref())?;
        Ok(unfold(follower, |mut follower| async move {
            if follower.ended {
                return None;
            }
            let item = follower.next_change().await;
            follower.ended = item.is_err();
            Some((item.map(Some).map_err(Into::into), follower))
        }))
    }
}
