//! What Meta tells of accounts and templates, and what of it is not known yet.

use async_graphql::{Context, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::template::{authority, sync};
use portaria_domain::viewer::Viewer;
use portaria_domain::{business_account, template, unknown_content};
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::business_account::{BusinessAccount, UnknownWebhookContent};
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::id::parse;
use crate::graphql::template::{Template, TemplateStatus, template_cursor};
use crate::graphql::template_version::TemplateSync;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AccountQuery;

impl Subject for AccountQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

#[guarded]
impl AccountQuery {
    /// The WhatsApp Business accounts that Meta has said something of.
    #[requires(WorkspaceUpdate, ChannelManage)]
    async fn business_accounts(&self, ctx: &Context<'_>) -> Result<Vec<BusinessAccount>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let rows = business_account::all(reader, request.viewer()?.workspace_id).await?;
        Ok(rows.into_iter().map(BusinessAccount).collect())
    }

    /// What WhatsApp sends and this version does not know, the most recent first.
    #[requires(WebhookEventRead)]
    async fn unknown_webhook_content(&self, ctx: &Context<'_>) -> Result<Vec<UnknownWebhookContent>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let rows = unknown_content::all(reader, request.viewer()?.workspace_id).await?;
        Ok(rows.into_iter().map(UnknownWebhookContent).collect())
    }
}

#[derive(Default)]
pub struct TemplateQuery;

impl Subject for TemplateQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl TemplateQuery {
    /// The message templates of the accounts that the viewer's numbers belong to, the newest first. At most 100 a page.
    #[requires(TemplateRead)]
    async fn templates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those with this status; all if not said.")] status: Option<TemplateStatus>,
        #[graphql(desc = "Only those of which a version waits to be approved.", default)]
        awaiting_approval: bool,
    ) -> Result<Connection<Template>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(template_cursor).transpose()?;
        let reader = request.installation.database.reader();
        let wanted = template::Wanted { status: status.map(Into::into), awaiting_approval };
        let rows = template::page(reader, request.viewer()?, wanted, after, size.limit()).await?;
        Ok(Connection::new(size, rows.into_iter().map(Template::from).collect(), Template::cursor))
    }

    /// A template, by its id.
    #[requires(TemplateRead)]
    async fn template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which template (`tmpl_...`).")] id: ID,
    ) -> Result<Template> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(authority::find(reader, request.viewer()?, parse(&id)?).await?.into())
    }

    /// When the templates of a number's account were read from Meta last, and are to be next; null when that was never begun.
    #[requires(TemplateRead)]
    async fn template_sync(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A number of the account (`chan_...`).")] channel_id: ID,
    ) -> Result<Option<TemplateSync>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let found = sync::of_channel(reader, request.viewer()?, parse(&channel_id)?).await?;
        Ok(found.map(TemplateSync))
    }
}
