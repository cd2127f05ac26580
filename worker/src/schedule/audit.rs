//! One audit from beginning to end: look, keep the findings, and queue a report for each reader, all or nothing.

use portaria_domain::Installation;
use portaria_domain::activity::chain;
use portaria_domain::audit::finding::{Outcome, Sighting};
use portaria_domain::audit::sweep::take_in;
use portaria_domain::audit::timing::Stopwatch;
use portaria_domain::audit::{examine, report};
use portaria_domain::error::Result;
use portaria_entity::id::{AuditRunId, MemberId, WorkspaceId};
use portaria_entity::workspace;

use super::reports::Reports;
use super::run;
use crate::mail::Mailbox;
use crate::report::{ChainHead, Occasion};

/// What an audit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub run_id: AuditRunId,
    pub outcome: Outcome,
    pub members_checked: i64,
    pub sign_ins_checked: i64,
    /// How many readers a report was queued for.
    pub mails_queued: usize,
}

/// What one audit works on.
pub struct Audit<'a> {
    pub installation: &'a Installation,
    pub sender: &'a Mailbox,
    pub workspace: &'a workspace::Model,
    pub run_id: AuditRunId,
    pub cause: Cause,
}

/// Why an audit runs, and so who is mailed its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It was time: every reader, as they want it.
    Schedule,
    /// Somebody on the machine asked for it, for every reader.
    Machine,
    /// A member asked for it, for themselves; a program (none) reads no mail.
    Request(Option<MemberId>),
}

impl Cause {
    pub fn occasion(self) -> Occasion {
        match self {
            Self::Schedule => Occasion::Scheduled,
            Self::Machine | Self::Request(_) => Occasion::Requested,
        }
    }

    /// Whether a reader is mailed a report at all.
    pub fn concerns(self, reader: MemberId) -> bool {
        match self {
            Self::Schedule | Self::Machine => true,
            Self::Request(member) => member == Some(reader),
        }
    }
}

impl Audit<'_> {
    /// `None` when another process has finished this run meanwhile.
    pub async fn perform(&self) -> Result<Option<Summary>> {
        // The rules only read; the one writer of SQLite is not kept waiting for them.
        let mut stopwatch = Stopwatch::start();
        let examination = examine(self.installation, self.workspace).await?;
        stopwatch.step("rules");
        let head = chain_head(self.installation, self.workspace.id).await?;
        stopwatch.step("seal");
        let transaction = self.installation.database.begin().await?;
        let sighting = Sighting {
            workspace_id: self.workspace.id,
            run_id: self.run_id,
            found: &examination.found,
            at: examination.at,
        };
        let outcome = take_in(&transaction, self.installation, &sighting).await?;
        stopwatch.step("findings");
        let run = (self.workspace.id, self.run_id);
        let database = &self.installation.database;
        let tally = report::tally(&transaction, database, self.workspace.id).await?;
        if !run::finish(&transaction, run, &examination, tally.total()).await? {
            return Ok(None);
        }
        report::note_tally(&transaction, run, (tally, examination.at)).await?;
        let mails_queued =
            Reports { audit: self, examination: &examination, head }.queue(&transaction).await?;
        transaction.commit().await?;
        stopwatch.step("reports");
        tracing::info!(
            workspace = %self.workspace.id,
            opened = outcome.opened,
            still_open = outcome.still_open,
            resolved = outcome.resolved,
            mails_queued,
            "access audit finished"
        );
        Ok(Some(Summary {
            run_id: self.run_id,
            outcome,
            members_checked: examination.members_checked,
            sign_ins_checked: examination.sign_ins_checked,
            mails_queued,
        }))
    }
}

/// The last seal of the activity log, all that was done until now included.
async fn chain_head(installation: &Installation, workspace: WorkspaceId) -> Result<Option<ChainHead>> {
    chain::seal(installation).await?;
    let head = chain::head(installation, workspace).await?;
    let known = |sequence| ChainHead { sequence, digest: head.digest() };
    Ok(u64::try_from(head.sequence).ok().filter(|sequence| *sequence > 0).map(known))
}
