//! Seeing to alerts.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::{alert, workspace};
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::alert::Alert;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AlertMutation;

impl Subject for AlertMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Which alert.
#[derive(InputObject)]
pub struct ResolveAlertInput {
    /// Which one (`alert_...`).
    alert_id: ID,
}

payload! {
    /// What came of resolving an alert.
    ResolveAlertPayload [authenticated] {
        /// The alert; null when it was refused.
        alert: Alert
    }
    ResolveAlertUserError, ResolveAlertErrorCode {
        /// It is resolved already.
        AlreadyResolved = AlreadyResolved at "alertId",
    }
}

#[guarded]
impl AlertMutation {
    /// Says that somebody has seen to an alert. When the same is seen again within an hour it is open again, without
    /// another mail.
    #[requires(FindingResolve)]
    async fn resolve_alert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which alert.")] input: ResolveAlertInput,
    ) -> Result<ResolveAlertPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.alert_id)?;
        let viewer = request.viewer()?;
        let outcome = async {
            let row = alert::resolve(&request.installation, viewer, id).await?;
            let reader = request.installation.database.reader();
            let language = workspace::find(reader, row.workspace_id).await?.locale;
            Ok(Some(Alert { row, language }))
        };
        ResolveAlertPayload::new(outcome.await)
    }
}
