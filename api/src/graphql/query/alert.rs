//! What should be known at once.

use async_graphql::Context;
use portaria_domain::{alert, workspace};
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::alert::{Alert, alert_cursor};
use crate::graphql::connection::{Connection, PageSize};
use crate::request::Request;

#[derive(Default)]
pub struct AlertQuery;

#[guarded]
impl AlertQuery {
    /// The alerts that the viewer may do something about (each kind says which permission that takes), newest first. At most
    /// 100 a page.
    #[authenticated]
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those that are open (true) or resolved (false); all if not said.")]
        open: Option<bool>,
    ) -> Result<Option<Connection<Alert>>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(alert_cursor).transpose()?;
        let reader = request.installation.database.reader();
        let rows = alert::page(reader, viewer, open, after, size.limit()).await?;
        let language = workspace::find(reader, viewer.workspace_id).await?.locale;
        let rows = rows.into_iter().map(|row| Alert { row, language: language.clone() }).collect();
        Ok(Some(Connection::new(size, rows, Alert::cursor)))
    }
}
