//! Takes deliveries from the inbox, applies them, and sets aside what cannot be applied.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use portaria_domain::{Installation, Result};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_delivery;
use sea_orm::{ConnectionTrait, EntityTrait};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::apply::{Application, Origin, Tally, Told};
use super::failure::Failure;
use super::settle::Then;
use crate::whatsapp::payload;

/// How often deliveries are looked for that nobody has announced: retries, and those of other processes.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Passing troubles are met again after this.
const PASSING: Duration = Duration::from_millis(200);

/// How deliveries are processed.
#[derive(Clone, Debug)]
pub struct ProcessingOptions {
    /// Deliveries processed at the same time; 0 leaves them to other processes.
    pub processors: usize,
    /// Deliveries that one processor takes at once.
    pub claim: u32,
    /// Things told that share one transaction.
    pub chunk: usize,
    /// How long a processor may be silent before its deliveries are given to another.
    pub lease: Duration,
    /// Attempts before a delivery is set aside.
    pub attempts: i32,
    pub first_retry: Duration,
    pub longest_retry: Duration,
}

impl Default for ProcessingOptions {
    fn default() -> Self {
        Self {
            processors: 4,
            claim: 16,
            chunk: 100,
            lease: Duration::from_secs(20),
            attempts: 8,
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_secs(300),
        }
    }
}

/// Processes deliveries until it is told to stop. Several may run, here and in other processes.
#[derive(Clone)]
pub(crate) struct Processor {
    pub(super) installation: Installation,
    pub(super) options: ProcessingOptions,
    arrived: Arc<Notify>,
}

impl Processor {
    pub(crate) fn new(installation: Installation, options: ProcessingOptions, arrived: Arc<Notify>) -> Self {
        Self { installation, options, arrived }
    }

