//! What a report of the audit is about: what is open, what was resolved, how it has been week after week; and the record of
//! what went to whom, by which the next report knows where to go on.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::audit_report;
use portaria_entity::audit_tally;
use portaria_entity::finding::{self, FindingStatus, Severity};
use portaria_entity::id::{AuditRunId, MemberId, OutgoingMailId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::workspace;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::finding::OpenFinding;
use super::reader::Sight;
use super::reader_copy::{ReaderCopy, copies};
use crate::alert_policy::degree;
use crate::database::Database;
use crate::error::Result;

/// Of so many findings a report knows more than their number.
pub const MOST: u64 = 5_000;
/// Of so many resolved ones.
pub const MOST_RESOLVED: u64 = 1_000;
/// So many weeks make a trend.
pub const WEEKS: u32 = 8;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// So long after one report of the week, or after the workspace was made, the next one is late: after the seventh day and
/// before the eighth, whatever the clocks do.
const WEEK_AT_MOST: Duration = Duration::from_secs(180 * 60 * 60);
/// Who comes back after longer than this is told of so much.
const LONGEST: Duration = Duration::from_secs(35 * 24 * 60 * 60);

/// How many are open, by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub critical: u64,
    pub high: u64,
    pub medium: u64,
    pub low: u64,
}

impl Tally {
    pub fn total(self) -> u64 {
        self.critical + self.high + self.medium + self.low
    }

    fn add(&mut self, severity: Severity, count: u64) {
        *match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
        } += count;
    }
}

/// How it was at the end of a week; none where no audit ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    pub until: Timestamp,
    pub tally: Option<Tally>,
}

/// The findings that a report tells.
#[derive(Clone, Debug, Default)]
pub struct Matters {
    /// Open or acknowledged, the most severe first: at most [`MOST`], and of more those that are new.
    pub open: Vec<OpenFinding>,
    /// All that are open or acknowledged.
    pub tally: Tally,
    /// Resolved since, the latest first: at most [`MOST_RESOLVED`].
    pub resolved: Vec<OpenFinding>,
}

impl Matters {
    /// As they are now, with what was resolved after `since`. Dismissed ones are nobody's matter.
    pub async fn of(
        connection: &impl ConnectionTrait,
        database: &Database,
        workspace: WorkspaceId,
        since: Timestamp,
    ) -> Result<Self> {
        let most_severe = sea_orm::sea_query::Expr::cust(
            "CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END",
        );
        let new_first = format!("CASE WHEN status = 'open' AND opened_at > {} THEN 0 ELSE 1 END", since.0);
        let new_first = sea_orm::sea_query::Expr::cust(new_first);
        let open = finding::Entity::find()
            .filter(finding::Column::WorkspaceId.eq(workspace))
            .filter(finding::Column::Status.is_in([FindingStatus::Open, FindingStatus::Acknowledged]))
            .order_by(new_first, sea_orm::Order::Asc)
            .order_by(most_severe, sea_orm::Order::Asc)
            .order_by_desc(finding::Column::OpenedAt)
            .order_by_asc(finding::Column::Id)
            .limit(MOST);
        let resolved = finding::Entity::find()
            .filter(finding::Column::WorkspaceId.eq(workspace))
            .filter(finding::Column::ResolvedAt.gt(since))
            .filter(finding::Column::Status.eq(FindingStatus::Resolved))
            .order_by_desc(finding::Column::ResolvedAt)
            .limit(MOST_RESOLVED);
        let mut open = read(open.all(connection).await?)?;
        open.sort_by_key(|finding| (Reverse(degree(finding.row.severity)), finding.row.id));
        Ok(Self {
            open,
            tally: tally(connection, database, workspace).await?,
            resolved: read(resolved.all(connection).await?)?,
        })
    }
}

fn read(rows: Vec<finding::Model>) -> Result<Vec<OpenFinding>> {
    let with_evidence = |row: finding::Model| OpenFinding::of(row);
    rows.into_iter().map(with_evidence).collect()
}

/// How many findings are open or acknowledged.
pub async fn tally(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
) -> Result<Tally> {
    let sql = "SELECT severity, COUNT(*) FROM findings \
               WHERE workspace_id = $1 AND status IN ('open', 'acknowledged') GROUP BY severity";
    let mut tally = Tally::default();
    for row in connection.query_all_raw(database.statement(sql, [workspace.0.into()])).await? {
        let severity = Severity::try_from_value(&row.try_get_by_index(0)?)?;
        tally.add(severity, row.try_get_by_index::<i64>(1)?.unsigned_abs());
    }
    Ok(tally)
}

/// Keeps what a run came to, for later trends.
pub async fn note_tally(
    transaction: &impl ConnectionTrait,
    (workspace, run): (WorkspaceId, AuditRunId),
    (tally, at): (Tally, Timestamp),
) -> Result<()> {
    let kept = |count: u64| Set(i64::try_from(count).unwrap_or(i64::MAX));
    let row = audit_tally::ActiveModel {
        workspace_id: Set(workspace),
        audit_run_id: Set(run),
        at: Set(at),
        critical: kept(tally.critical),
        high: kept(tally.high),
        medium: kept(tally.medium),
        low: kept(tally.low),
    };
    let once = OnConflict::columns([audit_tally::Column::WorkspaceId, audit_tally::Column::AuditRunId])
        .do_nothing()
        .to_owned();
    audit_tally::Entity::insert(row).on_conflict(once).exec_without_returning(transaction).await?;
    Ok(())
}

