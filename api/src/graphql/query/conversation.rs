//! The inbox.

use async_graphql::{Context, ID};
use portaria_domain::conversation;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::conversation::{Conversation, ConversationFilterInput, conversation_cursor};
use crate::graphql::id::parse;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ConversationQuery;

impl Subject for ConversationQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl ConversationQuery {
    /// The conversations that the viewer may see, latest activity first. At most 100 a page.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn conversations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Which of them are wanted; all if not said.")] filter: Option<
            ConversationFilterInput,
        >,
    ) -> Result<Connection<Conversation>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(conversation_cursor).transpose()?;
        let filter = filter.unwrap_or_default().try_into()?;
        let reader = request.installation.database.reader();
        let rows = conversation::page(reader, request.viewer()?, &filter, after, size.limit()).await?;
        Ok(Connection::new(size, rows.into_iter().map(Conversation).collect(), Conversation::cursor))
    }

    /// One conversation. NOT_FOUND when there is none, or the viewer may not know that there is.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    async fn conversation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the conversation (`conv_...`).")] id: ID,
    ) -> Result<Option<Conversation>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(Some(Conversation(conversation::find(reader, request.viewer()?, parse(&id)?).await?)))
    }
}
