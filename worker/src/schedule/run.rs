//! The claim on one run of a job: in the whole installation somebody has it once.

use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::audit::Examination;
use portaria_domain::audit::run::JOB;
use portaria_domain::error::Result;
use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::id::{AuditRunId, WorkspaceId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

/// A process that died in the middle keeps a run so long; then another finishes it.
pub const LEASE: Duration = Duration::from_secs(10 * 60);
/// A lease that lasts longer than any does was written by a clock that was wrong.
const ABSURD: Duration = Duration::from_secs(2 * 60 * 60);

/// The scheduled run that was claimed last, of those until the local time `latest`. What was claimed for a later one was so
/// by a clock that had run ahead, and that is no reason to be silent until then.
pub async fn last_scheduled(
    installation: &Installation,
    workspace_id: WorkspaceId,
    latest: &str,
) -> Result<Option<audit_run::Model>> {
    let last = audit_run::Entity::find()
        .filter(audit_run::Column::WorkspaceId.eq(workspace_id))
        .filter(audit_run::Column::Job.eq(JOB))
        .filter(audit_run::Column::Trigger.eq(AuditTrigger::Schedule))
        .filter(audit_run::Column::ScheduledFor.lte(latest))
        .order_by_desc(audit_run::Column::ScheduledFor)
        .one(installation.database.reader());
    Ok(last.await?)
}

/// Claims the run that was due at a local time, unless somebody has.
pub async fn claim(
    installation: &Installation,
    workspace_id: WorkspaceId,
    scheduled_for: String,
) -> Result<Option<AuditRunId>> {
    insert(installation, workspace_id, Some(scheduled_for)).await
}

/// A run that somebody asked for: nobody else can claim it.
pub async fn begin_manual(
    installation: &Installation,
    workspace_id: WorkspaceId,
) -> Result<Option<AuditRunId>> {
    insert(installation, workspace_id, None).await
}

async fn insert(
    installation: &Installation,
    workspace_id: WorkspaceId,
    scheduled_for: Option<String>,
) -> Result<Option<AuditRunId>> {
    let id: AuditRunId = installation.clock.new_id();
    let now = installation.clock.now();
    let trigger = if scheduled_for.is_some() { AuditTrigger::Schedule } else { AuditTrigger::Manual };
    let row = audit_run::ActiveModel {
        workspace_id: Set(workspace_id),
        id: Set(id),
        job: Set(JOB.to_owned()),
        scheduled_for: Set(scheduled_for.unwrap_or_else(|| id.to_string())),
        trigger: Set(trigger),
        started_at: Set(now),
        leased_until: Set(now + LEASE),
        finished_at: Set(None),
        members_checked: Set(0),
        findings_open: Set(0),
        requested_by: Set(None),
    };
    let once = OnConflict::columns([
        audit_run::Column::WorkspaceId,
        audit_run::Column::Job,
        audit_run::Column::ScheduledFor,
    ])
    .do_nothing()
    .to_owned();
    let inserted = audit_run::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(installation.database.writer())
        .await?;
    Ok((inserted == 1).then_some(id))
}

/// Takes over a run whose holder has let its lease run out.
pub async fn take_over(installation: &Installation, run: &audit_run::Model) -> Result<Option<AuditRunId>> {
    let now = installation.clock.now();
    let is_leased = run.leased_until >= now && run.leased_until <= now + ABSURD;
    if run.finished_at.is_some() || is_leased {
        return Ok(None);
    }
    let lease =
        audit_run::ActiveModel { leased_until: Set(now + LEASE), ..audit_run::ActiveModel::default() };
    let taken = audit_run::Entity::update_many()
        .set(lease)
        .filter(audit_run::Column::WorkspaceId.eq(run.workspace_id))
        .filter(audit_run::Column::Id.eq(run.id))
        .filter(audit_run::Column::FinishedAt.is_null())
        .filter(audit_run::Column::LeasedUntil.eq(run.leased_until))
        .exec(installation.database.writer())
        .await?;
    Ok((taken.rows_affected == 1).then_some(run.id))
}

/// Marks a run finished, in the transaction of its findings and mails. False: somebody else has finished it, and
/// that transaction must not be committed.
pub async fn finish(
    transaction: &impl ConnectionTrait,
    (workspace_id, id): (WorkspaceId, AuditRunId),
    examination: &Examination,
    findings_open: u64,
) -> Result<bool> {
    let finished = audit_run::ActiveModel {
        finished_at: Set(Some(examination.at)),
        members_checked: Set(i32::try_from(examination.members_checked).unwrap_or(i32::MAX)),
        findings_open: Set(i32::try_from(findings_open).unwrap_or(i32::MAX)),
        ..audit_run::ActiveModel::default()
    };
    let done = audit_run::Entity::update_many()
        .set(finished)
        .filter(audit_run::Column::WorkspaceId.eq(workspace_id))
        .filter(audit_run::Column::Id.eq(id))
        .filter(audit_run::Column::FinishedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(done.rows_affected == 1)
}
