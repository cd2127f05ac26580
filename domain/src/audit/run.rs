//! Audits as they are asked for and listed. Whoever asks may do so where no auditor runs: the run is a row that the next tick
//! of one takes up.

use std::time::Duration;

use portaria_entity::audit_run::{self, AuditTrigger, Column};
use portaria_entity::id::{AuditRunId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// The name of the audit among scheduled jobs.
pub const JOB: &str = "access_audit";
/// It is work, and a mail: nobody asks for more in a row.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(5 * 60);
/// What was asked for so long ago is not wanted any more.
const STILL_WANTED: Duration = Duration::from_secs(24 * 60 * 60);

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Asked for; no auditor has begun yet.
    Queued,
    Running,
    Finished,
    /// Whoever had it is gone. An auditor takes it up again, unless it is of long ago.
    Interrupted,
}

pub fn state(run: &audit_run::Model, now: Timestamp) -> RunState {
    if run.finished_at.is_some() {
        RunState::Finished
    } else if run.leased_until >= now {
        RunState::Running
    } else if run.leased_until <= run.started_at {
        RunState::Queued
    } else {
        RunState::Interrupted
    }
}

/// Asks for an audit. One that somebody has asked for and that has not finished is answered instead of another.
pub async fn request(installation: &Installation, viewer: &Viewer) -> Result<audit_run::Model> {
    let now = installation.clock.now();
    viewer.require_everywhere(Permission::AuditRun, now)?;
    let transaction = installation.database.begin().await?;
    super::finding::lock(&transaction, viewer.workspace_id).await?;
    let last = asked_for(viewer.workspace_id, now).order_by_desc(Column::StartedAt).one(&transaction).await?;
    if let Some(last) = last {
        if last.finished_at.is_none() {
            return Ok(last);
        }
        let wait = BETWEEN_REQUESTS.saturating_sub(now.since(last.started_at));
        if !wait.is_zero() {
            let seconds = u32::try_from(wait.as_secs().max(1)).map_err(Error::internal)?;
            return Err(Refusal::Throttled { seconds }.into());
        }
    }
    let id: AuditRunId = installation.clock.new_id();
    let run = audit_run::Model {
        workspace_id: viewer.workspace_id,
        id,
        job: JOB.to_owned(),
        scheduled_for: id.to_string(),
        trigger: AuditTrigger::Manual,
        started_at: now,
        // Nobody has it yet.
        leased_until: Timestamp(0),
        finished_at: None,
        members_checked: 0,
        findings_open: 0,
        requested_by: viewer.member_id(),
    };
    audit_run::Entity::insert(audit_run::ActiveModel::from(run.clone()))
        .exec_without_returning(&transaction)
        .await?;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "audit.requested",
        subject: id.to_string(),
        before: None,
        after: None,
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    transaction.commit().await?;
    Ok(run)
}

/// A run that somebody asked for and that nobody has.
pub async fn waiting(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<audit_run::Model>> {
    let find = asked_for(workspace, now)
        .filter(Column::FinishedAt.is_null())
        .filter(Column::LeasedUntil.lt(now))
        .order_by_asc(Column::StartedAt);
    Ok(find.one(connection).await?)
}

fn asked_for(workspace: WorkspaceId, now: Timestamp) -> sea_orm::Select<audit_run::Entity> {
    audit_run::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::StartedAt.gt(now - STILL_WANTED))
        .filter(Column::Job.eq(JOB))
        .filter(Column::Trigger.eq(AuditTrigger::Manual))
}

/// The runs of a workspace, the last one first.
pub async fn page(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    after: Option<(Timestamp, AuditRunId)>,
    limit: u64,
) -> Result<Vec<audit_run::Model>> {
    let mut find =
        audit_run::Entity::find().filter(Column::WorkspaceId.eq(workspace)).filter(Column::Job.eq(JOB));
    if let Some((at, id)) = after {
        let same = Condition::all().add(Column::StartedAt.eq(at)).add(Column::Id.lt(id));
        find = find.filter(Condition::any().add(Column::StartedAt.lt(at)).add(same));
    }
    let find = find.order_by_desc(Column::StartedAt).order_by_desc(Column::Id).limit(limit);
    Ok(find.all(connection).await?)
}
