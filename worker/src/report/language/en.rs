//! English, with days before months and a 24-hour clock: read the same way everywhere.

use portaria_domain::audit::telling::Urgency;
use portaria_domain::language::{English, LocalSpan, LocalTime, Speech};

use super::{Cadence, Checked, Column, Label, Phrases, Stage, Tally};

impl Phrases for English {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::Why => "Why it matters",
            Label::WhatToDo => "What to do",
            Label::OpenPortaria => "Open the dashboard",
            Label::OpenFinding => "See it there",
            Label::Requested => "asked for by an administrator",
            Label::StillOpen => "Still open",
            Label::Resolved => "Resolved",
            Label::AccessChanges => "Who changed whose access",
            Label::Trend => "Open week by week",
            Label::Acknowledged => "being looked into",
            Label::Attached => "The attached table has every point with its evidence.",
        }
    }

    fn title(&self, cadence: Cadence) -> &'static str {
        match cadence {
            Cadence::Daily => "Access audit",
            Cadence::Weekly => "Access audit of the week",
        }
    }

    fn column(&self, column: Column) -> &'static str {
        match column {
            Column::Urgency => "Urgency",
            Column::State => "State",
            Column::What => "What it is",
            Column::Who => "Who",
            Column::Email => "E-mail",
            Column::Roles => "Roles",
            Column::Seen => "What was seen",
            Column::Evidence => "Evidence",
            Column::OpenedAt => "Opened",
            Column::ResolvedAt => "Resolved",
            Column::WhatToDo => "What to do",
            Column::Rule => "Rule",
            Column::Id => "Id",
        }
    }

    fn stage(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::New => "New",
            Stage::StillOpen => "Open",
            Stage::Acknowledged => "Being looked into",
            Stage::Resolved(_) => "Resolved",
        }
    }

    fn subject(&self, tally: Tally) -> String {
        match tally {
            Tally { new: 0, known: 0, .. } => "nothing to report".to_owned(),
            Tally { new: 0, known, known_urgent: 0, .. } => {
                format!("nothing new, {} open", self.number(known))
            }
            Tally { new: 0, known, known_urgent, .. } => {
                format!("nothing new, {} open, {} urgent", self.number(known), self.number(known_urgent))
            }
            Tally { new, new_urgent: 0, .. } => self.count(new, "new point", "new points"),
            Tally { new, new_urgent, .. } => {
                format!("{}, {} urgent", self.count(new, "new point", "new points"), self.number(new_urgent))
            }
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = self.count(tally.new, "new point needs", "new points need");
        let known = self.count(tally.known, "point is", "points are");
        let new = match tally.new_urgent {
            _ if tally.new == 0 && tally.known_urgent > 0 => {
                return format!(
                    "Nothing new. {known} still open, and {} cannot wait.",
                    self.number(tally.known_urgent)
                );
            }
            _ if tally.new == 0 => return format!("Nothing new. {known} still open."),
            0 => format!("{points} your attention. Nothing urgent."),
            urgent if urgent == tally.new => format!("{points} your attention now."),
            urgent => format!("{points} your attention, and {} cannot wait.", self.number(urgent)),
        };
        match tally.known {
            0 => new,
            known => format!("{new} {} still open from before.", self.count(known, "other is", "others are")),
        }
    }

    fn day(&self, time: &LocalTime) -> String {
        let month = time.at.strftime("%b");
        format!("{} {month}", time.at.day())
    }

    fn since(&self, time: &LocalTime) -> String {
        format!("since {}", self.day_and_time(time))
    }

    fn told_until(&self, time: &LocalTime) -> String {
        format!("news since {}", self.day_and_time(time))
    }

    fn by(&self, who: &str) -> String {
        format!("by {who}")
    }

    fn trend(&self, numbers: &str) -> String {
        format!("Open at the end of each week, from the oldest to the present one: {numbers}.")
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
