//! What the auditor is worth: of what was planted how much it found, when, and what else it said.

use std::collections::{BTreeMap, HashSet};

use sea_orm::ConnectionTrait;

use super::calendar::{DAY, HOUR, at};
use super::{Company, Employee, Job, Opened, Planted};

/// Of one rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub planted: usize,
    pub found: usize,
    /// Days from when each could be found until it was.
    pub days_late: Vec<f64>,
    /// Findings that were right, what was not planted for this rule among them.
    pub right: usize,
    /// Findings that nothing explains, by severity.
    pub wrong: BTreeMap<String, usize>,
}

impl Tally {
    pub fn false_alarms(&self) -> usize {
        self.wrong.values().sum()
    }

    /// Of what it said, the part that was right; none: it said nothing.
    pub fn precision(&self) -> Option<f64> {
        let said = self.right + self.false_alarms();
        (said > 0).then(|| self.right as f64 / said as f64)
    }

    /// Of what was planted, the part that it found.
    pub fn recall(&self) -> Option<f64> {
        (self.planted > 0).then(|| self.found as f64 / self.planted as f64)
    }
}

/// How many mails of a kind one administrator got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mails {
    pub to: String,
    /// `audit` is the daily report, `alerts` what could not wait.
    pub kind: String,
    pub count: i64,
}

impl Company {
    /// By rule, those that are still to be written among them.
    pub fn tallies(&self) -> BTreeMap<String, Tally> {
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        for planted in self.due() {
            let tally = tallies.entry(planted.rule.to_owned()).or_default();
            tally.planted += 1;
            if let Some(first) = self.opened.iter().find(|opened| planted.is_found_by(opened)) {
                tally.found += 1;
                tally.days_late.push(planted.days_late(first));
            }
        }
        for opened in &self.opened {
            let tally = tallies.entry(opened.rule.clone()).or_default();
            if self.planted.iter().any(|planted| planted.explains(opened)) {
                tally.right += 1;
            } else {
                *tally.wrong.entry(opened.severity.clone()).or_default() += 1;
            }
        }
        tallies
    }

    /// Findings that nothing explains.
    pub fn false_alarms(&self) -> Vec<&Opened> {
        let is_explained = |opened: &Opened| self.planted.iter().any(|planted| planted.explains(opened));
        self.opened.iter().filter(|opened| !is_explained(opened)).collect()
    }

    /// What was planted and not found.
    pub fn missed(&self) -> Vec<&Planted> {
        let is_found = |planted: &Planted| self.opened.iter().any(|opened| planted.is_found_by(opened));
        self.due().filter(|planted| !is_found(planted)).collect()
    }

    /// What should have been found by the last audit.
    fn due(&self) -> impl Iterator<Item = &Planted> {
        let last = at(self.open_after.len() as i64 - 1, 8 * 60);
        self.planted.iter().filter(move |planted| planted.counts && planted.is_due_by(last))
    }

    /// Days that brought no finding, so that the morning's report said that nothing was new.
    pub fn days_without_news(&self) -> usize {
        let first_day = at(0, 0).0;
        let days: HashSet<i64> =
            self.opened.iter().map(|opened| (opened.at.0 - first_day - 8 * HOUR).div_euclid(DAY)).collect();
        self.open_after.len() - days.len()
    }

    /// The mails of those who administer.
    pub async fn mails(&self) -> Vec<Mails> {
        let database = &self.stage.installation.database;
        let sql = "SELECT to_address, dedup_key FROM outgoing_mails ORDER BY to_address";
        let rows = database.reader().query_all_raw(database.statement(sql, [])).await.expect("mails");
        let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in rows {
            let to: String = row.try_get_by_index(0).expect("an address");
            let key: String = row.try_get_by_index(1).expect("a key");
            let kind = key.split(':').next().unwrap_or_default().to_owned();
            let administers = |one: &Employee| one.job == Job::Administrator && one.email == to;
            if self.staff.iter().any(administers) {
                *counts.entry((to, kind)).or_default() += 1;
            }
        }
        counts.into_iter().map(|((to, kind), count)| Mails { to, kind, count }).collect()
    }
}