/// The last weeks that end now, the oldest first, from the first one on in which an audit ran.
pub async fn trend(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<Week>> {
    let mut weeks = Vec::new();
    for ago in (0..WEEKS).rev() {
        let until = now - WEEK * ago;
        let last = audit_tally::Entity::find()
            .filter(audit_tally::Column::WorkspaceId.eq(workspace))
            .filter(audit_tally::Column::At.gt(until - WEEK))
            .filter(audit_tally::Column::At.lte(until))
            .order_by_desc(audit_tally::Column::At)
            .one(connection)
            .await?;
        if last.is_some() || !weeks.is_empty() {
            weeks.push(Week { until, tally: last.map(|row| Tally::from(&row)) });
        }
    }
    Ok(weeks)
}

impl From<&audit_tally::Model> for Tally {
    fn from(row: &audit_tally::Model) -> Self {
        let of = |count: i64| u64::try_from(count).unwrap_or(0);
        Self { critical: of(row.critical), high: of(row.high), medium: of(row.medium), low: of(row.low) }
    }
}

/// From when on a report to each reader tells what happened.
#[derive(Clone, Debug, Default)]
pub struct Told {
    copies: HashMap<MemberId, Vec<ReaderCopy>>,
    at: Timestamp,
}

/// What readers were told until now. A report that could not be delivered, or was withdrawn, told nothing; one from after
/// now is of a clock that was wrong.
pub async fn told(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Told> {
    Ok(Told { copies: copies(connection, database, workspace, (now - LONGEST, now)).await?, at: now })
}

impl Told {
    /// For whom none has reached: a day, or a week; and in any case all that those would have told that did not arrive, unless
    /// another has told it meanwhile.
    pub fn since(&self, member: MemberId, is_weekly: bool) -> Timestamp {
        let usual = self.at - if is_weekly { WEEK } else { DAY };
        let Some(copies) = self.copies.get(&member) else { return usual };
        let counts = |copy: &&ReaderCopy| copy.may_have_arrived() && (copy.is_weekly || !is_weekly);
        let last = copies.iter().filter(counts).map(|copy| copy.to).max().unwrap_or(usual);
        let lost = copies.iter().filter(|copy| !copy.may_have_arrived());
        let unheard =
            lost.filter_map(|lost| lost.unheard(copies.iter().filter(|copy| copy.may_have_arrived())));
        unheard.min().map_or(last, |unheard| unheard.min(last))
    }
}

/// Whether the report of the week that was due on a local date has gone out.
pub async fn is_week_told(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    week: &str,
) -> Result<bool> {
    let find = audit_report::Entity::find()
        .filter(audit_report::Column::WorkspaceId.eq(workspace))
        .filter(audit_report::Column::Week.eq(week));
    Ok(find.one(connection).await?.is_some())
}

/// Whether a report of the week is due whatever day is set for it: nobody puts it off by setting another again and again.
pub async fn is_week_late(
    connection: &impl ConnectionTrait,
    workspace: &workspace::Model,
    now: Timestamp,
) -> Result<bool> {
    let since = now - WEEK_AT_MOST;
    let find = audit_report::Entity::find()
        .filter(audit_report::Column::WorkspaceId.eq(workspace.id))
        .filter(audit_report::Column::CoversTo.gt(since))
        .filter(audit_report::Column::CoversTo.lte(now))
        .filter(audit_report::Column::Week.is_not_null());
    Ok(workspace.created_at <= since && find.one(connection).await?.is_none())
}

/// A report to somebody, to be put down with its mail.
pub struct NewReport {
    pub workspace_id: WorkspaceId,
    pub audit_run_id: AuditRunId,
    pub member_id: MemberId,
    pub mail_id: OutgoingMailId,
    /// Of a report of the week: the local date it was due on.
    pub week: Option<String>,
    pub covers: (Timestamp, Timestamp),
    pub sight: Sight,
}

pub async fn note(transaction: &impl ConnectionTrait, new: NewReport) -> Result<()> {
    let row = audit_report::ActiveModel {
        workspace_id: Set(new.workspace_id),
        audit_run_id: Set(new.audit_run_id),
        member_id: Set(new.member_id),
        mail_id: Set(new.mail_id),
        week: Set(new.week),
        covers_from: Set(new.covers.0),
        covers_to: Set(new.covers.1),
        withdrawn_at: Set(None),
        tells_people: Set(new.sight.people),
        tells_log: Set(new.sight.log),
    };
    audit_report::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// The report that a mail carries; none for another mail.
pub async fn of_mail(
    connection: &impl ConnectionTrait,
    mail: OutgoingMailId,
) -> Result<Option<audit_report::Model>> {
    Ok(audit_report::Entity::find().filter(audit_report::Column::MailId.eq(mail)).one(connection).await?)
}

/// Puts down that a report was not sent, because its reader may not read it any more.
pub async fn withdraw(
    transaction: &impl ConnectionTrait,
    report: &audit_report::Model,
    now: Timestamp,
) -> Result<()> {
    let row = audit_report::ActiveModel {
        workspace_id: Set(report.workspace_id),
        audit_run_id: Set(report.audit_run_id),
        member_id: Set(report.member_id),
        withdrawn_at: Set(Some(now)),
        ..audit_report::ActiveModel::default()
    };
    audit_report::Entity::update(row).exec(transaction).await?;
    Ok(())
}