    pub(crate) async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.step().await {
                Ok(0) => tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = self.arrived.notified() => {}
                    () = tokio::time::sleep(POLL_INTERVAL) => {}
                },
                // There may be more than one processor can do.
                Ok(_) => self.arrived.notify_one(),
                Err(error) => {
                    tracing::warn!(%error, "deliveries could not be claimed");
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
            }
        }
    }

    /// Claims what is due and processes it. Returns how many deliveries that were.
    pub(crate) async fn step(&self) -> Result<usize> {
        let claimed = self.claim().await?;
        for delivery in &claimed {
            self.process(delivery).await;
        }
        Ok(claimed.len())
    }

    /// On SQLite one process serves: what is leased when it starts was left by one that was killed, and is due at once.
    pub(crate) async fn release_what_was_left(&self) -> Result<()> {
        let database = &self.installation.database;
        if !database.is_sqlite() {
            return Ok(());
        }
        let sql = "UPDATE webhook_deliveries SET leased_until = NULL WHERE status = 'pending' AND leased_until IS NOT NULL";
        database.writer().execute_raw(database.statement(sql, [])).await?;
        Ok(())
    }

    /// Takes the oldest that are due for as long as the lease. The attempt counts from here on, so that a delivery
    /// that takes the whole process down is not tried for ever.
    async fn claim(&self) -> Result<Vec<webhook_delivery::Model>> {
        let database = &self.installation.database;
        let now = self.installation.clock.now();
        let due =
            "status = 'pending' AND next_attempt_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)";
        let look = format!(
            "SELECT received_at FROM webhook_deliveries WHERE {due} ORDER BY next_attempt_at LIMIT 1"
        );
        let oldest = database.reader().query_one_raw(database.statement(&look, [now.0.into()])).await?;
        let Some(oldest) = oldest else {
            metrics::gauge!("portaria_webhook_lag_seconds").set(0.0);
            return Ok(Vec::new());
        };
        let lag = now.since(oldest.try_get_by_index::<Timestamp>(0)?);
        metrics::gauge!("portaria_webhook_lag_seconds").set(lag.as_secs_f64());
        let skip_locked = if database.is_sqlite() { "" } else { "FOR UPDATE SKIP LOCKED" };
        let claim = format!(
            "UPDATE webhook_deliveries SET leased_until = $2, attempts = attempts + 1 \
             WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM webhook_deliveries WHERE {due} \
             ORDER BY next_attempt_at, id LIMIT $3 {skip_locked}) RETURNING *"
        );
        let values =
            [now.0.into(), (now + self.options.lease).0.into(), i64::from(self.options.claim).into()];
        let mut claimed = webhook_delivery::Entity::find()
            .from_raw_sql(database.statement(&claim, values))
            .all(database.writer())
            .await?;
        claimed.sort_by_key(|delivery| (delivery.received_at, delivery.id));
        Ok(claimed)
    }

    /// Whatever happens to this delivery, the next one is not affected.
    async fn process(&self, delivery: &webhook_delivery::Model) {
        let work = AssertUnwindSafe(self.apply(delivery)).catch_unwind().await;
        let failure = match work {
            Ok(Ok(outcome)) => return count(outcome),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Retry("the worker panicked".to_owned()),
        };
        let put_off = match failure {
            Failure::Hopeless(reason) => self.set_aside(delivery, &reason).await,
            Failure::Retry(reason) if delivery.attempts >= self.options.attempts => {
                self.set_aside(delivery, &reason).await
            }
            Failure::Retry(reason) => {
                self.put_off(delivery, &reason, (self.pause(delivery), delivery.attempts)).await
            }
            Failure::Passing(reason) => {
                self.put_off(delivery, &reason, (PASSING, delivery.attempts - 1)).await
            }
            Failure::Lost => Ok(()),
        };
        if let Err(error) = put_off {
            tracing::warn!(%error, delivery = %delivery.id, "a delivery stays leased until its lease ends");
        }
    }

    /// Applies all that a delivery says, a chunk to a transaction. After a failure the chunks are single, so that
    /// what fails holds up nothing before it, and at the last attempt nothing after it either.
    async fn apply(&self, delivery: &webhook_delivery::Model) -> std::result::Result<&'static str, Failure> {
        let read = payload::read(&delivery.body)?;
        let told: Vec<Told<'_>> = read
            .changes
            .iter()
            .flat_map(|change| change.items.iter().map(move |item| Told { change, item }))
            .collect();
        let mut tally = tally_of(delivery);
        let mut rest = told.get(usize::try_from(tally.total()).unwrap_or(0)..).unwrap_or_default();
        let size = if delivery.attempts > 1 { 1 } else { self.options.chunk.max(1) };
        let mut failed = None;
        // Also a delivery that says nothing (more) has one chunk: the one that ends it.
        loop {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            let then = if after.is_empty() && failed.is_none() { Then::Done } else { Then::More };
            match self.apply_chunk(delivery, chunk, (tally, then)).await {
                Ok(now) => tally = now,
                Err(Failure::Retry(reason)) if size == 1 && delivery.attempts >= self.options.attempts => {
                    failed.get_or_insert(reason);
                }
                Err(failure) => return Err(failure),
            }
            if after.is_empty() {
                break;
            }
            rest = after;
        }
        match failed {
            Some(reason) => Err(Failure::Hopeless(reason)),
            None => Ok("done"),
        }
    }

    /// One transaction: what the chunk says, and that it has been applied.
    async fn apply_chunk(
        &self,
        delivery: &webhook_delivery::Model,
        chunk: &[Told<'_>],
        (before, then): (Tally, Then),
    ) -> std::result::Result<Tally, Failure> {
        let transaction = self.installation.database.begin().await?;
        let origin = Origin {
            workspace_id: delivery.workspace_id,
            delivery_id: delivery.id,
            received_at: delivery.received_at,
        };
        let added = Application::new(&self.installation, &transaction, origin).apply(chunk).await?;
        let now = Tally {
            stored: before.stored + added.stored,
            duplicate: before.duplicate + added.duplicate,
            foreign: before.foreign + added.foreign,
        };
        self.note_progress(&transaction, delivery, (before, now, then)).await?;
        transaction.commit().await.map_err(portaria_domain::Error::from)?;
        self.installation.events.wake();
        for (fate, count) in
            [("stored", added.stored), ("duplicate", added.duplicate), ("foreign", added.foreign)]
        {
            let count = u64::try_from(count).unwrap_or(0);
            metrics::counter!("portaria_webhook_items_total", "fate" => fate).increment(count);
        }
        Ok(now)
    }
}

fn tally_of(delivery: &webhook_delivery::Model) -> Tally {
    Tally {
        stored: delivery.stored_count,
        duplicate: delivery.duplicate_count,
        foreign: delivery.foreign_count,
    }
}

pub(super) fn count(outcome: &'static str) {
    metrics::counter!("portaria_webhook_processed_total", "outcome" => outcome).increment(1);
}
