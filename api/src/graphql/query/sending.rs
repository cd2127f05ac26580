//! What can be sent.

use async_graphql::{Context, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::sending::options::options;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::send_options::SendOptions;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct SendingQuery;

impl Subject for SendingQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl SendingQuery {
    /// What the viewer can send in a conversation that they read, now, until when, and what it would cost. NOT_FOUND when they do
    /// not read it, or only see it wait.
    #[requires(
        MessageSendText,
        MessageSendMedia,
        MessageSendDocument,
        MessageSendInteractive,
        MessageSendTemplate,
        MessageSendQuickReply
    )]
    async fn send_options(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the conversation (`conv_...`).")] conversation_id: ID,
    ) -> Result<Option<SendOptions>> {
        let request = Request::of(ctx);
        let found = options(&request.installation, request.viewer()?, parse(&conversation_id)?).await?;
        Ok(Some(SendOptions(found)))
    }
}
