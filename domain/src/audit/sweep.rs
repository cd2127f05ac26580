//! What cannot wait until the morning is looked for every few seconds: by the rules that say so, over the last hours only, and
//! only where somebody did something. One process does it at a time. A sweep opens findings and never resolves any; the audit
//! that follows finds the same causes, so nothing is there twice. What only the audit sees is told at once as well.

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::finding::{self, AuditRule, FindingStatus, Severity};
use portaria_entity::id::{AuditRunId, FindingId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::fact::FactName;
use super::finding::{Outcome, Sighting, lock, observe, reconcile};
use super::tried::AWAITED;
use super::{Evidence, Found, Look, Settings, find, rule};
use crate::alert_policy::degree;
use crate::error::Result;
use crate::installation::Installation;
use crate::notice::put_in_line;
use crate::token::Token;
use crate::workspace;

/// The job's name among the runs of the auditor.
const JOB: &str = "sweep";
/// Rules look at the hour before what they find, so two hours are enough for what is new.
const WINDOW: Duration = Duration::from_secs(2 * 60 * 60);
/// After an outage what happened meanwhile is looked at, too; what is older waits for the audit.
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// A process that died keeps the others from sweeping so long.
const LEASE: Duration = Duration::from_secs(45);
/// A lease that lasts longer than any does was written by a clock that was wrong.
const ABSURD: Duration = Duration::from_secs(10 * 60);
/// What is committed late, or written down by the minute, is seen all the same.
const OVERLAP: Duration = Duration::from_secs(120);
/// So often every workspace is looked at, whether or not somebody did something there.
const EVERYTHING: Duration = Duration::from_secs(10 * 60);

/// A process that looks for what cannot wait, if no other does.
pub struct Sweeper {
    holder: String,
    looked_at_all: Option<Timestamp>,
}

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many workspaces were looked at.
    pub workspaces: usize,
    pub opened: u64,
}

impl Sweeper {
    pub fn new() -> Result<Self> {
        Ok(Self { holder: Token::generate("sweep")?.reveal().to_owned(), looked_at_all: None })
    }

    /// Looks once. `None`: another process does it.
    pub async fn sweep(&mut self, installation: &Installation) -> Result<Option<Swept>> {
        let now = installation.clock.now();
        let Some(swept_at) = self.take_turn(installation, now).await? else {
            self.looked_at_all = None;
            return Ok(None);
        };
        // The time since the last sweep, and what the rules want to know from before it.
        let window = (now.since(swept_at) + WINDOW).min(LONGEST_WINDOW);
        let is_due = |at: Timestamp| at > now || now.since(at) >= EVERYTHING;
        let workspaces = if self.looked_at_all.is_none_or(is_due) {
            self.looked_at_all = Some(now);
            workspace::all(installation.database.reader()).await?.into_iter().map(|row| row.id).collect()
        } else {
            touched(installation, swept_at.min(now) - OVERLAP).await?
        };
        let mut swept = Swept { workspaces: workspaces.len(), opened: 0 };
        let mut renewed_at = now;
        for id in workspaces {
            let at = installation.clock.now();
            if at.since(renewed_at) >= LEASE / 3 || at < renewed_at {
                if self.take_turn(installation, at).await?.is_none() {
                    self.looked_at_all = None;
                    return Ok(None);
                }
                renewed_at = at;
            }
            match sweep_workspace(installation, id, now - window).await {
                Ok(opened) => swept.opened += opened,
                Err(error) => {
                    tracing::error!(workspace = %id, %error, "what cannot wait could not be looked for");
                }
            }
        }
        // All was looked at, also if another has taken over meanwhile.
        let done = "UPDATE sweeps SET swept_at = $2 WHERE id = 1 AND (holder = $1 OR swept_at < $2)";
        let values = [self.holder.as_str().into(), now.0.into()];
        let database = &installation.database;
        database.writer().execute_raw(database.statement(done, values)).await?;
        Ok(Some(swept))
    }

    /// Takes or keeps the lease. Answers until when it has been looked.
    async fn take_turn(&self, installation: &Installation, now: Timestamp) -> Result<Option<Timestamp>> {
        let sql = "UPDATE sweeps SET holder = $1, leased_until = $3 \
                   WHERE id = 1 AND (holder = $1 OR leased_until < $2 OR leased_until > $4) RETURNING swept_at";
        let until = now + LEASE;
        let values = [self.holder.as_str().into(), now.0.into(), until.0.into(), (now + ABSURD).0.into()];
        let database = &installation.database;
        let row = database.writer().query_one_raw(database.statement(sql, values)).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
    }
}

