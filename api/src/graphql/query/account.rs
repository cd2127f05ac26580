//! What Meta tells of accounts and templates, and what of it is not known yet.

use async_graphql::Context;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::{business_account, template, unknown_content};
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::business_account::{BusinessAccount, UnknownWebhookContent};
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::template::{Template, TemplateStatus, template_cursor};
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
    ) -> Result<Connection<Template>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(template_cursor).transpose()?;
        let reader = request.installation.database.reader();
        let status = status.map(Into::into);
        let rows = template::page(reader, request.viewer()?, status, after, size.limit()).await?;
        Ok(Connection::new(size, rows.into_iter().map(Template).collect(), Template::cursor))
    }
}
