//! English, with days before months and a 24-hour clock: read the same way everywhere.

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{English, LocalSpan, LocalTime, Speech};

use super::{Checked, Label, Phrases, Tally};

impl Phrases for English {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::ReportTitle => "Access audit",
            Label::Why => "Why it matters",
            Label::WhatToDo => "What to do",
            Label::New => "New",
            Label::ReportedSince => "Reported since",
            Label::OpenPortaria => "Open the dashboard",
            Label::Requested => "asked for by an administrator",
        }
    }

    fn subject(&self, workspace: &str, tally: Tally) -> String {
        let title = self.label(Label::ReportTitle);
        if tally.total == 0 {
            return format!("{title} · {workspace}: nothing to report");
        }
        let points = self.count(tally.total, "point to look at", "points to look at");
        match tally.critical {
            0 => format!("{title} · {workspace}: {points}"),
            urgent => format!("{title} · {workspace}: {points}, {} urgent", self.number(urgent)),
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = self.count(tally.total, "point needs", "points need");
        match tally.critical {
            0 => format!("{points} your attention. Nothing urgent."),
            urgent if urgent == tally.total => format!("{points} your attention now."),
            urgent => format!("{points} your attention, and {} cannot wait.", self.number(urgent)),
        }
    }

    fn nothing(&self, checked: Checked) -> String {
        let people = self.count(checked.members, "person", "people");
        let sign_ins = self.count(checked.sign_ins, "sign-in attempt", "sign-in attempts");
        format!("Nothing to report: we checked {people} and {sign_ins}, and all is well.")
    }

    fn checked(&self, checked: Checked, period: &LocalSpan) -> String {
        let people = self.count(checked.members, "person", "people");
        let sign_ins = self.count(checked.sign_ins, "sign-in attempt", "sign-in attempts");
        format!("We checked {people} and {sign_ins} ({}).", self.span(period))
    }

    fn urgency(&self, urgency: Urgency) -> &'static str {
        match urgency {
            Urgency::Now => "Act now",
            Urgency::Today => "Look at today",
            Urgency::Sometime => "When you have time",
        }
    }

    fn reason_for_mail(&self, workspace: &str) -> String {
        format!("You get this e-mail because you administer the workspace {workspace} in Portaria.")
    }

    fn next_run(&self, time: &LocalTime) -> String {
        format!("Next report: {}.", self.day_and_time(time))
    }

    fn time_zone(&self, zone: &str) -> String {
        format!("All times are those of {zone}.")
    }

    fn chain_head(&self, sequence: u64) -> String {
        format!(
            "Seal of the activity log, up to entry {}. Keep this e-mail: with it you can prove that the log was not changed afterwards.",
            self.number(sequence)
        )
    }
}
