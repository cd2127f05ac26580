//! Audits that somebody asked for, where perhaps no auditor runs: taken up at the next tick.

use portaria_domain::audit::run::waiting;
use portaria_domain::error::Result;
use portaria_entity::workspace::Model as Workspace;

use super::audit::Cause;
use super::{Auditor, Summary, run};

impl Auditor {
    /// Runs what was asked for, once in the whole installation.
    pub(super) async fn audit_if_asked(&self, workspace: &Workspace) -> Result<Option<Summary>> {
        let now = self.installation.clock.now();
        let Some(asked) = waiting(self.installation.database.reader(), workspace.id, now).await? else {
            return Ok(None);
        };
        match run::take_over(&self.installation, &asked).await? {
            Some(run_id) => self.audit(workspace, run_id, Cause::Request(asked.requested_by)).perform().await,
            None => Ok(None),
        }
    }
}
