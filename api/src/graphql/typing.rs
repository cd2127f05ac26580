//! Who types in a conversation, followed as it changes.

use async_graphql::{Context, ID};
use futures_util::future::try_join_all;
use portaria_domain::access::Reading;
use portaria_domain::conversation::{ConversationRow, find};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::signal::Signal;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{ConversationId, MemberId, WorkspaceId};
use portaria_guard::guarded;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::id::parse;
use super::member::Member;
use super::standing::{RECHECK, Standing};
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::live::Live;
use crate::request::Request;

pub struct Typing {
    conversation: ConversationRow,
    members: Vec<MemberId>,
}

impl Subject for Typing {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.conversation.held
    }
}

/// Who types in a conversation at the moment.
#[guarded]
impl Typing {
    /// Which conversation (`conv_...`).
    #[authenticated]
    fn conversation_id(&self) -> ID {
        self.conversation.row.id.into()
    }

    /// All who type now, beside the viewer. Empty: nobody does any more.
    #[requires(MemberRead)]
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<Member>> {
        let loaders = Request::of(ctx).loaders()?;
        let members = try_join_all(self.members.iter().map(|id| loaders.member(*id))).await?;
        Ok(members.into_iter().flatten().map(Member).collect())
    }
}

/// An open subscription to who types in a conversation.
pub struct TypingFollower {
    standing: Standing,
    receiver: Receiver<Signal>,
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    viewer_id: Option<MemberId>,
    told: Vec<MemberId>,
}

impl TypingFollower {
    pub async fn new(ctx: &Context<'_>, conversation: &ID) -> Result<Self> {
        let (standing, viewer) = Standing::new(ctx)?;
        let mut follower = Self {
            receiver: standing.installation.signals.subscribe(),
            workspace_id: viewer.workspace_id,
            conversation_id: parse(conversation)?,
            viewer_id: viewer.member_id(),
            told: Vec::new(),
            standing,
        };
        // It may be named by what it was merged from.
        follower.conversation_id = follower.conversation(viewer).await?.row.id;
        Ok(follower)
    }

    /// The conversation, for who reads it now and may know who types.
    async fn conversation(&self, viewer: &Viewer) -> Result<ConversationRow> {
        let installation = &self.standing.installation;
        let row = find(installation.database.reader(), viewer, self.conversation_id).await?;
        if row.reading != Reading::Whole {
            return Err(Problem::NotFound);
        }
        for needed in [Permission::MessageRead, Permission::MemberRead] {
            viewer.require(row.held, PermissionSet::of(&[needed]), installation.clock.now())?;
        }
        Ok(row)
    }

    fn typists(&self) -> Vec<MemberId> {
        let installation = &self.standing.installation;
        let place = (self.workspace_id, self.conversation_id);
        let mut typists = installation.signals.typists().of(place, installation.clock.now());
        typists.retain(|member| Some(*member) != self.viewer_id);
        typists
    }

    /// Who types, when they are others than was told last. Who does not say it again stops without a signal.
    pub async fn next(&mut self) -> Result<Live<Typing>> {
        loop {
            let members = self.typists();
            if members != self.told {
                let viewer = self.standing.viewer().await?;
                let conversation = self.conversation(&viewer).await?;
                self.told.clone_from(&members);
                return Ok(self.standing.live(viewer, Typing { conversation, members }));
            }
            self.standing.recheck().await?;
            match tokio::time::timeout(RECHECK, self.receiver.recv()).await {
                // Whatever was missed: who types now is known.
                Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => {}
                Ok(Err(RecvError::Closed)) => return Err(Problem::Unavailable),
            }
        }
    }
}
