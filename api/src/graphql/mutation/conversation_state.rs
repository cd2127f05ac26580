//! Putting conversations off, handing them to others, and marking them with labels.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::conversation::{escalate, snooze, transfer};
use portaria_domain::label;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::conversation::Conversation;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::payload::payload;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ConversationStateMutation;

impl Subject for ConversationStateMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which conversation, and until when.
#[derive(InputObject)]
pub struct SnoozeConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
    /// When it is to be open again: in the future, and within a year.
    until: DateTime,
}

payload! {
    /// What came of putting a conversation off.
    SnoozeConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused.
        conversation: Conversation
    }
    SnoozeConversationUserError, SnoozeConversationErrorCode {
        /// The viewer does not have it, and may not assign conversations there either.
        NotAssignee = NotAssignee at "conversationId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
        /// That is past, or too far ahead.
        InvalidPeriod = InvalidPeriod at "until",
    }
}

/// Which conversation, and why.
#[derive(InputObject)]
pub struct EscalateConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
    /// Why, for who receives it; at most 2000 characters.
    reason: String,
}

payload! {
    /// What came of escalating a conversation.
    EscalateConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused, and when the viewer may no longer see it.
        conversation: Conversation
    }
    EscalateConversationUserError, EscalateConversationErrorCode {
        /// The viewer does not have it, and may not assign conversations there either.
        NotAssignee = NotAssignee at "conversationId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
        /// It is escalated already.
        AlreadyEscalated = AlreadyEscalated at "conversationId",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
    }
}

/// Which conversation, and which team's it is to be.
#[derive(InputObject)]
pub struct TransferConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
    /// A team that looks after its phone number (`team_...`); null or left out: no team's.
    team_id: Option<ID>,
    /// What the team should know; at most 2000 characters.
    note: Option<String>,
}

payload! {
    /// What came of handing a conversation to another team.
    TransferConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused, and when the viewer may no longer see it.
        conversation: Conversation
    }
    TransferConversationUserError, TransferConversationErrorCode {
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
        /// It is that team's already, or no team's already.
        SameTeam = SameTeam at "teamId",
        /// The team does not look after the phone number: `addTeamChannel`.
        NotServed = NotServed at "teamId",
        /// The note is too long.
        TextTooLong = TextTooLong at "note",
    }
}

/// Which conversation, and its labels.
#[derive(InputObject)]
pub struct LabelConversationInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
    /// All labels that it is to have (`label_...`); others are taken off.
    label_ids: Vec<ID>,
}

payload! {
    /// What came of marking a conversation.
    LabelConversationPayload [authenticated] {
        /// The conversation as it is now; null when it was refused.
        conversation: Conversation
    }
    LabelConversationUserError, LabelConversationErrorCode {
        /// The viewer does not have it, and may not assign conversations there either.
        NotAssignee = NotAssignee at "conversationId",
    }
}

#[guarded]
impl ConversationStateMutation {
    /// Puts a conversation off until later, or until the customer writes. Who has it keeps it.
    #[requires(ConversationResolve)]
    async fn snooze_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, and until when.")] input: SnoozeConversationInput,
    ) -> Result<SnoozeConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let outcome = snooze(&request.installation, request.viewer()?, id, input.until.0).await;
        SnoozeConversationPayload::new(outcome.map(Some))
    }

    /// Hands a conversation to somebody who may receive escalations there. Who had it loses it; where nobody is free it waits
    /// before all others.
    #[requires(ConversationEscalate)]
    async fn escalate_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, and why.")] input: EscalateConversationInput,
    ) -> Result<EscalateConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let outcome = escalate(&request.installation, request.viewer()?, id, &input.reason).await;
        EscalateConversationPayload::new(outcome)
    }

    /// Hands a conversation to another team, or makes it no team's. Who has it keeps it if they may have it there; else somebody
    /// there is found. One's own needs `conversation:transfer`, any other `conversation:assign`, where it is now.
    #[requires(ConversationAssign, ConversationTransfer)]
    async fn transfer_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, and which team's it is to be.")]
        input: TransferConversationInput,
    ) -> Result<TransferConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let to = parse_optional(input.team_id.as_ref())?;
        let handed = (to, input.note.as_deref());
        let outcome = transfer(&request.installation, request.viewer()?, id, handed).await;
        TransferConversationPayload::new(outcome)
    }

    /// Marks a conversation with labels. One that waits and is marked with a skill waits for who has it.
    #[requires(ConversationAnnotate)]
    async fn label_conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, and its labels.")] input: LabelConversationInput,
    ) -> Result<LabelConversationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let labels = input.label_ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let outcome = label::mark(&request.installation, request.viewer()?, id, &labels).await;
        LabelConversationPayload::new(outcome.map(Some))
    }
}