/// Where somebody signed in, tried to, did something, or used a session otherwise than it was opened, since then; or where a
/// second factor has been waited for long enough.
const TOUCHED: &str = "
SELECT m.workspace_id FROM sign_in_events e JOIN members m ON m.user_id = e.user_id
WHERE e.\"at\" >= $2 AND (e.\"at\" >= $1 OR e.outcome IN ('second_factor_missing', 'wrong_code'))
UNION SELECT m.workspace_id FROM throttled_attempts t JOIN members m ON m.user_id = t.user_id WHERE t.minute >= $1
UNION SELECT w.id FROM workspaces w
      WHERE EXISTS (SELECT 1 FROM activities a WHERE a.workspace_id = w.id AND a.\"at\" >= $1)
         OR EXISTS (SELECT 1 FROM session_uses u WHERE u.workspace_id = w.id AND u.last_at >= $1
                      AND (u.other_device OR u.other_country <> ''))";

async fn touched(installation: &Installation, since: Timestamp) -> Result<Vec<WorkspaceId>> {
    let statement = installation.database.statement(TOUCHED, [since.0.into(), (since - AWAITED).0.into()]);
    let rows = installation.database.reader().query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Applies the rules that cannot wait to what happened since then. Answers how many findings are to be told of.
async fn sweep_workspace(installation: &Installation, id: WorkspaceId, since: Timestamp) -> Result<u64> {
    let reader = installation.database.reader();
    let workspace = workspace::find(reader, id).await?;
    let settings = Settings::of(reader, id).await?;
    let look = Look::at(installation, (&workspace, settings), installation.clock.now())?;
    let look = Look { since, ..look };
    let mut found = Vec::new();
    for rule in rule::all().filter(|rule| rule.at_once && look.settings.is_enabled(rule.key)) {
        found.extend(find(rule.key, &look).await?);
    }
    let known = known(reader, id, &found).await?;
    // Mostly there is nothing new: nobody waits for a lock then.
    if news(&found, &known)?.is_empty() {
        return Ok(0);
    }
    let transaction = installation.database.begin().await?;
    lock(&transaction, id).await?;
    let opened = keep(&transaction, installation, (id, &found)).await?;
    transaction.commit().await?;
    Ok(opened)
}

type Known = HashMap<(AuditRule, String), finding::Model>;

/// Those of the causes that are on record, whatever became of them.
async fn known(connection: &impl ConnectionTrait, id: WorkspaceId, found: &[Found]) -> Result<Known> {
    let mut known = Known::new();
    // One by one: a list would have SQLite read all findings of the workspace.
    for found in found {
        let find = finding::Entity::find()
            .filter(finding::Column::WorkspaceId.eq(id))
            .filter(finding::Column::Rule.eq(found.rule))
            .filter(finding::Column::Cause.eq(found.cause.as_str()));
        known.extend(find.one(connection).await?.map(|row| ((row.rule, row.cause.clone()), row)));
    }
    Ok(known)
}

/// Of what was found, what is news; and the open finding that is to be told of again, if it is. A sweep sees the last hours of
/// what may be a long day: so it changes what is known only when it sees more than is known, and leaves to people what they
/// have taken into their hands, unless it is graver than they knew.
fn news<'a>(found: &'a [Found], known: &Known) -> Result<Vec<(&'a Found, Option<FindingId>)>> {
    let mut news = Vec::new();
    for found in found {
        let Some(row) = known.get(&(found.rule, found.cause.clone())) else {
            news.push((found, None));
            continue;
        };
        let before = Evidence::from_json(&row.evidence)?;
        let [was, is] = [&before, &found.evidence].map(|evidence| evidence.number(FactName::Failures));
        let [were, are] = [&before, &found.evidence].map(Evidence::people);
        let is_graver = degree(found.severity) > degree(row.severity);
        let has_grown = is > was || are > were;
        // However small: whoever called it resolved thought that it was over.
        let resolved_at = row.resolved_at.filter(|_| row.resolved_by.is_some());
        let goes_on = resolved_at.is_some_and(|at| found.evidence.latest() > Some(at));
        let is_news = match row.status {
            FindingStatus::Open => is_graver || has_grown,
            FindingStatus::Resolved => is_graver || has_grown || goes_on || row.resolved_by.is_none(),
            FindingStatus::Acknowledged | FindingStatus::Dismissed => is_graver,
        };
        // Who was told of three people does not think of thirty.
        let is_told = row.status == FindingStatus::Open && (is_graver || are >= 2 * were.max(1));
        if is_news {
            news.push((found, is_told.then_some(row.id)));
        }
    }
    Ok(news)
}

async fn keep(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace_id, found): (WorkspaceId, &[Found]),
) -> Result<u64> {
    let known = known(transaction, workspace_id, found).await?;
    let news = news(found, &known)?;
    let clock = &installation.clock;
    let run_id: AuditRunId = clock.new_id();
    let seen: Vec<Found> = news.iter().map(|(found, _)| (*found).clone()).collect();
    let sighting = Sighting { workspace_id, run_id, found: &seen, at: clock.now() };
    note_run(transaction, &sighting).await?;
    observe(transaction, clock, &sighting).await?;
    let opened = finding::Entity::find()
        .select_only()
        .column(finding::Column::Id)
        .filter(finding::Column::WorkspaceId.eq(workspace_id))
        .filter(finding::Column::AuditRunId.eq(run_id));
    let mut to_tell: Vec<FindingId> = opened.into_tuple().all(transaction).await?;
    to_tell.extend(news.iter().filter_map(|(_, again)| *again));
    to_tell.sort_unstable();
    to_tell.dedup();
    put_in_line(transaction, &installation.database, (workspace_id, &to_tell), sighting.at).await?;
    Ok(to_tell.len() as u64)
}

