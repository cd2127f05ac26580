//! What was done.

use async_graphql::Context;
use portaria_domain::activity;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::activity::{Activity, ActivityFilterInput, activity_cursor};
use crate::graphql::connection::{Connection, PageSize};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ActivityQuery;

impl Subject for ActivityQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

#[guarded]
impl ActivityQuery {
    /// The activity log, newest first. At most 100 a page.
    #[requires(AuditLogRead)]
    async fn activities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Which of them are wanted; all if not said.")] filter: Option<ActivityFilterInput>,
    ) -> Result<Connection<Activity>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(activity_cursor).transpose()?;
        let filter = filter.unwrap_or_default().try_into()?;
        let reader = request.installation.database.reader();
        let workspace = request.viewer()?.workspace_id;
        let rows = activity::page(reader, workspace, &filter, after, size.limit()).await?;
        Ok(Connection::new(size, rows.into_iter().map(Activity).collect(), Activity::cursor))
    }
}
