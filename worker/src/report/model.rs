//! What an audit report says, before it has a language: filled from findings, and plain data only.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use portaria_domain::country::Country;

use super::language::Language;

/// One report to one reader. Names, addresses and user agents in it may have been chosen by an attacker;
/// rendering makes them harmless.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The last sealed link of the activity log. Whoever keeps the mail can prove a later rewriting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    pub sequence: u64,
    pub digest: String,
}

/// How soon somebody should act, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Critical,
    Warning,
    Notice,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFinding {
    pub severity: Severity,
    pub opened: Opened,
    pub evidence: Evidence,
}

/// Whether the reader has been told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    Now,
    Earlier(Timestamp),
}

/// What was seen. One variant per rule of the auditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Many wrong passwords, and then the right one.
    SuccessAfterFailures { person: Person, failures: u64, failing: Period, success: SignIn },
    /// One address trying many accounts.
    FailuresAcrossAccounts {
        address: String,
        failures: u64,
        /// Accounts of the workspace, the most tried first; not necessarily all.
        accounts: Vec<Tried>,
        account_count: u64,
        /// Accounts tried that nobody here has.
        stranger_count: u64,
        during: Period,
    },
    /// Many addresses trying many accounts.
    Spraying {
        failures: u64,
        address_count: u64,
        /// Accounts of the workspace, the most tried first; not necessarily all.
        accounts: Vec<Tried>,
        account_count: u64,
        /// Accounts tried that nobody here has.
        stranger_count: u64,
        during: Period,
    },
    /// Many wrong passwords for one account.
    RepeatedFailures {
        person: Person,
        failures: u64,
        /// The busiest first; not necessarily all.
        addresses: Vec<AddressTally>,
        address_count: u64,
        during: Period,
    },
    /// A colleague, or who has the machine (`None`), took their second factor away.
    SecondFactorReset { person: Person, by: Option<Person>, at: Timestamp, set_up_again: bool },
    /// Approved a template that they had a hand in, for nobody else may.
    TemplateApprovedAlone { person: Person, template: String, language: String, at: Timestamp },
    /// Has not been seen for `days`.
    InactiveMember {
        person: Person,
        days: u64,
        last_active_at: Option<Timestamp>,
        last_sign_in: Option<SignIn>,
    },
    /// Was invited `days` ago and never came.
    NeverSignedIn { person: Person, days: u64, invited_at: Timestamp },
}

/// The rules in the order in which a report lists them within one severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    SuccessAfterFailures,
    FailuresAcrossAccounts,
    Spraying,
    RepeatedFailures,
    SecondFactorReset,
    TemplateApprovedAlone,
    InactiveMember,
    NeverSignedIn,
}

impl Evidence {
    pub fn rule(&self) -> Rule {
        match self {
            Self::SuccessAfterFailures { .. } => Rule::SuccessAfterFailures,
            Self::FailuresAcrossAccounts { .. } => Rule::FailuresAcrossAccounts,
            Self::Spraying { .. } => Rule::Spraying,
            Self::RepeatedFailures { .. } => Rule::RepeatedFailures,
            Self::SecondFactorReset { .. } => Rule::SecondFactorReset,
            Self::TemplateApprovedAlone { .. } => Rule::TemplateApprovedAlone,
            Self::InactiveMember { .. } => Rule::InactiveMember,
            Self::NeverSignedIn { .. } => Rule::NeverSignedIn,
        }
    }

    /// Orders findings of one rule: the bigger, the earlier in the report.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::SuccessAfterFailures { failures, .. }
            | Self::FailuresAcrossAccounts { failures, .. }
            | Self::Spraying { failures, .. }
            | Self::RepeatedFailures { failures, .. } => *failures,
            Self::InactiveMember { days, .. } | Self::NeverSignedIn { days, .. } => *days,
            Self::SecondFactorReset { set_up_again, .. } => u64::from(!set_up_again),
            Self::TemplateApprovedAlone { .. } => 0,
        }
    }
}

/// A member, as the reader knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub roles: Vec<RoleHeld>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleHeld {
    pub role: RoleName,
    pub scope: RoleScope,
}

/// Built-in roles have a name in each language, custom ones the name they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleName {
    Administrator,
    Agent,
    Developer,
    Analyst,
    Support,
    Custom(String),
}

/// Where a role holds; channels and teams by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleScope {
    Workspace,
    Channel(String),
    Team(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub at: Timestamp,
    pub address: String,
    /// In which one the address is, as far as that is known.
    pub country: Option<Country>,
    pub user_agent: String,
}

/// A member's account that one address tried, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub email: String,
    pub failures: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressTally {
    pub address: String,
    pub failures: u64,
}
