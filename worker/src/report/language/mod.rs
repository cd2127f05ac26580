//! The languages a report is written in: one file each, and what every one of them must be able to say.

mod en;
mod es;
mod pt_br;

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{
    English, Language, LocalSpan, LocalTime, PortugueseOfBrazil, Spanish, Speech,
};

/// What a report says in a language.
pub(crate) fn phrases(language: Language) -> &'static dyn Phrases {
    match language {
        Language::PortugueseOfBrazil => &PortugueseOfBrazil,
        Language::English => &English,
        Language::Spanish => &Spanish,
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

/// The labels of sections and buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    ReportTitle,
    Why,
    WhatToDo,
    New,
    ReportedSince,
    OpenPortaria,
    Requested,
}

/// Everything a report says of itself. Whole sentences, so that each language may order its words as it likes.
pub trait Phrases: Speech {
    fn label(&self, label: Label) -> &'static str;

    fn subject(&self, workspace: &str, tally: Tally) -> String;
    fn lead(&self, tally: Tally) -> String;
    fn nothing(&self, checked: Checked) -> String;
    fn checked(&self, checked: Checked, period: &LocalSpan) -> String;
    fn urgency(&self, urgency: Urgency) -> &'static str;

    fn reason_for_mail(&self, workspace: &str) -> String;
    fn next_run(&self, time: &LocalTime) -> String;
    fn time_zone(&self, zone: &str) -> String;
    fn chain_head(&self, sequence: u64) -> String;
}
