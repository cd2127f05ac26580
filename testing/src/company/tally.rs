//! What the auditor is worth: of what was planted how much it found, when, and what else it said.

use std::collections::BTreeMap;

use portaria_domain::audit::rule;

use super::calendar::{DAY, at};
use super::{Company, Opened, Planted};

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

/// The mails that one administrator would have got, by how the workspace is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mails {
    /// One a day; of them so many with nothing new, and so many with nothing at all.
    pub daily: usize,
    pub daily_without_news: usize,
    pub daily_empty: usize,
    /// One a week.
    pub weekly: usize,
    pub weekly_without_news: usize,
    /// Merged: one for all that a day brought.
    pub at_once: usize,
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

    /// The mails of one administrator.
    pub fn mails(&self) -> Mails {
        let mut mails = Mails::default();
        let first_day = at(0, 0).0;
        let day_of = |opened: &Opened| ((opened.at.0 - first_day) / DAY).cast_unsigned() as usize;
        let mut news = vec![0; self.open_after.len()];
        let mut urgent = vec![0; self.open_after.len()];
        for opened in &self.opened {
            news[day_of(opened)] += 1;
            urgent[day_of(opened)] += usize::from(is_told_at_once(opened));
        }
        mails.daily = news.len();
        mails.daily_without_news = news.iter().filter(|count| **count == 0).count();
        mails.daily_empty = self.open_after.iter().filter(|open| **open == 0).count();
        mails.weekly = news.chunks(7).count();
        mails.weekly_without_news = news.chunks(7).filter(|week| week.iter().sum::<usize>() == 0).count();
        mails.at_once = urgent.iter().filter(|count| **count > 0).count();
        mails
    }
}

/// Whether its rule does not wait until morning.
fn is_told_at_once(opened: &Opened) -> bool {
    rule::all().any(|rule| rule.at_once && <&str>::from(rule.key) == opened.rule)
}
