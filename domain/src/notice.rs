//! What is to be told at once: findings that could not wait, and alerts. What is told together is a notice. How many there
//! are in an hour is limited, and what is more is merged into the next; quiet hours hold back what can wait.

mod budget;

use std::time::Duration;

use jiff::tz::TimeZone;
use portaria_entity::alert;
use portaria_entity::finding::{self, FindingStatus, Severity};
use portaria_entity::id::{AlertId, FindingId, NoticeId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::workspace;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::alert_policy::{self, AlertPolicy, degree, severity_of};
use crate::audit::Evidence;
use crate::audit::finding::OpenFinding;
use crate::audit::telling::instant;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::installation::Installation;

use budget::{Budget, Spending};

/// So many of each are looked at in one go: what is critical first, for of the words of both scales it is the first in the
/// alphabet. So nothing that waits hides it.
const BATCH: u64 = 1_000;
/// An alert that was over before it could be told is told only if it was raised so recently.
const RECENT: Duration = Duration::from_secs(10 * 60);

/// What may be told now, the most urgent first.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    pub findings: Vec<OpenFinding>,
    pub alerts: Vec<alert::Model>,
    /// What it is told of.
    budget: Option<Budget>,
    /// Alerts of which nothing need be said any more.
    over: Vec<AlertId>,
    /// Findings that somebody has seen to meanwhile.
    seen_to: Vec<FindingId>,
}

impl Waiting {
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.alerts.is_empty()
    }

    /// Whether there is something of which nothing need be said any more.
    pub fn has_leftovers(&self) -> bool {
        !self.over.is_empty() || !self.seen_to.is_empty()
    }

    pub fn len(&self) -> usize {
        self.findings.len() + self.alerts.len()
    }

    fn severities(&self) -> impl Iterator<Item = Severity> {
        let findings = self.findings.iter().map(|finding| finding.row.severity);
        findings.chain(self.alerts.iter().map(|alert| severity_of(alert.severity)))
    }

    fn retain(&mut self, keep: impl Fn(Severity) -> bool) {
        self.findings.retain(|finding| keep(finding.row.severity));
        self.alerts.retain(|alert| keep(severity_of(alert.severity)));
    }
}

