//! What agents answer with and by.

use async_graphql::{Context, ID};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::guideline::{self, GuidelineFilter};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::quick_reply::{self, Archived, Filling, QuickReplyFilter, QuickReplyRow};
use portaria_domain::viewer::Viewer;
use portaria_domain::{Result as DomainResult, conversation};
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::guidance::{GuidanceScopeInput, QuickReplyValueInput, place};
use crate::graphql::guideline::{Guideline, GuidelineReaders, GuidelineVersion, guideline_cursor};
use crate::graphql::id::parse;
use crate::graphql::quick_reply::{QuickReply, QuickReplyVersion, quick_reply_cursor};
use crate::graphql::quick_reply_preview::QuickReplyPreview;
use crate::guard::Subject;
use crate::request::Request;

/// So many versions are shown.
const VERSIONS: u64 = 100;
const MANAGE: PermissionSet = PermissionSet::of(&[Permission::QuickReplyManage]);

/// What cannot be shown, as a query tells it.
fn shown<T>(outcome: DomainResult<T>) -> Result<T> {
    outcome.map_err(|error| match error {
        Error::Refused(Refusal::Archived) => Problem::NotFound,
        Error::Refused(refusal) => Problem::BadUserInput(format!("{refusal}.")),
        other => other.into(),
    })
}

#[derive(Default)]
pub struct QuickReplyQuery;

impl Subject for QuickReplyQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl QuickReplyQuery {
    /// The quick replies that the viewer may see, by title. Name the conversation that is being answered, and it is those that
    /// are offered there. At most 100 a page.
    #[requires(QuickReplyRead, QuickReplyManage)]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn quick_replies(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those offered in this conversation (`conv_...`), which the viewer reads.")]
        conversation_id: Option<ID>,
        #[graphql(desc = "Only those of exactly this scope.")] scope: Option<GuidanceScopeInput>,
        #[graphql(
            desc = "Words that they all have in title, shortcut, folder or text, accents and capitals aside; `/fre`: shortcuts that \
                    begin so."
        )]
        search: Option<String>,
        #[graphql(desc = "Only those under this heading.")] folder: Option<String>,
        #[graphql(desc = "`true`: only those that have been archived, of those that the viewer may write.")]
        archived: Option<bool>,
    ) -> Result<Connection<QuickReply>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(quick_reply_cursor).transpose()?;
        let filter = QuickReplyFilter {
            place: place(request, conversation_id.as_ref()).await?,
            scope: scope.map(|scope| scope.parse()).transpose()?,
            search,
            folder,
            archived: archived.filter(|wanted| *wanted).map(|_| Archived),
        };
        let reader = request.installation.database.reader();
        let rows = quick_reply::page(reader, request.viewer()?, &filter, (after, size.limit())).await?;
        Ok(Connection::new(size, rows.into_iter().map(QuickReply).collect(), QuickReply::cursor))
    }

    /// One quick reply, archived or not.
    #[requires(QuickReplyRead, QuickReplyManage)]
    async fn quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`reply_...`).")] id: ID,
    ) -> Result<Option<QuickReply>> {
        Ok(Some(QuickReply(self.found(ctx, &id).await?)))
    }

    /// How a quick reply read before and now, the latest first; the latest hundred.
    #[requires(QuickReplyManage)]
    async fn quick_reply_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`reply_...`).")] quick_reply_id: ID,
    ) -> Result<Vec<QuickReplyVersion>> {
        let request = Request::of(ctx);
        let row = self.found(ctx, &quick_reply_id).await?;
        request.viewer()?.require(row.held, MANAGE, request.now)?;
        let reader = request.installation.database.reader();
        let rows = quick_reply::versions(reader, (row.row.workspace_id, row.row.id), VERSIONS).await?;
        let version = |version| {
            let content = quick_reply::said_by(&version)?;
            Ok(QuickReplyVersion { content, row: version, held: row.held })
        };
        rows.into_iter().map(version).collect()
    }

    /// How a quick reply would go out in a conversation that the viewer reads, with these values; or what is wrong with them.
    /// NOT_FOUND when it is not offered there.
    #[requires(QuickReplyRead)]
    async fn preview_quick_reply(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which quick reply (`reply_...`).")] quick_reply_id: ID,
        #[graphql(desc = "To whom: the conversation (`conv_...`).")] conversation_id: ID,
        #[graphql(desc = "What to fill in; nothing if not said.")] values: Option<Vec<QuickReplyValueInput>>,
        #[graphql(
            desc = "In which of its languages; if not said, in the customer's, else the workspace's, else its first."
        )]
        language: Option<String>,
    ) -> Result<Option<QuickReplyPreview>> {
        let request = Request::of(ctx);
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let row = conversation::find(reader, viewer, parse(&conversation_id)?).await?;
        let values = values.unwrap_or_default().into_iter().map(Into::into).collect();
        let filling = Filling { values, language };
        let asked = (parse(&quick_reply_id)?, &filling);
        let preview = shown(quick_reply::preview(reader, viewer, &row, asked).await)?;
        Ok(Some(QuickReplyPreview { preview, held: row.held }))
    }
}

