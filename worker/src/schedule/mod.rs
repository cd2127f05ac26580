//! The auditor at work: sees every minute what is due, runs it once in the whole installation, and sends its mails. Each
//! hour it removes what has been kept long enough.

mod asked;
mod audit;
mod due;
mod reports;
mod review;
mod run;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use portaria_domain::Installation;
use portaria_domain::audit::telling::instant;
use portaria_domain::error::{Error, Result};
use portaria_domain::retention::{Retention, remove_outdated};
use portaria_domain::workspace;
use portaria_entity::id::WorkspaceId;
use portaria_entity::workspace::Model as Workspace;
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler};
use tokio_util::sync::CancellationToken;

use crate::alerting::Alerting;
use crate::mail::{MailConfigError, MailOptions, Outbox, Sent};

pub use audit::Summary;
use audit::{Audit, Cause};
pub use due::{Daily, Scheduled, Weekly};

/// The first second of every minute, in UTC: what is due then follows from each workspace's own zone.
const EVERY_MINUTE: &str = "0 * * * * *";
/// Not on the hour, when everybody else is busy.
const EVERY_HOUR: &str = "30 17 * * * *";

/// Audits every workspace when its time has come. Any number of processes may run one.
#[derive(Clone)]
pub struct Auditor {
    installation: Installation,
    outbox: Outbox,
    retention: Retention,
}

impl Auditor {
    pub fn new(installation: Installation, mail: &MailOptions) -> std::result::Result<Self, MailConfigError> {
        let outbox = Outbox::new(installation.clone(), mail)?;
        Ok(Self::with_outbox(installation, outbox))
    }

    pub fn with_outbox(installation: Installation, outbox: Outbox) -> Self {
        Self { installation, outbox, retention: Retention::default() }
    }

    /// The same, with other times to keep things.
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    /// Audits on schedule, tells what cannot wait and sends mails until `shutdown`; what has begun is finished.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<()> {
        let alerting = Alerting::new(self.installation.clone(), self.outbox.sender().clone());
        let (scheduled, _, _) = tokio::join!(
            self.run_schedule(shutdown.clone()),
            self.outbox.run(shutdown.clone()),
            alerting.run(shutdown)
        );
        scheduled
    }

    async fn run_schedule(&self, shutdown: CancellationToken) -> Result<()> {
        let (minute, hour) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let mut scheduler = JobScheduler::new().await.map_err(Error::internal)?;
        for (when, bell) in [(EVERY_MINUTE, minute.clone()), (EVERY_HOUR, hour.clone())] {
            let ring = Job::new(when, move |_, _| bell.notify_one()).map_err(Error::internal)?;
            scheduler.add(ring).await.map_err(Error::internal)?;
        }
        scheduler.start().await.map_err(Error::internal)?;
        // At once, too: what was missed while nobody was there need not wait for the next minute.
        minute.notify_one();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = minute.notified() => {
                    if let Err(error) = self.tick().await {
                        tracing::warn!(%error, "the schedule could not be read");
                    }
                }
                () = hour.notified() => self.tidy().await,
            }
        }
        scheduler.shutdown().await.map_err(Error::internal)
    }

    /// Runs what is due now, and looks after access reviews. A workspace whose audit fails does not keep the others from
    /// theirs; its run is taken up again when its lease has run out.
    pub async fn tick(&self) -> Result<Vec<Summary>> {
        let mut done = Vec::new();
        for workspace in workspace::all(self.installation.database.reader()).await? {
            match self.audit_if_due(&workspace).await {
                Ok(summary) => done.extend(summary),
                Err(error) => tracing::error!(workspace = %workspace.id, %error, "access audit failed"),
            }
            match self.audit_if_asked(&workspace).await {
                Ok(summary) => done.extend(summary),
                Err(error) => {
                    tracing::error!(workspace = %workspace.id, %error, "an audit that was asked for failed");
                }
            }
            review::look_after(&self.installation, workspace.id).await;
        }
        Ok(done)
    }

    async fn tidy(&self) {
        match remove_outdated(&self.installation, self.retention).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "removed what had been kept long enough"),
            Err(error) => tracing::warn!(%error, "what is outdated could not be removed"),
        }
    }

    async fn audit_if_due(&self, workspace: &Workspace) -> Result<Option<Summary>> {
        let daily = Daily::of(workspace)?;
        let now = instant(self.installation.clock.now());
        let latest = daily.credible(now);
        let last = run::last_scheduled(&self.installation, workspace.id, &latest).await?;
        let last_claimed = last.as_ref().map(|run| run.scheduled_for.as_str());
        let run_id = match (daily.due(instant(workspace.created_at), last_claimed, now), &last) {
            (Some(scheduled), _) => run::claim(&self.installation, workspace.id, scheduled.key()).await?,
            (None, Some(last)) => run::take_over(&self.installation, last).await?,
            (None, None) => None,
        };
        match run_id {
            Some(run_id) => self.audit(workspace, run_id, Cause::Schedule).perform().await,
            None => Ok(None),
        }
    }

    /// Audits a workspace now, whatever the schedule says, for all who read its reports. Its mails are queued, not yet sent.
    pub async fn audit_now(&self, workspace_id: WorkspaceId) -> Result<Summary> {
        let workspace = workspace::find(self.installation.database.reader(), workspace_id).await?;
        let run_id = run::begin_manual(&self.installation, workspace_id).await?;
        let run_id = run_id.ok_or_else(|| Error::internal("a new run was there already"))?;
        let summary = self.audit(&workspace, run_id, Cause::Machine).perform().await?;
        summary.ok_or_else(|| Error::internal("a run of one's own was finished by another"))
    }

    /// Sends the mails that are due and says what became of them.
    pub async fn send_queued_mails(&self) -> Result<Sent> {
        self.outbox.send_queued(&CancellationToken::new()).await
    }

    fn audit<'a>(
        &'a self,
        workspace: &'a Workspace,
        run_id: portaria_entity::id::AuditRunId,
        cause: Cause,
    ) -> Audit<'a> {
        let Self { installation, outbox, .. } = self;
        Audit { installation, sender: outbox.sender(), workspace, run_id, cause }
    }
}
