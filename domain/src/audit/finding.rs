//! The life of a finding: opened once per cause, seen again, resolved by itself when its cause is gone, reopened when it
//! returns. In between people acknowledge, dismiss and resolve it ([`deciding`]), and do something about it ([`action`]).
//!
//! What a finding does by itself is told by its row and its run. What people do, and that a finding does not stay as somebody
//! left it, is an activity.

pub mod action;
pub mod deciding;
mod letter;
pub mod page;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use portaria_entity::finding::{self, AuditRule, FindingStatus, Severity};
use portaria_entity::id::{AuditRunId, FindingId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{audit_run, workspace};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};
use serde_json::json;

use super::{Evidence, Found};
use crate::activity::{Actor, Deed, record};
use crate::clock::Clock;
use crate::database::padded;
use crate::error::{Error, Result};

/// Rows written by one statement.
const BATCH: usize = 200;

/// What somebody has called resolved may be in sight for so long without being told of again, if nothing about it changes:
/// an attack is, for a week after it. What is still there then was not resolved.
const RESOLVED_IN_SIGHT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// What became of the findings of a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// New ones, and old ones that came back.
    pub opened: u64,
    /// Acknowledged ones included; dismissed ones are not counted.
    pub still_open: u64,
    pub resolved: u64,
}

/// The findings of one run, to be brought together with those on record.
pub struct Sighting<'a> {
    pub workspace_id: WorkspaceId,
    pub run_id: AuditRunId,
    pub found: &'a [Found],
    /// When it was looked.
    pub at: Timestamp,
}

/// Opens, keeps, reopens and resolves findings so that the open ones are those that were found.
pub async fn reconcile(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    sighting: &Sighting<'_>,
) -> Result<Outcome> {
    let outcome = observe(transaction, clock, sighting).await?;
    Ok(Outcome { resolved: resolve_unseen(transaction, sighting).await?, ..outcome })
}

