//! The reports of one run: who gets one, of which stretch of time, in which language and by which clock. Each is written
//! once for all who get the same, and queued in the transaction of the run.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use portaria_domain::audit::Examination;
use portaria_domain::audit::access_change::AccessChanges;
use portaria_domain::audit::people::People;
use portaria_domain::audit::reader::{Reader, Sight, readers};
use portaria_domain::audit::report::{self, Matters, NewReport, Week};
use portaria_domain::audit::telling::{Teller, instant};
use portaria_domain::error::{Error, Result};
use portaria_domain::language::{Language, Period, Wall};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::permission_use::Whose;
use portaria_entity::time::Timestamp;
use sea_orm::DatabaseTransaction;

use super::audit::Audit;
use super::due::{Daily, Weekly};
use crate::mail::{Attachment, Mailbox, NewMail, enqueue_with};
use crate::report::{
    Cadence, ChainHead, Changes, Occasion, RenderedReport, Report, ReportFinding, render, table,
};

/// The reports of one run.
pub struct Reports<'a> {
    pub audit: &'a Audit<'a>,
    pub examination: &'a Examination,
    pub head: Option<ChainHead>,
}

/// What readers have in common who get the very same report.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Edition {
    cadence: Cadence,
    since: Timestamp,
    language: Language,
    /// IANA name.
    zone: String,
    /// Whether they get one each day.
    is_daily: bool,
    /// What they may read.
    sight: Sight,
}

/// A report as it goes out to everybody of an edition.
#[derive(Clone)]
struct Copy {
    rendered: RenderedReport,
    table: Option<Attachment>,
}

/// What all editions are made from.
struct Sources {
    daily: Daily,
    weekly: Option<Weekly>,
    /// The report of the week that is due, by its date.
    week: Option<String>,
    matters: Matters,
    trend: Vec<Week>,
}

