//! English, with days before months and a 24-hour clock: read the same way everywhere.

use super::{Lasting, LocalSpan, LocalTime, RoleName, RoleScope, Speech, grouped};
use crate::country::Country;
use crate::device::Device;

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

impl Speech for English {
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
            Lasting::Minutes(minutes) => self.count(minutes, "minute", "minutes"),
            Lasting::Hours(hours) => self.count(hours, "hour", "hours"),
            Lasting::Days(days) => self.count(days, "day", "days"),
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
}
