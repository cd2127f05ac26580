//! The life of a finding: opened once per cause, seen again, resolved by itself when its cause is gone, reopened when
//! it returns.

use std::collections::HashMap;

use portaria_entity::finding::{self, AuditRule, FindingStatus};
use portaria_entity::id::{AuditRunId, FindingId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::workspace;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Evidence, Found};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// Rows written by one statement.
const BATCH: usize = 200;

/// What became of the findings of a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// New ones, and old ones that came back.
    pub opened: u64,
    pub still_open: u64,
    pub resolved: u64,
}

/// The findings of one run, to be brought together with those on record.
pub struct Sighting<'a> {
    pub workspace_id: WorkspaceId,
    pub run_id: AuditRunId,
    pub found: &'a [Found],
    /// Later than the last run's.
    pub at: Timestamp,
}

/// Opens, keeps, reopens and resolves findings so that the open ones are those that were found.
pub async fn reconcile(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    sighting: &Sighting<'_>,
) -> Result<Outcome> {
    let known = known(transaction, sighting).await?;
    let mut outcome = Outcome::default();
    let mut new = Vec::new();
    let mut unchanged = Vec::new();
    for found in sighting.found {
        let evidence = found.evidence.to_json()?;
        match known.get(&(found.rule, found.cause.clone())) {
            None => {
                outcome.opened += 1;
                new.push(opened(clock, sighting, found, evidence));
            }
            Some(row) => {
                let is_open = row.status == FindingStatus::Open;
                *(if is_open { &mut outcome.still_open } else { &mut outcome.opened }) += 1;
                if is_open && row.evidence == evidence && row.severity == found.severity {
                    unchanged.push(row.id);
                } else {
                    finding::Entity::update(seen_again(sighting, row, found, evidence))
                        .exec(transaction)
                        .await?;
                }
            }
        }
    }
    for batch in new.chunks(BATCH) {
        finding::Entity::insert_many(batch.to_vec()).exec_without_returning(transaction).await?;
    }
    for batch in unchanged.chunks(BATCH) {
        let seen = finding::ActiveModel { last_seen_at: Set(sighting.at), ..finding::ActiveModel::default() };
        finding::Entity::update_many()
            .set(seen)
            .filter(finding::Column::WorkspaceId.eq(sighting.workspace_id))
            .filter(finding::Column::Id.is_in(batch.iter().copied()))
            .exec(transaction)
            .await?;
    }
    outcome.resolved = resolve_unseen(transaction, sighting).await?;
    Ok(outcome)
}

type Known = HashMap<(AuditRule, String), finding::Model>;

/// The open findings, and those resolved ones whose cause was found again. The workspace's row is locked, so that
/// two runs do not open one twice.
async fn known(transaction: &DatabaseTransaction, sighting: &Sighting<'_>) -> Result<Known> {
    let workspace = workspace::Entity::find_by_id(sighting.workspace_id).lock_exclusive();
    workspace.one(transaction).await?.ok_or(Error::NotFound)?;
    let of_workspace = finding::Entity::find().filter(finding::Column::WorkspaceId.eq(sighting.workspace_id));
    let open = of_workspace.clone().filter(finding::Column::Status.eq(FindingStatus::Open));
    let mut known: Known = open.all(transaction).await?.into_iter().map(keyed).collect();
    let not_open: Vec<&str> = sighting
        .found
        .iter()
        .filter(|found| !known.contains_key(&(found.rule, found.cause.clone())))
        .map(|found| found.cause.as_str())
        .collect();
    for batch in not_open.chunks(BATCH) {
        let resolved = of_workspace
            .clone()
            .filter(finding::Column::Status.eq(FindingStatus::Resolved))
            .filter(finding::Column::Cause.is_in(batch.iter().copied()));
        known.extend(resolved.all(transaction).await?.into_iter().map(keyed));
    }
    Ok(known)
}

fn keyed(row: finding::Model) -> ((AuditRule, String), finding::Model) {
    ((row.rule, row.cause.clone()), row)
}

pub(super) fn opened(
    clock: &Clock,
    sighting: &Sighting<'_>,
    found: &Found,
    evidence: String,
) -> finding::ActiveModel {
    finding::ActiveModel {
        workspace_id: Set(sighting.workspace_id),
        id: Set(clock.new_id::<FindingId>()),
        rule: Set(found.rule),
        cause: Set(found.cause.clone()),
        severity: Set(found.severity),
        status: Set(FindingStatus::Open),
        member_id: Set(found.about.member()),
        api_key_id: Set(found.about.api_key()),
        channel_id: Set(found.about.channel()),
        evidence: Set(evidence),
        opened_at: Set(sighting.at),
        last_seen_at: Set(sighting.at),
        resolved_at: Set(None),
        audit_run_id: Set(sighting.run_id),
        acknowledged_at: Set(None),
        acknowledged_by: Set(None),
        dismissed_at: Set(None),
        dismissed_by: Set(None),
        dismissed_until: Set(None),
        dismissal_reason: Set(None),
        alerted_at: Set(None),
    }
}

pub(super) fn seen_again(
    sighting: &Sighting<'_>,
    row: &finding::Model,
    found: &Found,
    evidence: String,
) -> finding::ActiveModel {
    let (opened_at, run_id) = match row.status {
        FindingStatus::Open | FindingStatus::Acknowledged | FindingStatus::Dismissed => {
            (row.opened_at, row.audit_run_id)
        }
        FindingStatus::Resolved => (sighting.at, sighting.run_id),
    };
    finding::ActiveModel {
        workspace_id: Set(row.workspace_id),
        id: Set(row.id),
        severity: Set(found.severity),
        status: Set(FindingStatus::Open),
        evidence: Set(evidence),
        opened_at: Set(opened_at),
        last_seen_at: Set(sighting.at),
        resolved_at: Set(None),
        audit_run_id: Set(run_id),
        ..finding::ActiveModel::default()
    }
}

async fn resolve_unseen(transaction: &DatabaseTransaction, sighting: &Sighting<'_>) -> Result<u64> {
    let resolved = finding::ActiveModel {
        status: Set(FindingStatus::Resolved),
        resolved_at: Set(Some(sighting.at)),
        ..finding::ActiveModel::default()
    };
    let done = finding::Entity::update_many()
        .set(resolved)
        .filter(finding::Column::WorkspaceId.eq(sighting.workspace_id))
        .filter(finding::Column::Status.eq(FindingStatus::Open))
        .filter(finding::Column::LastSeenAt.lt(sighting.at))
        .exec(transaction)
        .await?;
    Ok(done.rows_affected)
}

/// A finding with its evidence read.
#[derive(Clone, Debug)]
pub struct OpenFinding {
    pub row: finding::Model,
    pub evidence: Evidence,
}

/// The open findings of a workspace, oldest first.
pub async fn open(connection: &impl ConnectionTrait, workspace_id: WorkspaceId) -> Result<Vec<OpenFinding>> {
    let rows = finding::Entity::find()
        .filter(finding::Column::WorkspaceId.eq(workspace_id))
        .filter(finding::Column::Status.eq(FindingStatus::Open))
        .order_by_asc(finding::Column::Id)
        .all(connection)
        .await?;
    rows.into_iter()
        .map(|row| Ok(OpenFinding { evidence: Evidence::from_json(&row.evidence)?, row }))
        .collect()
}