/// Brings what an audit found together with what is on record, and has told at once what cannot wait: an audit looks further
/// back than a sweep, and what it has opened is no news to the next one.
pub async fn take_in(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    sighting: &Sighting<'_>,
) -> Result<Outcome> {
    let id = sighting.workspace_id;
    lock(transaction, id).await?;
    let before: HashMap<FindingId, u8> = pressing(transaction, id).await?.into_iter().collect();
    let outcome = reconcile(transaction, &installation.clock, sighting).await?;
    let opened = finding::Entity::find()
        .select_only()
        .column(finding::Column::Id)
        .filter(finding::Column::WorkspaceId.eq(id))
        .filter(finding::Column::AuditRunId.eq(sighting.run_id))
        .filter(finding::Column::Status.eq(FindingStatus::Open))
        .filter(finding::Column::Rule.is_in(at_once()));
    let mut to_tell: Vec<FindingId> = opened.into_tuple().all(transaction).await?;
    let is_graver = |(id, degree): &(FindingId, u8)| before.get(id).is_some_and(|before| degree > before);
    to_tell.extend(pressing(transaction, id).await?.iter().filter(|one| is_graver(one)).map(|(id, _)| *id));
    put_in_line(transaction, &installation.database, (id, &to_tell), sighting.at).await?;
    Ok(outcome)
}

fn at_once() -> impl Iterator<Item = AuditRule> {
    rule::all().filter(|rule| rule.at_once).map(|rule| rule.key)
}

/// The open findings of what cannot wait, with how severe they are.
async fn pressing(connection: &impl ConnectionTrait, id: WorkspaceId) -> Result<Vec<(FindingId, u8)>> {
    let find = finding::Entity::find()
        .select_only()
        .columns([finding::Column::Id, finding::Column::Severity])
        .filter(finding::Column::WorkspaceId.eq(id))
        .filter(finding::Column::Status.eq(FindingStatus::Open))
        .filter(finding::Column::Rule.is_in(at_once()));
    let rows: Vec<(FindingId, Severity)> = find.into_tuple().all(connection).await?;
    Ok(rows.into_iter().map(|(id, severity)| (id, degree(severity))).collect())
}

/// Findings name the run that opened them.
async fn note_run(transaction: &DatabaseTransaction, sighting: &Sighting<'_>) -> Result<()> {
    let row = audit_run::ActiveModel {
        workspace_id: Set(sighting.workspace_id),
        id: Set(sighting.run_id),
        job: Set(JOB.to_owned()),
        scheduled_for: Set(sighting.run_id.to_string()),
        trigger: Set(AuditTrigger::Schedule),
        started_at: Set(sighting.at),
        leased_until: Set(sighting.at),
        finished_at: Set(Some(sighting.at)),
        members_checked: Set(0),
        findings_open: Set(i32::try_from(sighting.found.len()).unwrap_or(i32::MAX)),
        requested_by: Set(None),
    };
    audit_run::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}
