//! What an audit report says: findings as they are told in its language, and what stands around them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use portaria_domain::audit::access_change::{AccessChanges, Action, ToldChange, Weight};
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::reader::Sight;
use portaria_domain::audit::report::{Matters, Week};
use portaria_domain::audit::telling::{Teller, Told, Urgency, instant, urgency};
use portaria_domain::language::{Language, Period};
use portaria_entity::finding::{AuditRule, FindingStatus};
use portaria_entity::id::FindingId;
use portaria_entity::time;

/// One report to one reader.
#[derive(Debug, Clone)]
pub struct Report {
    pub workspace_name: String,
    pub language: Language,
    pub time_zone: TimeZone,
    pub occasion: Occasion,
    pub cadence: Cadence,
    pub ran_at: Timestamp,
    /// When the reader was told last.
    pub told_until: Timestamp,
    /// The sign-ins that were looked at.
    pub period: Period,
    pub members_checked: u64,
    pub sign_ins_checked: u64,
    /// New ones, and those that are open still.
    pub findings: Vec<ReportFinding>,
    /// So many more are open, that are not among them.
    pub unlisted: u64,
    /// Resolved since the last report.
    pub resolved: Vec<ReportFinding>,
    /// Who changed whose access since.
    pub changes: Changes,
    pub trend: Vec<Week>,
    pub next_report_at: Option<Timestamp>,
    /// Where the workspace's own front end is: all links in the mail lead there, and carry no power.
    pub front_end_url: Option<String>,
    pub chain_head: Option<ChainHead>,
    /// What its reader may read.
    pub sight: Sight,
}

/// What made the audit run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    Scheduled,
    /// Somebody asked for it.
    Requested,
}

/// How much time a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cadence {
    Daily,
    Weekly,
}

/// Changes of access in words.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The weightiest first.
    pub listed: Vec<(Weight, &'static Action, ToldChange)>,
    /// How many there were of each kind.
    pub counts: Vec<(&'static Action, u64)>,
}

impl Changes {
    /// None for who may not read the log; without names for who may not know them.
    pub fn of(changes: &AccessChanges, teller: &Teller<'_>, sight: Sight) -> Self {
        if !sight.log {
            return Self::default();
        }
        let nobody = teller.people.nameless();
        let discreet = Teller { people: &nobody, ..*teller };
        let teller = if sight.people { teller } else { &discreet };
        let told = changes.listed.iter().map(|one| (one.weight, one.action, teller.tell_change(one)));
        Self { listed: told.collect(), counts: changes.counts.clone() }
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// The last sealed link of the activity log. Whoever keeps the mail can prove a later rewriting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    pub sequence: u64,
    pub digest: String,
}

/// Names, addresses and user agents in it may have been chosen by an attacker: telling has made them harmless, all but for
/// the markup of the mail, which is the templates' to escape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFinding {
    pub id: FindingId,
    pub rule: AuditRule,
    pub urgency: Urgency,
    pub stage: Stage,
    pub opened_at: Timestamp,
    pub told: Told,
    /// The bigger, the earlier among those of its rule.
    pub weight: u64,
}

/// How far a finding has come, as this reader knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The reader has not been told before.
    New,
    StillOpen,
    /// Somebody is at it.
    Acknowledged,
    Resolved(Timestamp),
}

impl ReportFinding {
    /// A finding as it is told to who was told last at `since`.
    pub fn of(finding: &OpenFinding, teller: &Teller<'_>, since: time::Timestamp) -> Self {
        let row = &finding.row;
        let stage = match row.status {
            FindingStatus::Resolved => Stage::Resolved(instant(row.resolved_at.unwrap_or(row.last_seen_at))),
            FindingStatus::Acknowledged => Stage::Acknowledged,
            FindingStatus::Open | FindingStatus::Dismissed if row.opened_at > since => Stage::New,
            FindingStatus::Open | FindingStatus::Dismissed => Stage::StillOpen,
        };
        Self {
            id: row.id,
            rule: row.rule,
            urgency: urgency(row.severity),
            stage,
            opened_at: instant(row.opened_at),
            told: teller.tell(finding),
            weight: finding.weight(teller.at),
        }
    }

    /// The same for who may not know whom it is about, nor what was seen of them: what the API tells with
    /// `access_audit:read` alone.
    fn discreet(finding: &OpenFinding, teller: &Teller<'_>, since: time::Timestamp) -> Self {
        let of = Self::of(finding, teller, since);
        let row = &finding.row;
        let who = match row.member_id {
            Some(_) => teller.language.pick(&["Um membro", "A member", "Un miembro"]).to_owned(),
            None if row.api_key_id.is_some() || row.channel_id.is_some() => of.told.who,
            None => teller.the_workspace().to_owned(),
        };
        Self { told: Told { who, email: None, roles: None, seen: String::new(), facts: Vec::new() }, ..of }
    }

    /// Those that are open, and those that were resolved after `since`.
    pub fn all(
        matters: &Matters,
        teller: &Teller<'_>,
        (since, sight): (time::Timestamp, Sight),
    ) -> (Vec<Self>, Vec<Self>) {
        let told = if sight.people { Self::of } else { Self::discreet };
        let tell = |finding: &OpenFinding| told(finding, teller, since);
        let resolved = matters.resolved.iter().filter(|finding| finding.row.resolved_at > Some(since));
        (matters.open.iter().map(tell).collect(), resolved.map(tell).collect())
    }

    pub fn is_new(&self) -> bool {
        self.stage == Stage::New
    }
}
