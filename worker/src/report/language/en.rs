//! English, with days before months and a 24-hour clock: read the same way everywhere.

use super::{Checked, Label, Lasting, Phrases, Tally, count, grouped};
use crate::report::model::{RoleName, RoleScope, Rule, Severity};
use crate::report::when::{LocalSpan, LocalTime};
use portaria_domain::country::Country;
use portaria_domain::device::Device;

pub struct English;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn day(time: &LocalTime) -> String {
    let year = time.other_year.map(|year| format!(" {year}")).unwrap_or_default();
    format!("{} {} {}{year}", WEEKDAYS[time.weekday_index()], time.at.day(), MONTHS[time.month_index()])
}

impl Phrases for English {
    fn label(&self, label: Label) -> &'static str {
        match label {
            Label::ReportTitle => "Access audit",
            Label::Why => "Why it matters",
            Label::WhatToDo => "What to do",
            Label::SignedInAt => "Got in",
            Label::WrongPasswords => "Wrong passwords",
            Label::From => "From",
            Label::Device => "Device",
            Label::Addresses => "Addresses",
            Label::Accounts => "Accounts",
            Label::ManyAddresses => "Many addresses",
            Label::LastSignIn => "Last sign-in",
            Label::LastActive => "Last activity",
            Label::New => "New",
            Label::ReportedSince => "Reported since",
            Label::Invited => "Invited",
            Label::ResetAt => "When",
            Label::ResetBy => "By",
            Label::Template => "Template",
            Label::ApprovedAt => "Approved",
            Label::NoRole => "Holds no role",
            Label::OpenPortaria => "Open the dashboard",
            Label::Requested => "asked for by an administrator",
        }
    }

    fn number(&self, number: u64) -> String {
        grouped(number, ',')
    }

    fn day_and_time(&self, time: &LocalTime) -> String {
        format!("{}, {}", day(time), time.clock())
    }

    fn span(&self, span: &LocalSpan) -> String {
        if span.is_one_minute() {
            return self.day_and_time(&span.from);
        }
        let (from, to) = (self.day_and_time(&span.from), self.day_and_time(&span.to));
        if span.is_one_day() { format!("{from} – {}", span.to.clock()) } else { format!("{from} – {to}") }
    }

    fn lasting(&self, lasting: Lasting) -> String {
        match lasting {
            Lasting::UnderAMinute => "less than a minute".to_owned(),
            Lasting::Minutes(minutes) => count(self, minutes, "minute", "minutes"),
            Lasting::Hours(hours) => count(self, hours, "hour", "hours"),
            Lasting::Days(days) => count(self, days, "day", "days"),
        }
    }

    fn country<'a>(&self, country: &'a Country) -> &'a str {
        country.name("en")
    }

    fn device(&self, device: Device) -> String {
        device.in_words("on", "unknown")
    }

    fn role(&self, role: &RoleName) -> String {
        match role {
            RoleName::Administrator => "Administrator".to_owned(),
            RoleName::Agent => "Agent".to_owned(),
            RoleName::Developer => "Developer".to_owned(),
            RoleName::Analyst => "Analyst".to_owned(),
            RoleName::Support => "Support".to_owned(),
            RoleName::Custom(name) => name.clone(),
        }
    }

    fn scope(&self, scope: &RoleScope) -> Option<String> {
        match scope {
            RoleScope::Workspace => None,
            RoleScope::Channel(name) => Some(format!("number {name}")),
            RoleScope::Team(name) => Some(format!("team {name}")),
        }
    }

    fn and_more(&self, number: u64) -> String {
        format!("and {} more", self.number(number))
    }

    fn subject(&self, workspace: &str, tally: Tally) -> String {
        let title = self.label(Label::ReportTitle);
        if tally.total == 0 {
            return format!("{title} · {workspace}: nothing to report");
        }
        let points = count(self, tally.total, "point to look at", "points to look at");
        match tally.critical {
            0 => format!("{title} · {workspace}: {points}"),
            urgent => format!("{title} · {workspace}: {points}, {} urgent", self.number(urgent)),
        }
    }

    fn lead(&self, tally: Tally) -> String {
        let points = count(self, tally.total, "point needs", "points need");
        match tally.critical {
            0 => format!("{points} your attention. Nothing urgent."),
            urgent if urgent == tally.total => format!("{points} your attention now."),
            urgent => format!("{points} your attention, and {} cannot wait.", self.number(urgent)),
        }
    }

    fn nothing(&self, checked: Checked) -> String {
        let people = count(self, checked.members, "person", "people");
        let sign_ins = count(self, checked.sign_ins, "sign-in attempt", "sign-in attempts");
        format!("Nothing to report: we checked {people} and {sign_ins}, and all is well.")
    }

    fn checked(&self, checked: Checked, period: &LocalSpan) -> String {
        let people = count(self, checked.members, "person", "people");
        let sign_ins = count(self, checked.sign_ins, "sign-in attempt", "sign-in attempts");
        format!("We checked {people} and {sign_ins} ({}).", self.span(period))
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Critical => "Act now",
            Severity::Warning => "Look at today",
            Severity::Notice => "When you have time",
        }
    }

    fn title(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => "Someone got in after many wrong passwords",
            Rule::FailuresAcrossAccounts => "One address tried to get into many accounts",
            Rule::Spraying => "Many addresses tried to get into many accounts",
            Rule::RepeatedFailures => "Many wrong passwords for one account",
            Rule::SecondFactorReset => "Someone's second factor was reset",
            Rule::TemplateApprovedAlone => "A template was approved by somebody who wrote it",
            Rule::InactiveMember => "Has access, but has not used it for long",
            Rule::NeverSignedIn => "Was invited and never signed in",
        }
    }

    fn why(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => {
                "It may be someone who forgot their own password; it is also what happens when an intruder guesses one."
            }
            Rule::FailuresAcrossAccounts => {
                "Someone is trying common passwords on many accounts, hoping that one of them opens."
            }
            Rule::Spraying => {
                "Someone tries common passwords on everybody, a few from each address, so that no single account or address stands out."
            }
            Rule::RepeatedFailures => {
                "Either the person forgot the password, or someone is trying to guess it."
            }
            Rule::SecondFactorReset => {
                "Until it is set up again a password is enough to get in; and whoever asked for the reset may not have been the person."
            }
            Rule::TemplateApprovedAlone => {
                "There was nobody else who may approve: nobody looked over what customers are going to read."
            }
            Rule::InactiveMember => {
                "Access that nobody uses is still open: if the password leaks, nobody will notice."
            }
            Rule::NeverSignedIn => "A forgotten invitation may end up being used by the wrong person.",
        }
    }

    fn what_to_do(&self, rule: Rule) -> &'static str {
        match rule {
            Rule::SuccessAfterFailures => {
                "Call the person now. If it was not them, end the sessions and change the account's password."
            }
            Rule::FailuresAcrossAccounts => {
                "If the address is not your company's, ask whoever runs your network to block it."
            }
            Rule::Spraying => {
                "Ask everybody to set up an authenticator app, and look whether one of the accounts was signed in to from a place that is not its owner's."
            }
            Rule::RepeatedFailures => {
                "Ask the person whether it was them. If not, have them choose a long password that they use nowhere else."
            }
            Rule::SecondFactorReset => {
                "Make sure that the person asked for it, and that they have set up a new one themselves."
            }
            Rule::TemplateApprovedAlone => {
                "Read the template. Permit somebody else to approve templates, too."
            }
            Rule::InactiveMember => "Find out whether the person still needs access. If not, suspend it.",
            Rule::NeverSignedIn => {
                "Ask whether the person is still coming. If so, send the invitation again; if not, withdraw it."
            }
        }
    }

    fn got_in_after(&self, failures: u64, lasting: Lasting) -> String {
        let times = count(self, failures, "wrong password", "wrong passwords");
        format!("{times} in {}, and then a sign-in that worked.", self.lasting(lasting))
    }

    fn tried_accounts(&self, failures: u64, accounts: u64, strangers: u64) -> String {
        let times = count(self, failures, "wrong password", "wrong passwords");
        let accounts = count(self, accounts, "account", "different accounts");
        match strangers {
            0 => format!("{times} for {accounts}."),
            1 => format!("{times} for {accounts}; 1 of them is nobody's here."),
            many => format!("{times} for {accounts}; {} of them are nobody's here.", self.number(many)),
        }
    }

    fn came_from(&self, addresses: u64) -> String {
        format!("They came from {} different addresses.", self.number(addresses))
    }

    fn failed(&self, failures: u64, addresses: u64) -> String {
        let times = count(self, failures, "wrong password", "wrong passwords");
        match addresses {
            0 => format!("{times}."),
            1 => format!("{times}, all from one address."),
            many => format!("{times}, from {} addresses.", self.number(many)),
        }
    }

    fn approved_alone(&self) -> &'static str {
        "Approved a template that they had a hand in."
    }

    fn second_factor_reset(&self, set_up_again: bool) -> &'static str {
        match set_up_again {
            true => "The second factor was removed and has been set up again.",
            false => "The second factor was removed and has not been set up again.",
        }
    }

    fn inactive(&self, days: u64) -> String {
        format!("Has not used Portaria for {}.", count(self, days, "day", "days"))
    }

    fn never_came(&self, days: u64) -> String {
        match days {
            0 => "The invitation is from today and has not been used.".to_owned(),
            days => {
                format!("The invitation is {} old and has not been used.", count(self, days, "day", "days"))
            }
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
