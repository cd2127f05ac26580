//! The languages a report is written in: one file each, and what every one of them must be able to say.

mod en;
mod es;
mod pt_br;

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{
    English, Language, LocalSpan, LocalTime, PortugueseOfBrazil, Spanish, Speech,
};

use super::model::{Cadence, Stage};

/// What a report says in a language.
pub(crate) fn phrases(language: Language) -> &'static dyn Phrases {
    match language {
        Language::PortugueseOfBrazil => &PortugueseOfBrazil,
        Language::English => &English,
        Language::Spanish => &Spanish,
    }
}

/// How many findings are new and how many were known, and with how many of each one should not wait.
#[derive(Debug, Clone, Copy)]
pub struct Tally {
    pub new: u64,
    pub new_urgent: u64,
    pub known: u64,
    pub known_urgent: u64,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Checked {
    pub members: u64,
    pub sign_ins: u64,
}

/// The labels of sections and buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Why,
    WhatToDo,
    OpenPortaria,
    OpenFinding,
    Requested,
    StillOpen,
    Resolved,
    AccessChanges,
    Trend,
    Acknowledged,
    /// That a file is attached, and what is in it.
    Attached,
}

/// The columns of the table that is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Urgency,
    State,
    What,
    Who,
    Email,
    Roles,
    Seen,
    Evidence,
    OpenedAt,
    ResolvedAt,
    WhatToDo,
    Rule,
    Id,
}

impl Column {
    pub const ALL: [Self; 13] = [
        Self::Urgency,
        Self::State,
        Self::What,
        Self::Who,
        Self::Email,
        Self::Roles,
        Self::Seen,
        Self::Evidence,
        Self::OpenedAt,
        Self::ResolvedAt,
        Self::WhatToDo,
        Self::Rule,
        Self::Id,
    ];
}

/// Everything a report says of itself. Whole sentences, so that each language may order its words as it likes.
pub trait Phrases: Speech {
    fn label(&self, label: Label) -> &'static str;

    fn title(&self, cadence: Cadence) -> &'static str;
    fn column(&self, column: Column) -> &'static str;
    fn stage(&self, stage: Stage) -> &'static str;
    /// Without the title in front.
    fn subject(&self, tally: Tally) -> String;
    fn lead(&self, tally: Tally) -> String;
    fn nothing(&self, checked: Checked) -> String;
    fn checked(&self, checked: Checked, period: &LocalSpan) -> String;
    fn urgency(&self, urgency: Urgency) -> &'static str;

    /// A day, in a few letters.
    fn day(&self, time: &LocalTime) -> String;
    /// Since when something is open.
    fn since(&self, time: &LocalTime) -> String;
    /// When the reader was told last.
    fn told_until(&self, time: &LocalTime) -> String;
    fn by(&self, who: &str) -> String;
    /// How many were open week after week.
    fn trend(&self, numbers: &str) -> String;

    fn reason_for_mail(&self, workspace: &str) -> String;
    fn next_run(&self, time: &LocalTime) -> String;
    fn time_zone(&self, zone: &str) -> String;
    fn chain_head(&self, sequence: u64) -> String;
}