/// Opens, keeps and reopens what was found. What was not found stays as it is: only a part was looked at.
pub async fn observe(
    transaction: &DatabaseTransaction,
    clock: &Clock,
    sighting: &Sighting<'_>,
) -> Result<Outcome> {
    lock(transaction, sighting.workspace_id).await?;
    let known = known(transaction, sighting).await?;
    let times = Times { at: sighting.at, run_before: run_before(transaction, sighting).await? };
    let mut outcome = Outcome::default();
    let (mut new, mut unchanged, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for found in sighting.found.iter().filter(|found| seen.insert((found.rule, found.cause.as_str()))) {
        let evidence = found.evidence.to_json()?;
        let Some(row) = known.get(&(found.rule, found.cause.clone())) else {
            outcome.opened += 1;
            new.push(opened(clock, sighting, found, evidence));
            continue;
        };
        let turn = row.turn((found, &evidence), times);
        match turn {
            Turn::Stale => continue,
            Turn::Reopens(_) => outcome.opened += 1,
            Turn::Stays => outcome.still_open += u64::from(row.is_told()),
            Turn::Rests => {}
        }
        if turn == Turn::Stays && row.evidence == evidence && row.severity == found.severity {
            unchanged.push(row.id);
            continue;
        }
        let after = row.after(turn, sighting, (found.severity, evidence));
        finding::Entity::update(after).exec(transaction).await?;
        if let Turn::Reopens(Because::Undone(why)) = turn {
            record(transaction, clock, row.reopening(sighting.workspace_id, why)).await?;
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
            .filter(finding::Column::Id.is_in(padded(batch.to_vec())))
            .filter(finding::Column::LastSeenAt.lt(sighting.at))
            .exec(transaction)
            .await?;
    }
    Ok(outcome)
}

/// The workspace's turn: two runs do not open one finding twice, and nobody decides about one while it changes. As every
/// change of access takes it, and without keeping those waiting who only refer to the workspace.
pub(super) async fn lock(transaction: &DatabaseTransaction, workspace: WorkspaceId) -> Result<()> {
    let find = workspace::Entity::find_by_id(workspace).lock(LockType::NoKeyUpdate);
    find.one(transaction).await?.map(|_| ()).ok_or(Error::NotFound)
}

/// When it was looked, and when the run before this one had looked at everything.
#[derive(Clone, Copy)]
struct Times {
    at: Timestamp,
    run_before: Option<Timestamp>,
}

async fn run_before(transaction: &DatabaseTransaction, sighting: &Sighting<'_>) -> Result<Option<Timestamp>> {
    let find = audit_run::Entity::find()
        .filter(audit_run::Column::WorkspaceId.eq(sighting.workspace_id))
        .filter(audit_run::Column::Job.eq(super::run::JOB))
        .filter(audit_run::Column::FinishedAt.lt(sighting.at))
        .order_by_desc(audit_run::Column::StartedAt);
    Ok(find.one(transaction).await?.and_then(|run| run.finished_at))
}

/// What is on record of something that was found again.
#[derive(Debug, FromQueryResult)]
struct Known {
    id: FindingId,
    rule: AuditRule,
    cause: String,
    severity: Severity,
    status: FindingStatus,
    evidence: String,
    last_seen_at: Timestamp,
    resolved_at: Option<Timestamp>,
    resolved_by: Option<MemberId>,
    dismissed_until: Option<Timestamp>,
    dismissed_severity: Option<Severity>,
    reopened_count: i32,
}

/// What being found again does to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Nothing: it was looked before somebody, or a later look, resolved it.
    Stale,
    Stays,
    Reopens(Because),
    /// It was gone, and is back while it is dismissed.
    Rests,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Because {
    Returned,
    /// Somebody had left it otherwise.
    Undone(&'static str),
}

impl Known {
    fn turn(&self, (found, evidence): (&Found, &str), Times { at, run_before }: Times) -> Turn {
        let severity = found.severity;
        let worse = is_worse(severity, self.severity);
        match self.status {
            FindingStatus::Open => Turn::Stays,
            FindingStatus::Acknowledged if worse => Turn::Reopens(Because::Undone("more_severe")),
            FindingStatus::Acknowledged => Turn::Stays,
            FindingStatus::Dismissed if self.rests(severity, at) => Turn::Stays,
            FindingStatus::Dismissed if self.dismissed_until.is_some_and(|until| until > at) => {
                Turn::Reopens(Because::Undone("more_severe"))
            }
            FindingStatus::Dismissed => Turn::Reopens(Because::Undone("dismissal_ended")),
            FindingStatus::Resolved if self.resolved_at.is_some_and(|resolved| resolved >= at) => Turn::Stale,
            FindingStatus::Resolved if self.resolved_by.is_some() => match self.resolved_at {
                _ if worse => Turn::Reopens(Because::Undone("more_severe")),
                _ if self.evidence != evidence && self.goes_on(found) => {
                    Turn::Reopens(Because::Undone("seen_anew"))
                }
                _ if run_before.is_some_and(|run| run > self.last_seen_at) => {
                    Turn::Reopens(Because::Undone("returned"))
                }
                Some(resolved) if at.since(resolved) < RESOLVED_IN_SIGHT => Turn::Stays,
                Some(_) | None => Turn::Reopens(Because::Undone("still_there")),
            },
            FindingStatus::Resolved if self.rests(severity, at) => Turn::Rests,
            FindingStatus::Resolved => Turn::Reopens(Because::Returned),
        }
    }

    /// Whether what was found is not only more of what was over when it was resolved.
    fn goes_on(&self, found: &Found) -> bool {
        found.evidence.latest().is_none_or(|latest| Some(latest) > self.resolved_at)
    }

    /// Whether a dismissal holds.
    fn rests(&self, severity: Severity, at: Timestamp) -> bool {
        self.dismissed_until.is_some_and(|until| until > at)
            && !is_worse(severity, self.dismissed_severity.unwrap_or(self.severity))
    }

    /// Whether administrators are told of it.
    fn is_told(&self) -> bool {
        matches!(self.status, FindingStatus::Open | FindingStatus::Acknowledged)
    }

    fn after(
        &self,
        turn: Turn,
        sighting: &Sighting<'_>,
        (severity, evidence): (Severity, String),
    ) -> finding::ActiveModel {
        let seen = finding::ActiveModel {
            workspace_id: Set(sighting.workspace_id),
            id: Set(self.id),
            severity: Set(severity),
            evidence: Set(evidence),
            last_seen_at: Set(sighting.at.max(self.last_seen_at)),
            ..finding::ActiveModel::default()
        };
        match turn {
            Turn::Stale | Turn::Stays => seen,
            Turn::Rests => {
                finding::ActiveModel { status: Set(FindingStatus::Dismissed), resolved_at: Set(None), ..seen }
            }
            Turn::Reopens(_) => finding::ActiveModel {
                opened_at: Set(sighting.at),
                audit_run_id: Set(sighting.run_id),
                // Who was told of it before is told again.
                alerted_at: Set(None),
                ..reopened(seen, self.reopened_count)
            },
        }
    }

    /// That a finding does not stay as somebody left it.
    fn reopening(&self, workspace_id: WorkspaceId, why: &str) -> Deed<'static> {
        Deed {
            workspace_id,
            actor: Actor::Installation,
            action: "finding.reopened",
            subject: self.id.to_string(),
            before: Some(json!({ "status": self.status.to_value(), "rule": self.rule.to_value() })),
            after: Some(json!({ "because": why })),
            address: None,
        }
    }
}

/// Open again, without what was decided before.
fn reopened(row: finding::ActiveModel, times: i32) -> finding::ActiveModel {
    finding::ActiveModel {
        status: Set(FindingStatus::Open),
        resolved_at: Set(None),
        resolved_by: Set(None),
        acknowledged_at: Set(None),
        acknowledged_by: Set(None),
        dismissed_at: Set(None),
        dismissed_by: Set(None),
        dismissed_until: Set(None),
        dismissed_severity: Set(None),
        dismissal_reason: Set(None),
        reopened_count: Set(times.saturating_add(1)),
        ..row
    }
}

/// Severities are listed worst first.
fn is_worse(one: Severity, than: Severity) -> bool {
    (one as u8) < (than as u8)
}

/// Each cause is looked up by itself: SQLite would rather read all findings of the workspace than an index many times.
const KNOWN: &str = "
SELECT f.id, f.rule, f.cause, f.severity, f.status, f.evidence, f.last_seen_at, f.resolved_at, f.resolved_by,
       f.dismissed_until, f.dismissed_severity, f.reopened_count
FROM wanted w CROSS JOIN findings f WHERE f.workspace_id = $1 AND f.rule = $2 AND f.cause = w.cause";

/// Of what was found, what is on record, whatever its status.
async fn known(
    transaction: &DatabaseTransaction,
    sighting: &Sighting<'_>,
) -> Result<HashMap<(AuditRule, String), Known>> {
    let mut causes: BTreeMap<AuditRule, Vec<&str>> = BTreeMap::new();
    for found in sighting.found {
        causes.entry(found.rule).or_default().push(&found.cause);
    }
    let mut known = HashMap::new();
    for (rule, causes) in causes {
        for batch in causes.chunks(BATCH) {
            let batch = padded(batch.to_vec());
            let places: Vec<String> = (3..batch.len() + 3).map(|place| format!("(${place})")).collect();
            let sql = format!("WITH wanted (cause) AS (VALUES {}){KNOWN}", places.join(", "));
            let key = [sighting.workspace_id.0.into(), rule.to_value().into()];
            let values = key.into_iter().chain(batch.into_iter().map(sea_orm::Value::from));
            let rows =
                Known::find_by_statement(statement(transaction, &sql, values)).all(transaction).await?;
            known.extend(rows.into_iter().map(|row| ((row.rule, row.cause.clone()), row)));
        }
    }
    Ok(known)
}

fn statement(
    transaction: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Statement {
    Statement::from_sql_and_values(transaction.get_database_backend(), sql, values)
}

fn opened(clock: &Clock, sighting: &Sighting<'_>, found: &Found, evidence: String) -> finding::ActiveModel {
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
        audit_run_id: Set(sighting.run_id),
        reopened_count: Set(0),
        ..finding::ActiveModel::default()
    }
}

/// The index is over what is not resolved: that stands in the statement for it.
const RESOLVE: &str = "
UPDATE findings SET status = 'resolved', resolved_at = $2
WHERE workspace_id = $1 AND last_seen_at < $2 AND status <> 'resolved'";

/// Answers how many of those that administrators are told of.
async fn resolve_unseen(transaction: &DatabaseTransaction, sighting: &Sighting<'_>) -> Result<u64> {
    let told = format!("{RESOLVE} AND status <> 'dismissed'");
    let mut resolved = 0;
    for (sql, counts) in [(told.as_str(), 1), (RESOLVE, 0)] {
        let values = [sighting.workspace_id.0.into(), sighting.at.0.into()];
        let done = transaction.execute_raw(statement(transaction, sql, values)).await?;
        resolved += counts * done.rows_affected();
    }
    Ok(resolved)
}

/// A finding with its evidence read.
#[derive(Clone, Debug)]
pub struct OpenFinding {
    pub row: finding::Model,
    pub evidence: Evidence,
    /// Who made the API key that it is about, or gave it its secret; read by [`page`] where somebody is to decide.
    pub key_makers: Vec<MemberId>,
}

impl OpenFinding {
    /// Of whatever status it is.
    pub fn of(row: finding::Model) -> Result<Self> {
        Ok(Self { evidence: Evidence::from_json(&row.evidence)?, row, key_makers: Vec::new() })
    }
}

/// The open findings of a workspace, the one opened first before the others.
pub async fn open(connection: &impl ConnectionTrait, workspace_id: WorkspaceId) -> Result<Vec<OpenFinding>> {
    let rows = finding::Entity::find()
        .filter(finding::Column::WorkspaceId.eq(workspace_id))
        .filter(finding::Column::Status.eq(FindingStatus::Open))
        .order_by_asc(finding::Column::OpenedAt)
        .order_by_asc(finding::Column::Id)
        .all(connection)
        .await?;
    rows.into_iter().map(OpenFinding::of).collect()
}
