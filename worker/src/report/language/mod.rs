//! The languages a report is written in: one file each, and what every one of them must be able to say.

mod en;
mod es;
mod pt_br;

use super::model::{RoleName, RoleScope, Rule, Severity};
use super::when::{LocalSpan, LocalTime};
use portaria_domain::country::Country;
use portaria_domain::device::Device;

/// A reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    PortugueseOfBrazil,
    English,
    Spanish,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::PortugueseOfBrazil, Self::English, Self::Spanish];

    /// The nearest language for a tag such as `pt-BR` or `es_MX`; English for any other.
    pub fn from_tag(tag: &str) -> Self {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "pt" => Self::PortugueseOfBrazil,
            "es" => Self::Spanish,
            _ => Self::English,
        }
    }

    pub fn tag(self) -> &'static str {
        match self {
            Self::PortugueseOfBrazil => "pt-BR",
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    pub(super) fn phrases(self) -> &'static dyn Phrases {
        match self {
            Self::PortugueseOfBrazil => &pt_br::PortugueseOfBrazil,
            Self::English => &en::English,
            Self::Spanish => &es::Spanish,
        }
    }
}

/// How many findings there are, and of how many one should not wait.
#[derive(Debug, Clone, Copy)]
pub struct Tally {
    pub total: u64,
    pub critical: u64,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    pub members: u64,
    pub sign_ins: u64,
}

/// The labels of facts, sections and buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    ReportTitle,
    Why,
    WhatToDo,
    SignedInAt,
    WrongPasswords,
    From,
    Device,
    Addresses,
    Accounts,
    ManyAddresses,
    LastSignIn,
    LastActive,
    New,
    ReportedSince,
    Invited,
    ResetAt,
    ResetBy,
    Template,
    ApprovedAt,
    NoRole,
    OpenPortaria,
    Requested,
}

/// How long something took, in the unit that says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    UnderAMinute,
    Minutes(u64),
    Hours(u64),
    Days(u64),
}

/// Everything a report says. Whole sentences, so that each language may order its words as it likes.
pub trait Phrases {
    fn label(&self, label: Label) -> &'static str;
    fn number(&self, number: u64) -> String;
    fn day_and_time(&self, time: &LocalTime) -> String;
    fn span(&self, span: &LocalSpan) -> String;
    fn lasting(&self, lasting: Lasting) -> String;
    fn country<'a>(&self, country: &'a Country) -> &'a str;
    fn device(&self, device: Device) -> String;
    fn role(&self, role: &RoleName) -> String;
    fn scope(&self, scope: &RoleScope) -> Option<String>;
    fn and_more(&self, number: u64) -> String;

    fn subject(&self, workspace: &str, tally: Tally) -> String;
    fn lead(&self, tally: Tally) -> String;
    fn nothing(&self, checked: Checked) -> String;
    fn checked(&self, checked: Checked, period: &LocalSpan) -> String;
    fn severity(&self, severity: Severity) -> &'static str;

    fn title(&self, rule: Rule) -> &'static str;
    fn why(&self, rule: Rule) -> &'static str;
    fn what_to_do(&self, rule: Rule) -> &'static str;

    fn got_in_after(&self, failures: u64, lasting: Lasting) -> String;
    /// `strangers` of the accounts belong to nobody in the workspace.
    fn tried_accounts(&self, failures: u64, accounts: u64, strangers: u64) -> String;
    fn came_from(&self, addresses: u64) -> String;
    fn failed(&self, failures: u64, addresses: u64) -> String;
    fn second_factor_reset(&self, set_up_again: bool) -> &'static str;
    fn approved_alone(&self) -> &'static str;
    fn inactive(&self, days: u64) -> String;
    fn never_came(&self, days: u64) -> String;

    fn reason_for_mail(&self, workspace: &str) -> String;
    fn next_run(&self, time: &LocalTime) -> String;
    fn time_zone(&self, zone: &str) -> String;
    fn chain_head(&self, sequence: u64) -> String;
}

/// `1 dia`, `2 dias`: the number as this language writes it, and the word that goes with it.
fn count(phrases: &dyn Phrases, number: u64, one: &str, many: &str) -> String {
    format!("{} {}", phrases.number(number), if number == 1 { one } else { many })
}

/// Groups of three digits.
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}
