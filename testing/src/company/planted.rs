//! What was planted, and what an audit made of it.

use portaria_entity::time::Timestamp;

use super::Company;
use super::calendar::DAY;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    Member(portaria_entity::id::MemberId),
    ApiKey(portaria_entity::id::ApiKeyId),
    Channel(portaria_entity::id::ChannelId),
    /// Nobody in particular; of what was planted: whomever.
    Any,
}

/// Something that a rule is there to find. The rule is named by its key: there need not be one yet.
#[derive(Clone, Debug)]
pub struct Planted {
    pub rule: &'static str,
    /// What else may be said of it, of anybody, with right.
    pub also: &'static [&'static str],
    pub whom: Whom,
    pub at: Timestamp,
    /// So many days later it is what the rule looks for.
    pub due_days: i64,
    /// Whether it should be found; else it merely may be.
    pub counts: bool,
}

/// A finding that an audit opened.
#[derive(Clone, Debug)]
pub struct Opened {
    pub rule: String,
    pub severity: String,
    pub cause: String,
    pub whom: Whom,
    pub at: Timestamp,
}

/// So long after it was due it may be found and still have been meant.
const GRACE_DAYS: i64 = 10;

impl Planted {
    fn is_in_time(&self, at: Timestamp) -> bool {
        at >= self.at && at.0 <= self.at.0 + (self.due_days + GRACE_DAYS) * DAY
    }

    /// Whether this is what the finding found.
    pub fn is_found_by(&self, opened: &Opened) -> bool {
        opened.rule == self.rule
            && (self.whom == Whom::Any || self.whom == opened.whom)
            && self.is_in_time(opened.at)
    }

    /// Whether the finding is right because of this.
    pub fn explains(&self, opened: &Opened) -> bool {
        self.is_found_by(opened) || self.also.contains(&opened.rule.as_str()) && self.is_in_time(opened.at)
    }

    /// Whether an audit at that time had a night to find it.
    pub fn is_due_by(&self, time: Timestamp) -> bool {
        self.at.0 + (self.due_days + 1) * DAY <= time.0
    }

    /// Days between when it could have been found and when it was.
    pub fn days_late(&self, opened: &Opened) -> f64 {
        (opened.at.0 - self.at.0 - self.due_days * DAY) as f64 / DAY as f64
    }
}

impl Company {
    pub(super) fn expect(&mut self, rule: &'static str, whom: Whom, at: Timestamp, due_days: i64) {
        self.expect_with(rule, whom, (at, due_days), &[]);
    }

    pub(super) fn expect_with(
        &mut self,
        rule: &'static str,
        whom: Whom,
        (at, due_days): (Timestamp, i64),
        also: &'static [&'static str],
    ) {
        self.planted.push(Planted { rule, also, whom, at, due_days, counts: true });
    }

    /// What is right when it is found, and no loss when it is not.
    pub(super) fn excuse(&mut self, rule: &'static str, whom: Whom, at: Timestamp, due_days: i64) {
        self.planted.push(Planted { rule, also: &[], whom, at, due_days, counts: false });
    }
}