/// The workspaces in which something is to be told.
pub async fn workspaces(installation: &Installation) -> Result<Vec<WorkspaceId>> {
    let sql = "SELECT workspace_id FROM findings_to_tell UNION SELECT workspace_id FROM alerts WHERE mailed_at IS NULL";
    let statement = installation.database.statement(sql, []);
    let rows = installation.database.reader().query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Has findings told at once. One that waits to be told already is not told twice.
pub(crate) async fn put_in_line(
    transaction: &DatabaseTransaction,
    database: &Database,
    (workspace, findings): (WorkspaceId, &[FindingId]),
    since: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO findings_to_tell (workspace_id, finding_id, since) VALUES ($1, $2, $3) \
               ON CONFLICT (workspace_id, finding_id) DO NOTHING";
    for id in findings {
        let values = [workspace.0.into(), id.0.into(), since.0.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
    }
    Ok(())
}

/// Notices of a workspace are made one after the other, without keeping those waiting who only refer to the workspace.
pub async fn take_turn(transaction: &DatabaseTransaction, id: WorkspaceId) -> Result<()> {
    let row = workspace::Entity::find_by_id(id).lock(LockType::NoKeyUpdate);
    row.one(transaction).await?.ok_or(Error::NotFound).map(|_| ())
}

/// What of a workspace may be told now.
pub async fn waiting(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    workspace: &workspace::Model,
) -> Result<Waiting> {
    let now = installation.clock.now();
    let policy = alert_policy::of(connection, workspace.id).await?;
    let zone = TimeZone::get(&workspace.time_zone).map_err(Error::internal)?;
    let mut waiting = all(connection, installation, workspace.id).await?;
    waiting.retain(|severity| policy.waits_until(&zone, instant(now), severity).is_none());
    // Everything that waits goes along with what may be told.
    let spending = Spending::of(connection, installation, workspace.id).await?;
    let allowed = |budget: &Budget| spending.allows(*budget, (policy.notices_an_hour, now));
    waiting.budget = waiting.severities().map(Budget::of).filter(allowed).max();
    if waiting.budget.is_none() {
        waiting.retain(|_| false);
    }
    Ok(waiting)
}

async fn all(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    id: WorkspaceId,
) -> Result<Waiting> {
    let now = installation.clock.now();
    let sql = "SELECT t.finding_id FROM findings_to_tell t \
               JOIN findings f ON f.workspace_id = t.workspace_id AND f.id = t.finding_id \
               WHERE t.workspace_id = $1 ORDER BY f.severity, t.since, t.finding_id LIMIT $2";
    let statement = installation.database.statement(sql, [id.0.into(), BATCH.into()]);
    let ids = connection.query_all_raw(statement).await?;
    let ids = ids.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect::<Result<Vec<FindingId>>>()?;
    let mut waiting = Waiting::default();
    let rows = finding::Entity::find()
        .filter(finding::Column::WorkspaceId.eq(id))
        .filter(finding::Column::Id.is_in(ids));
    for row in rows.all(connection).await? {
        match row.status {
            FindingStatus::Open => {
                let evidence = Evidence::from_json(&row.evidence)?;
                waiting.findings.push(OpenFinding { row, evidence, key_makers: Vec::new() });
            }
            FindingStatus::Acknowledged | FindingStatus::Dismissed | FindingStatus::Resolved => {
                waiting.seen_to.push(row.id);
            }
        }
    }
    let alerts = alert::Entity::find()
        .filter(alert::Column::WorkspaceId.eq(id))
        .filter(alert::Column::MailedAt.is_null())
        .order_by_asc(alert::Column::Severity)
        .order_by_asc(alert::Column::OpenedAt)
        .limit(BATCH);
    for row in alerts.all(connection).await? {
        if row.resolved_at.is_some() && now.since(row.last_seen_at) > RECENT {
            waiting.over.push(row.id);
        } else {
            waiting.alerts.push(row);
        }
    }
    let order = |severity, at| (std::cmp::Reverse(degree(severity)), at);
    waiting.findings.sort_by_key(|finding| order(finding.row.severity, finding.row.opened_at));
    waiting.alerts.sort_by_key(|alert| order(severity_of(alert.severity), alert.opened_at));
    Ok(waiting)
}

/// Writes down that nothing of this waits any more.
pub async fn clear(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (id, waiting): (WorkspaceId, &Waiting),
) -> Result<()> {
    let now = installation.clock.now();
    let findings: Vec<FindingId> = waiting.findings.iter().map(|finding| finding.row.id).collect();
    for batch in findings.chunks(200) {
        let told = finding::ActiveModel {
            alerted_at: sea_orm::ActiveValue::Set(Some(now)),
            ..finding::ActiveModel::default()
        };
        finding::Entity::update_many()
            .set(told)
            .filter(finding::Column::WorkspaceId.eq(id))
            .filter(finding::Column::Id.is_in(batch.iter().copied()))
            .exec(transaction)
            .await?;
    }
    let forget = "DELETE FROM findings_to_tell WHERE workspace_id = $1 AND finding_id = $2";
    for finding in findings.iter().chain(&waiting.seen_to) {
        let values = [id.0.into(), finding.0.into()];
        transaction.execute_raw(installation.database.statement(forget, values)).await?;
    }
    let alerts: Vec<AlertId> =
        waiting.alerts.iter().map(|alert| alert.id).chain(waiting.over.iter().copied()).collect();
    for batch in alerts.chunks(200) {
        let mailed = alert::ActiveModel {
            mailed_at: sea_orm::ActiveValue::Set(Some(now)),
            ..alert::ActiveModel::default()
        };
        alert::Entity::update_many()
            .set(mailed)
            .filter(alert::Column::WorkspaceId.eq(id))
            .filter(alert::Column::Id.is_in(batch.iter().copied()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Writes down, in the transaction of the mails, that this is told now.
pub async fn note(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (id, waiting): (WorkspaceId, &Waiting),
) -> Result<NoticeId> {
    clear(transaction, installation, (id, waiting)).await?;
    let now = installation.clock.now();
    let notice: NoticeId = installation.clock.new_id();
    let sql = "INSERT INTO notices (workspace_id, id, budget, told_at) VALUES ($1, $2, $3, $4)";
    let budget = waiting.budget.unwrap_or(Budget::Others);
    let values = [id.0.into(), notice.0.into(), budget.key().into(), now.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(notice)
}

/// What may be told later: until when the first of it waits for the end of the quiet hours.
pub fn quiet_until(policy: &AlertPolicy, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let until = policy.quiet?.until(zone, instant(now))?;
    Some(Timestamp(until.as_microsecond()))
}
