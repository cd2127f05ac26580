//! A company on a moving clock: people with working lives, day after day, and among them what an auditor should find. The
//! same every time for the same scale.

mod acting;
mod audit;
mod calendar;
mod chance;
mod day;
mod employee;
mod founding;
mod incident;
mod planted;
mod tally;

use std::collections::BTreeMap;

use portaria_entity::id::{ApiKeyId, ChannelId, ContactId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use crate::countries::CountryFile;
use crate::database::TestDatabase;
use crate::stage::Stage;

pub use calendar::at;
pub use planted::{Opened, Planted, Whom};
pub use tally::{Mails, Tally};

use day::Act;
use employee::{Employee, Job};
use incident::Scheduled;

/// How large a company, for how long, and by which dice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    pub people: i64,
    pub days: i64,
    pub seed: i64,
}

impl Scale {
    /// Two hundred people for a year.
    pub const YEAR: Self = Self { people: 200, days: 365, seed: 1 };
    /// Twenty people, for as long as it takes until somebody who is gone is missed.
    pub const MONTH: Self = Self { people: 20, days: 36, seed: 1 };

    fn is_year(self) -> bool {
        self.days >= 100
    }
}

/// A program with a key.
pub(crate) struct Program {
    id: ApiKeyId,
    token: String,
    /// What it does whenever it is at work.
    uses: &'static [&'static str],
    /// Until which day it works.
    until: i64,
}

/// The company, as far as it has lived.
pub struct Company {
    pub stage: Stage,
    scale: Scale,
    staff: Vec<Employee>,
    programs: Vec<Program>,
    customers: Vec<ContactId>,
    /// The number that people answer on Sundays, too.
    sundays: ChannelId,
    /// What is still to happen, in the order in which it does.
    coming: BTreeMap<(Timestamp, usize), Act>,
    /// How much has been planned so far.
    planned: usize,
    script: Vec<Scheduled>,
    /// What an auditor should find.
    pub planted: Vec<Planted>,
    /// What it did find, as it opened.
    pub opened: Vec<Opened>,
    /// How many findings were open after each day's audit.
    pub open_after: Vec<i64>,
    /// Until when findings have been noted.
    noted_until: Timestamp,
    /// Where its addresses are.
    _countries: CountryFile,
}

impl Company {
    pub async fn on(test_database: TestDatabase, scale: Scale) -> Self {
        founding::found(test_database, scale).await
    }

    /// Lives through all its days, with an audit every morning.
    pub async fn live(&mut self) {
        for day in 0..self.scale.days {
            self.live_through(day).await;
        }
    }

    /// Until eight in the morning of a day, and its audit.
    pub async fn live_through(&mut self, day: i64) {
        self.begin(day);
        self.live_until(at(day, 8 * 60)).await;
        self.audit().await;
        self.note_findings().await;
    }

    /// What a day brings is planned, and happens when its time comes.
    pub fn begin(&mut self, day: i64) {
        self.plan(day);
    }

    pub async fn live_until(&mut self, time: Timestamp) {
        self.act_until(time).await;
        self.stage.clock.set(time);
    }

    /// Runs one statement.
    async fn run(&self, sql: &str, values: impl IntoIterator<Item = Value>) {
        let database = &self.stage.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await.expect("done");
    }

    fn member(&self, who: usize) -> MemberId {
        self.staff[who].account().0
    }

    /// The n-th of those who are kept for what is planted.
    fn kept(&self, n: usize) -> usize {
        let kept = self.staff.iter().enumerate().filter(|(_, one)| one.is_kept);
        kept.map(|(who, _)| who).nth(n).expect("enough people")
    }

    /// The n-th of those with a job.
    fn nth(&self, job: Job, n: usize) -> usize {
        let all = self.staff.iter().enumerate().filter(|(_, one)| one.job == job);
        all.map(|(who, _)| who).nth(n).expect("enough people")
    }
}
