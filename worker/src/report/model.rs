//! What an audit report says: findings as they are told in its language, and what stands around them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::telling::{Teller, Told, Urgency, instant, urgency};
use portaria_domain::language::{Language, Period};
use portaria_entity::finding::AuditRule;
use portaria_entity::id::AuditRunId;

/// One report to one reader.
#[derive(Debug, Clone)]
pub struct Report {
    pub workspace_name: String,
    pub language: Language,
    pub time_zone: TimeZone,
    pub occasion: Occasion,
    pub ran_at: Timestamp,
    /// The sign-ins that were looked at.
    pub period: Period,
    pub members_checked: u64,
    pub sign_ins_checked: u64,
    pub findings: Vec<ReportFinding>,
    pub next_run_at: Option<Timestamp>,
    /// Where the workspace's own front end is; the only link in the mail.
    pub front_end_url: Option<String>,
    pub chain_head: Option<ChainHead>,
}

/// What made the audit run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    Scheduled,
    /// Somebody asked for it.
    Requested,
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
    pub rule: AuditRule,
    pub urgency: Urgency,
    pub opened: Opened,
    pub told: Told,
    /// The bigger, the earlier among those of its rule.
    pub weight: u64,
}

/// Whether the reader has been told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    Now,
    Earlier(Timestamp),
}

impl ReportFinding {
    /// A finding as a report by this run tells it.
    pub fn of(finding: &OpenFinding, teller: &Teller<'_>, run_id: AuditRunId) -> Self {
        let row = &finding.row;
        let is_new = row.audit_run_id == run_id;
        Self {
            rule: row.rule,
            urgency: urgency(row.severity),
            opened: if is_new { Opened::Now } else { Opened::Earlier(instant(row.opened_at)) },
            told: teller.tell(finding),
            weight: finding.weight(teller.at),
        }
    }
}