impl QuickReplyQuery {
    async fn found(&self, ctx: &Context<'_>, id: &ID) -> Result<QuickReplyRow> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(quick_reply::find(reader, request.viewer()?, parse(id)?).await?)
    }
}

#[derive(Default)]
pub struct GuidelineQuery;

impl Subject for GuidelineQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

impl GuidelineQuery {
    /// One that the viewer may write.
    async fn managed(&self, ctx: &Context<'_>, id: &ID) -> Result<guideline::GuidelineRow> {
        let request = Request::of(ctx);
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let row = guideline::find(reader, viewer, parse(id)?).await?;
        viewer.require(row.held, MANAGE, request.now)?;
        Ok(row)
    }
}

#[guarded]
impl GuidelineQuery {
    /// The guidelines in force that the viewer may read, in their order. Name the conversation that is being answered, and it
    /// is those that hold there. At most 100 a page.
    #[requires(QuickReplyRead, QuickReplyManage)]
    async fn guidelines(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those that hold in this conversation (`conv_...`), which the viewer reads.")]
        conversation_id: Option<ID>,
        #[graphql(desc = "Only those of exactly this scope.")] scope: Option<GuidanceScopeInput>,
        #[graphql(desc = "Only those for customers of this language (`pt`), and those for all.")]
        language: Option<String>,
    ) -> Result<Connection<Guideline>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(guideline_cursor).transpose()?;
        let filter = GuidelineFilter {
            place: place(request, conversation_id.as_ref()).await?,
            scope: scope.map(|scope| scope.parse()).transpose()?,
            language,
        };
        let reader = request.installation.database.reader();
        let page = guideline::page(reader, request.viewer()?, &filter, (after, size.limit())).await;
        let rows = Guideline::all_of(request, shown(page)?).await?;
        Ok(Connection::new(size, rows, Guideline::cursor))
    }

    /// One guideline, in force or not.
    #[requires(QuickReplyRead, QuickReplyManage)]
    async fn guideline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`guide_...`).")] id: ID,
    ) -> Result<Option<Guideline>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let row = guideline::find(reader, request.viewer()?, parse(&id)?).await?;
        Ok(Some(Guideline::of(request, row).await?))
    }

    /// How a guideline read before and now, the latest first; the latest hundred.
    #[requires(QuickReplyManage)]
    async fn guideline_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`guide_...`).")] guideline_id: ID,
    ) -> Result<Vec<GuidelineVersion>> {
        let row = self.managed(ctx, &guideline_id).await?;
        let reader = Request::of(ctx).installation.database.reader();
        let rows = guideline::versions(reader, (row.row.workspace_id, row.row.id), VERSIONS).await?;
        Ok(rows.into_iter().map(|version| GuidelineVersion { row: version, held: row.held }).collect())
    }

    /// Who has read a guideline as it is now, and who has not.
    #[requires(QuickReplyManage)]
    async fn guideline_readers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`guide_...`).")] guideline_id: ID,
    ) -> Result<Option<GuidelineReaders>> {
        let request = Request::of(ctx);
        let row = self.managed(ctx, &guideline_id).await?;
        let database = &request.installation.database;
        let found = guideline::acknowledgements(database.reader(), (database, request.now), &row).await?;
        Ok(Some(GuidelineReaders { found, held: row.held }))
    }
}
