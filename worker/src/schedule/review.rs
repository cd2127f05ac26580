//! Access reviews on schedule: those that are due begin, reviewers are reminded, and what has come to its end is closed.
//! Each of these is claimed by a row in the transaction that does it, so that any number of processes do it once.

use portaria_domain::error::Result;
use portaria_domain::{Installation, access_review};
use portaria_entity::id::WorkspaceId;

/// One failing step keeps no other from being done; it is tried again with the next tick.
pub(super) async fn look_after(installation: &Installation, workspace: WorkspaceId) {
    let told = |outcome: Result<u64>, what: &str| match outcome {
        Ok(0) => {}
        Ok(count) => tracing::info!(%workspace, count, "access reviews: {what}"),
        Err(error) => tracing::error!(%workspace, %error, "access reviews could not be looked after: {what}"),
    };
    // First what is over, so that nobody is reminded of it.
    told(access_review::close_due(installation, workspace).await, "closed");
    told(access_review::start_due(installation, workspace).await, "started");
    told(access_review::remind(installation, workspace).await, "reminders");
}
