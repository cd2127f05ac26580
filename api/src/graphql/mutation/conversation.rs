//! What is done with conversations.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::conversation::{Assignment, ConversationRow, assign, claim, mark_read, resolve};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::conversation::Conversation;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ConversationMutation;

impl Subject for ConversationMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which conversation.
#[derive(InputObject)]
pub struct ClaimConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
}

/// Which conversation, and whose it shall be.
#[derive(InputObject)]
pub struct AssignConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
    /// The member who shall have it (`mem_...`); null or left out: nobody, it goes back to the queue.
    assignee_id: Option<ID>,
}

/// Which conversation.
#[derive(InputObject)]
pub struct ResolveConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
}

/// Which conversation.
#[derive(InputObject)]
pub struct MarkConversationReadInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        Self(row)
    }
}

payload! {
    /// What came of claiming a conversation.
    ClaimConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused.
        conversation: Conversation
    }
    ClaimConversationUserError, ClaimConversationErrorCode {
        /// Somebody has it already.
        AlreadyAssigned = AlreadyAssigned at "conversationId",
        /// A bot has it, and the viewer may not have conversations there.
        AssigneeNotPermitted = AssigneeNotPermitted at "conversationId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
    }
}

payload! {
    /// What came of assigning a conversation.
    AssignConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused, and when the viewer may no longer see it.
        conversation: Conversation
    }
    AssignConversationUserError, AssignConversationErrorCode {
        /// That member may not have conversations there.
        AssigneeNotPermitted = AssigneeNotPermitted at "assigneeId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
    }
}

payload! {
    /// What came of resolving a conversation.
    ResolveConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused.
        conversation: Conversation
    }
    ResolveConversationUserError, ResolveConversationErrorCode {
        /// The viewer does not have it, and may not assign conversations there either.
        NotAssignee = NotAssignee at "conversationId",
        /// It is resolved already.
        AlreadyResolved = AlreadyResolved at "conversationId",
    }
}

payload! {
    /// What came of marking a conversation read.
    MarkConversationReadPayload [authenticated] {
        /// The conversation as it is now; null when it was refused.
        conversation: Conversation
    }
    MarkConversationReadUserError, MarkConversationReadErrorCode {
        /// The viewer does not have it: only its assignee's reading counts.
        NotAssignee = NotAssignee at "conversationId",
    }
}

#[guarded]
impl ConversationMutation {
    /// Takes a conversation that nobody has.
    #[requires(ConversationClaim)]
    async fn claim_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation.")] input: ClaimConversationInput,
    ) -> Result<ClaimConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        ClaimConversationPayload::new(claim(&request.installation, request.viewer()?, id).await.map(Some))
    }

    /// Gives a conversation to a member who may have it, or back to the queue. One's own needs `conversation:transfer`,
    /// any other `conversation:assign`, there.
    #[requires(ConversationAssign, ConversationTransfer)]
    async fn assign_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, and whose it shall be.")] input: AssignConversationInput,
    ) -> Result<AssignConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let to = parse_optional(input.assignee_id.as_ref())?.map_or(Assignment::Nobody, Assignment::Member);
        AssignConversationPayload::new(assign(&request.installation, request.viewer()?, id, to).await)
    }

    /// Ends the stretch that a conversation is in. Its assignee may, and who may assign conversations there.
    #[requires(ConversationResolve)]
    async fn resolve_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation.")] input: ResolveConversationInput,
    ) -> Result<ResolveConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        ResolveConversationPayload::new(resolve(&request.installation, request.viewer()?, id).await.map(Some))
    }

    /// Takes note that its assignee has read what was unread.
    #[requires(MessageRead)]
    async fn mark_conversation_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation.")] input: MarkConversationReadInput,
    ) -> Result<MarkConversationReadPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        MarkConversationReadPayload::new(
            mark_read(&request.installation, request.viewer()?, id).await.map(Some),
        )
    }
}