impl Reports<'_> {
    /// Answers how many readers got one.
    pub async fn queue(&self, transaction: &DatabaseTransaction) -> Result<usize> {
        let Audit { installation, workspace, .. } = self.audit;
        let at = self.examination.at;
        let readers = readers(transaction, &installation.database, workspace.id, at).await?;
        if readers.is_empty() {
            tracing::warn!(workspace = %workspace.id, "nobody may read the access audit's report");
            return Ok(0);
        }
        let told = report::told(transaction, &installation.database, workspace.id, at).await?;
        let (daily, weekly, week) = self.due(transaction).await?;
        let wanted: Vec<(&Reader, Edition)> = readers
            .iter()
            .filter(|reader| self.audit.cause.concerns(reader.row.member.id))
            .filter_map(|reader| {
                let edition = self.edition(reader, (week.is_some(), weekly.is_some()))?;
                let since = told.since(reader.row.member.id, edition.cadence == Cadence::Weekly);
                Some((reader, Edition { since, ..edition }))
            })
            .collect();
        let Some(earliest) = wanted.iter().map(|(_, edition)| edition.since).min() else { return Ok(0) };
        let matters = Matters::of(transaction, &installation.database, workspace.id, earliest).await?;
        let trend = report::trend(transaction, workspace.id, at).await?;
        let sources = Sources { daily, weekly, week, matters, trend };
        let mut editions: HashMap<Edition, Copy> = HashMap::new();
        for (reader, edition) in &wanted {
            let copy = match editions.get(edition) {
                Some(copy) => copy.clone(),
                None => {
                    let copy = self.write(transaction, edition, &sources).await?;
                    editions.entry(edition.clone()).or_insert(copy).clone()
                }
            };
            self.post(transaction, (reader, edition, sources.week.as_ref()), copy).await?;
        }
        Ok(wanted.len())
    }

    /// The clocks of both reports, and which report of a week is due now.
    async fn due(
        &self,
        transaction: &DatabaseTransaction,
    ) -> Result<(Daily, Option<Weekly>, Option<String>)> {
        let workspace = self.audit.workspace;
        let (daily, weekly) = (Daily::of(workspace)?, Weekly::of(workspace)?);
        let at = self.examination.at;
        let last = match (self.audit.cause.occasion(), &weekly) {
            (Occasion::Scheduled, Some(weekly)) => {
                let is_late = report::is_week_late(transaction, workspace, at).await?;
                let since = workspace.created_at.max(workspace.reports_set_at);
                weekly.last(if is_late { jiff::Timestamp::MIN } else { instant(since) }, instant(at))
            }
            (Occasion::Scheduled, None) | (Occasion::Requested, _) => None,
        };
        let week = match last.map(|scheduled| scheduled.day()) {
            Some(week) if report::is_week_told(transaction, workspace.id, &week).await? => None,
            week => week,
        };
        Ok((daily, weekly, week))
    }

    /// What this reader gets now, if anything. On the day of the week's report that is the one: nobody gets two of a run.
    fn edition(&self, reader: &Reader, (week_is_due, has_weekly): (bool, bool)) -> Option<Edition> {
        let workspace = self.audit.workspace;
        let is_daily = workspace.reports_daily && !(reader.preference.weekly_only && has_weekly);
        let cadence = match self.audit.cause.occasion() {
            Occasion::Requested => Cadence::Daily,
            Occasion::Scheduled if week_is_due => Cadence::Weekly,
            Occasion::Scheduled if is_daily => Cadence::Daily,
            Occasion::Scheduled => return None,
        };
        let own = reader.row.user.locale.trim();
        let language = Language::from_tag(if own.is_empty() { &workspace.locale } else { own });
        let zone = reader.preference.time_zone.clone().unwrap_or_else(|| workspace.time_zone.clone());
        let sight = reader.sight;
        Some(Edition { cadence, since: Timestamp::default(), language, zone, is_daily, sight })
    }

    async fn write(
        &self,
        transaction: &DatabaseTransaction,
        edition: &Edition,
        sources: &Sources,
    ) -> Result<Copy> {
        let Audit { installation, workspace, .. } = self.audit;
        let at = self.examination.at;
        let stretch = (edition.since, at);
        let changes =
            AccessChanges::between(transaction, &installation.database, workspace.id, stretch).await?;
        let matters = &sources.matters;
        let findings: Vec<_> = matters.open.iter().chain(&matters.resolved).cloned().collect();
        let people = People::of(transaction, workspace.id, &findings, at).await?;
        let people = people.and_members(transaction, (workspace.id, at), &changes.members()).await?;
        let people = people.and_invited(transaction, workspace.id, &changes.invitations()).await?;
        let people = people.with_countries(installation.countries.clone());
        let report = self.report(edition, sources, (&people, &changes))?;
        Ok(Copy { rendered: render(&report).map_err(Error::internal)?, table: table(&report) })
    }

    fn report(
        &self,
        edition: &Edition,
        sources: &Sources,
        (people, changes): (&People, &AccessChanges),
    ) -> Result<Report> {
        let Audit { workspace, cause, .. } = self.audit;
        let Examination { at, since, members_checked, sign_ins_checked, .. } = *self.examination;
        let (ran_at, zone) = (instant(at), TimeZone::get(&edition.zone).map_err(Error::internal)?);
        let home = TimeZone::get(&workspace.time_zone).map_err(Error::internal)?;
        let wall = Wall::new(&zone, ran_at).away_from(&home);
        let teller = Teller { language: edition.language, wall: &wall, people, at };
        let (findings, resolved) =
            ReportFinding::all(&sources.matters, &teller, (edition.since, edition.sight));
        let next = match (&sources.weekly, edition.is_daily) {
            (Some(weekly), false) => weekly.next(ran_at),
            (_, true) | (None, false) => sources.daily.next(ran_at),
        };
        Ok(Report {
            workspace_name: workspace.name.clone(),
            language: edition.language,
            occasion: cause.occasion(),
            cadence: edition.cadence,
            ran_at,
            told_until: instant(edition.since),
            period: Period { from: instant(since), to: ran_at },
            members_checked: members_checked.unsigned_abs(),
            sign_ins_checked: sign_ins_checked.unsigned_abs(),
            unlisted: sources.matters.tally.total().saturating_sub(findings.len() as u64),
            findings,
            resolved,
            changes: Changes::of(changes, &teller, edition.sight),
            trend: sources.trend.clone(),
            next_report_at: next.map(|scheduled| scheduled.at),
            front_end_url: workspace.front_end_url.clone(),
            chain_head: self.head.clone(),
            sight: edition.sight,
            time_zone: zone,
        })
    }

    /// Queues one reader's copy, and puts down that they got it.
    async fn post(
        &self,
        transaction: &DatabaseTransaction,
        (reader, edition, week): (&Reader, &Edition, Option<&String>),
        Copy { rendered, table }: Copy,
    ) -> Result<()> {
        let Audit { installation, workspace, sender, run_id, .. } = self.audit;
        let (member, user) = (&reader.row.member, &reader.row.user);
        let mail = NewMail {
            workspace_id: Some(workspace.id),
            dedup_key: format!("audit:{run_id}:{}", member.id),
            to: Mailbox { name: Some(user.name.clone()), address: user.email.clone() },
            subject: rendered.subject,
            html: rendered.html,
            text: rendered.text,
        };
        let Some(mail_id) = enqueue_with(transaction, &installation.clock, sender, (mail, table)).await?
        else {
            return Ok(());
        };
        let new = NewReport {
            workspace_id: workspace.id,
            audit_run_id: *run_id,
            member_id: member.id,
            mail_id,
            week: week.filter(|_| edition.cadence == Cadence::Weekly).cloned(),
            covers: (edition.since, self.examination.at),
            sight: edition.sight,
        };
        // To be mailed a report is to read it: who reads no other way is no less in need of it.
        let read = PermissionSet::of(&[Permission::AccessAuditRead]);
        installation.viewers.permission_uses().note(workspace.id, Whose::Member(member.id), read);
        report::note(transaction, new).await
    }
}
