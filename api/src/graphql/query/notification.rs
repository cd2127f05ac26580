//! When and where administrators are told at once.

use async_graphql::Context;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::{alert_policy, notification_endpoint};
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::alert_policy::AlertPolicy;
use crate::graphql::notification_endpoint::NotificationEndpoint;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct NotificationQuery;

impl Subject for NotificationQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl NotificationQuery {
    /// When administrators are told at once of what cannot wait for the report.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    async fn alert_policy(&self, ctx: &Context<'_>) -> Result<AlertPolicy> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        Ok(alert_policy::of(request.installation.database.reader(), workspace).await?.into())
    }

    /// Where they are told besides by mail.
    #[requires(SecurityPolicyManage)]
    async fn notification_endpoints(&self, ctx: &Context<'_>) -> Result<Vec<NotificationEndpoint>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = notification_endpoint::all(request.installation.database.reader(), workspace).await?;
        Ok(rows.into_iter().map(NotificationEndpoint).collect())
    }
}
