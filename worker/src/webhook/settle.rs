//! Writes down what becomes of a delivery: how far it is, when it is tried again, that it is set aside.

use std::collections::BTreeSet;
use std::time::Duration;

use portaria_domain::database::in_powers_of_two;
use portaria_domain::{Result, webhook_delivery as deliveries};
use portaria_entity::webhook_delivery::{self, WebhookDeliveryStatus};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use super::apply::{Tally, Told};
use super::failure::Failure;
use super::process::{Part, Processor, count};

/// Those in each other's way try again after this.
const PASSING: Duration = Duration::from_millis(200);
/// How often it is tried to say what became of a delivery, while the database is away.
const TELLINGS: u32 = 60;
const TELLING_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_OUTAGE_PAUSE: Duration = Duration::from_secs(30);

/// What comes after a chunk.
#[derive(Clone, Copy)]
pub(super) enum Then {
    More,
    Done,
}

/// How far a delivery is.
pub(super) struct Progress {
    /// How many of its things have been worked on.
    pub done: usize,
    tally: Tally,
    /// How far its row says that it is.
    written: i32,
    told: usize,
    /// The number that all of it is about.
    number: Option<String>,
}

impl Progress {
    /// Where an earlier attempt got to; at the beginning, if another version found something else in the bytes.
    pub(super) fn of(delivery: &webhook_delivery::Model, told: &[Told<'_>]) -> Self {
        let mut progress = Self {
            done: 0,
            tally: Tally::default(),
            written: delivery.progress,
            told: told.len(),
            number: only_number(told),
        };
        if delivery.item_count.and_then(|count| usize::try_from(count).ok()) == Some(told.len()) {
            progress.done = usize::try_from(delivery.progress).unwrap_or(0);
            progress.tally = Tally {
                stored: delivery.stored_count,
                duplicate: delivery.duplicate_count,
                foreign: delivery.foreign_count,
            };
        }
        progress
    }

    pub(super) fn with(&self, worked_on: usize, added: Tally) -> Self {
        Self {
            done: self.done + worked_on,
            tally: self.tally.plus(added),
            written: i32::try_from(self.done + worked_on).unwrap_or(i32::MAX),
            told: self.told,
            number: self.number.clone(),
        }
    }
}

fn only_number(told: &[Told<'_>]) -> Option<String> {
    let numbers: BTreeSet<_> = told.iter().map(|one| one.change.phone_number_id.as_ref()).collect();
    let mut numbers = numbers.into_iter();
    match (numbers.next(), numbers.next()) {
        (Some(Some(number)), None) => Some(number.clone()),
        _ => None,
    }
}

impl Processor {
    /// Writes down how far these of one workspace are, if they still are ours: the number of the attempt and how far it was
    /// tell.
    pub(super) async fn note_progress(
        &self,
        transaction: &DatabaseTransaction,
        parts: &[Part<'_>],
        (now, then): (&[Progress], Then),
    ) -> std::result::Result<(), Failure> {
        let noted: Vec<_> = parts.iter().zip(now).collect();
        for noted in in_powers_of_two(&noted) {
            let statement = self.progress_statement(noted, then);
            let written = transaction.execute_raw(statement).await.map_err(portaria_domain::Error::from)?;
            if usize::try_from(written.rows_affected()).ok() != Some(noted.len()) {
                return Err(Failure::Lost);
            }
        }
        Ok(())
    }

    fn progress_statement(&self, noted: &[(&Part<'_>, &Progress)], then: Then) -> Statement {
        const COLUMNS: usize = 9;
        let at = self.installation.clock.now();
        let (end, time) = match then {
            Then::More => ("leased_until = $2", at + self.options.lease),
            Then::Done => ("status = 'done', processed_at = $2, leased_until = NULL, error = NULL", at),
        };
        let mut values: Vec<Value> = Vec::with_capacity(2 + COLUMNS * noted.len());
        values.extend(noted.first().map(|(part, _)| part.delivery.workspace_id.0.into()));
        values.push(time.0.into());
        let mut rows = Vec::with_capacity(noted.len());
        for (Part { delivery, before, .. }, now) in noted {
            let first = values.len() + 1;
            values.extend([
                delivery.id.0.into(),
                delivery.attempts.into(),
                before.written.into(),
                now.tally.stored.into(),
                now.tally.duplicate.into(),
                now.tally.foreign.into(),
                now.written.into(),
                i32::try_from(now.told).unwrap_or(i32::MAX).into(),
                now.number.clone().into(),
            ]);
            let places: Vec<_> = (first..first + COLUMNS).map(|place| format!("${place}")).collect();
            rows.push(format!("({})", places.join(", ")));
        }
        let sql = format!(
            "UPDATE webhook_deliveries SET stored_count = n.column4, duplicate_count = n.column5, foreign_count = n.column6, \
             progress = n.column7, item_count = n.column8, channel_id = (SELECT c.id FROM channels c \
             WHERE c.workspace_id = $1 AND c.phone_number_id = n.column9), {end} FROM (VALUES {}) AS n \
             WHERE workspace_id = $1 AND id = n.column1 AND status = 'pending' AND attempts = n.column2 \
             AND progress = n.column3",
            rows.join(", ")
        );
        self.installation.database.statement(&sql, values)
    }

    /// Says what becomes of a delivery that failed; for a while also when the database is away, for an attempt
    /// whose end is not told counts as one that took the worker down.
    pub(super) async fn settle(&self, delivery: &webhook_delivery::Model, failure: Failure) {
        for _ in 0..TELLINGS {
            let told = match &failure {
                Failure::Hopeless(reason) => self.set_aside(delivery, reason).await,
                Failure::Retry(reason) if delivery.attempts >= self.options.attempts => {
                    self.set_aside(delivery, reason).await
                }
                Failure::Retry(reason) => {
                    self.put_off(delivery, reason, (self.pause(delivery), delivery.attempts)).await
                }
                Failure::Passing(reason) => {
                    self.put_off(delivery, reason, (PASSING, delivery.attempts - 1)).await
                }
                Failure::Outage(reason) => {
                    let pause = self.pause_in_outage(delivery);
                    self.put_off(delivery, reason, (pause, delivery.attempts - 1)).await
                }
                Failure::Lost => Ok(()),
            };
            match told {
                Ok(()) => return,
                Err(error) if error.is_unavailable() => {
                    if tokio::time::timeout(TELLING_PAUSE, self.stopping.cancelled()).await.is_ok() {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, delivery = %delivery.id, "it cannot be said what becomes of a delivery");
                    break;
                }
            }
        }
        tracing::warn!(delivery = %delivery.id, "a delivery stays leased until its lease ends");
    }

    /// Gives it back, to be claimed again after a pause.
    async fn put_off(
        &self,
        delivery: &webhook_delivery::Model,
        reason: &str,
        (pause, attempts): (Duration, i32),
    ) -> Result<()> {
        tracing::info!(delivery = %delivery.id, reason, "a delivery is put off");
        let next = self.installation.clock.now() + pause;
        let sql = "UPDATE webhook_deliveries SET error = $4, next_attempt_at = $5, attempts = $6, leased_until = NULL \
                   WHERE workspace_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3";
        let values = [
            delivery.workspace_id.0.into(),
            delivery.id.0.into(),
            delivery.attempts.into(),
            reason.into(),
            next.0.into(),
            attempts.into(),
        ];
        let database = &self.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await?;
        count("retried");
        Ok(())
    }

    /// Sets it aside for good, with its reason and its bytes, and says so to who can do something about it.
    async fn set_aside(&self, delivery: &webhook_delivery::Model, reason: &str) -> Result<()> {
        let dead: &'static str = WebhookDeliveryStatus::Dead.into();
        let sql = "UPDATE webhook_deliveries SET status = $4, error = $5, processed_at = $6, leased_until = NULL \
                   WHERE workspace_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3";
        let values = [
            delivery.workspace_id.0.into(),
            delivery.id.0.into(),
            delivery.attempts.into(),
            dead.into(),
            reason.into(),
            self.installation.clock.now().0.into(),
        ];
        let transaction = self.installation.database.begin().await?;
        let statement = self.installation.database.statement(sql, values);
        if transaction.execute_raw(statement).await?.rows_affected() == 1 {
            deliveries::alert_dead(&self.installation, &transaction, delivery, reason).await?;
            tracing::error!(delivery = %delivery.id, reason, "a delivery is set aside");
            count("dead");
        }
        Ok(transaction.commit().await?)
    }

    /// Doubles with each attempt, and differs between deliveries that failed together.
    fn pause(&self, delivery: &webhook_delivery::Model) -> Duration {
        let doublings = u32::try_from(delivery.attempts - 1).unwrap_or(0).min(16);
        let pause = self.options.first_retry.saturating_mul(1 << doublings).min(self.options.longest_retry);
        let [.., spread] = *delivery.id.0.as_bytes();
        pause + pause / 4 * u32::from(spread) / 255
    }

    /// Grows with how long the delivery has waited already.
    fn pause_in_outage(&self, delivery: &webhook_delivery::Model) -> Duration {
        let waited = self.installation.clock.now().since(delivery.received_at);
        (waited / 8).clamp(PASSING, LONGEST_OUTAGE_PAUSE)
    }
}
