//! Access reviews.

use async_graphql::{Context, ID};
use portaria_domain::access_review;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::access_review::{AccessReview, access_review_cursor};
use crate::graphql::access_review_schedule::AccessReviewSchedule;
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::id::parse;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AccessReviewQuery;

impl Subject for AccessReviewQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

#[guarded]
impl AccessReviewQuery {
    /// Access reviews, newest first. Who reads access audits sees all of them; who only decides, those in which they do. At
    /// most 100 a page.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn access_reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those that are not closed (true) or are (false); all if not said.")]
        open: Option<bool>,
    ) -> Result<Connection<AccessReview>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(access_review_cursor).transpose()?;
        let reader = request.installation.database.reader();
        let rows = access_review::page(reader, request.viewer()?, open, (after, size.limit())).await?;
        Ok(Connection::new(size, rows.into_iter().map(AccessReview).collect(), AccessReview::cursor))
    }

    /// An access review.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn access_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`review_...`).")] id: ID,
    ) -> Result<AccessReview> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(AccessReview(access_review::find(reader, request.viewer()?, parse(&id)?).await?))
    }

    /// The schedules of access reviews, newest first, those that have ended included.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn access_review_schedules(&self, ctx: &Context<'_>) -> Result<Vec<AccessReviewSchedule>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = access_review::schedules(request.installation.database.reader(), workspace).await?;
        Ok(rows.into_iter().map(AccessReviewSchedule).collect())
    }
}
