//! Meta apps, and what is refused of their webhooks.

use std::time::Duration;

use async_graphql::Context;
use portaria_domain::meta_app;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::meta_app::MetaApp;
use crate::graphql::time::DateTime;
use crate::graphql::webhook_refusal::WebhookRefusal;
use crate::guard::Subject;
use crate::request::Request;

/// So many minutes are told at most.
const MOST: u64 = 1_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Default)]
pub struct MetaAppQuery;

impl Subject for MetaAppQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

#[guarded]
impl MetaAppQuery {
    /// The Meta apps whose webhooks are let in, in the order in which they were registered.
    #[requires(ApiDebug, ChannelManage)]
    async fn meta_apps(&self, ctx: &Context<'_>) -> Result<Vec<MetaApp>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let all = meta_app::all(reader, request.viewer()?.workspace_id).await?;
        let public_url = &request.installation.public_url;
        let app = |(row, secrets)| MetaApp { row, secrets, public_url: public_url.clone() };
        Ok(all.into_iter().map(app).collect())
    }

    /// Webhook requests for the workspace's apps that were refused, by minute and cause, the latest first: at most 1,000 rows.
    /// They are counted with a delay of a few seconds.
    #[requires(ApiDebug)]
    async fn webhook_refusals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From then on; a day before `until` if not said.")] from: Option<DateTime>,
        #[graphql(desc = "Before then; until now if not said.")] until: Option<DateTime>,
    ) -> Result<Vec<WebhookRefusal>> {
        let request = Request::of(ctx);
        let until = until.map_or(request.now + Duration::from_micros(1), |until| until.0);
        let from = from.map_or(until - DAY, |from| from.0);
        if until <= from {
            return Err(Problem::BadUserInput("`until` has to be after `from`.".to_owned()));
        }
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let rows = meta_app::refusals(reader, workspace, from..until, MOST).await?;
        Ok(rows.into_iter().map(WebhookRefusal).collect())
    }
}
