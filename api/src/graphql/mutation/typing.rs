//! Saying that one types.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::typing;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::conversation::Conversation;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct TypingMutation;

impl Subject for TypingMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// In which conversation, and whether one types.
#[derive(InputObject)]
pub struct SetTypingInput {
    /// Its id (`conv_...`).
    conversation_id: ID,
    /// Whether the viewer types there. `true` holds for six seconds: say it each three while it lasts.
    is_typing: bool,
}

payload! {
    /// What came of saying that one types.
    SetTypingPayload [authenticated] {
        /// The conversation as it is now; null when it was refused.
        conversation: Conversation
    }
    SetTypingUserError, SetTypingErrorCode {
        /// It was said too often: thirty times within ten seconds.
        TooOften = Throttled,
    }
    waits authenticated
}

#[guarded]
impl TypingMutation {
    /// Tells colleagues who read the conversation that the viewer types there, or does so no longer. For whoever may answer
    /// there; the customer is told nothing.
    #[requires(
        MessageSendText,
        MessageSendMedia,
        MessageSendDocument,
        MessageSendInteractive,
        MessageSendTemplate,
        MessageSendQuickReply
    )]
    async fn set_typing(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which conversation, and whether one types.")] input: SetTypingInput,
    ) -> Result<SetTypingPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let said = typing::say(&request.installation, request.viewer()?, id, input.is_typing).await;
        SetTypingPayload::new(said.map(Some))
    }
}
