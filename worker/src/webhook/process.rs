//! Takes deliveries from the inbox, applies them, and sets aside what cannot be applied.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use portaria_domain::{Installation, Result};
use portaria_entity::webhook_delivery;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::apply::{Application, Origin, Tally, Told};
use super::claim::Held;
use super::failure::Failure;
use super::settle::{Progress, Then};
use crate::whatsapp::payload::{self, Payload};

/// How often deliveries are looked for that nobody has announced: retries, and those of other processes.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Longer bodies are read where they hold up nothing else.
const READ_ASIDE: usize = 64 * 1024;
/// And of these so many at once: what they tell takes several times their length.
const READ_AT_ONCE: usize = 2;
/// Why it is set aside when no attempt lived to tell.
const ENDED: &str = "the worker ended while it was worked on";

/// So many attempts more has who gets on with each.
const MOST_THAT_GOT_ON: i32 = 16;

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
            claim: 32,
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
    long: Arc<Semaphore>,
    pub(super) stopping: CancellationToken,
}

impl Processor {
    pub(crate) fn new(installation: Installation, options: ProcessingOptions, arrived: Arc<Notify>) -> Self {
        Self {
            installation,
            options,
            arrived,
            long: Arc::new(Semaphore::new(READ_AT_ONCE)),
            stopping: CancellationToken::new(),
        }
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        self.stopping = shutdown.clone();
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
        let count = claimed.len();
        let held: Vec<Held> = claimed.iter().map(Held::from).collect();
        let mut place = 0;
        for bundle in bundles(claimed) {
            let rest = held.get(place..).unwrap_or_default();
            place += bundle.len();
            self.holding(rest, self.process_bundle(bundle)).await;
        }
        Ok(count)
    }

    /// Short deliveries share a transaction. When that fails for whatever reason, each is processed for itself.
    async fn process_bundle(&self, bundle: Vec<webhook_delivery::Model>) {
        if bundle.len() > 1 {
            let together = AssertUnwindSafe(self.apply_bundle(&bundle)).catch_unwind().await;
            match together {
                Ok(Ok(true)) => return bundle.iter().for_each(|_| count("done")),
                Ok(Ok(false)) => {}
                Ok(Err(failure)) => tracing::debug!(?failure, "deliveries are processed one by one"),
                Err(_) => tracing::warn!("the worker panicked; deliveries are processed one by one"),
            }
        }
        for delivery in bundle {
            self.process(delivery).await;
        }
    }

    /// Applies all that these say in one transaction, unless it is too much for one. Answers whether it was done.
    async fn apply_bundle(&self, bundle: &[webhook_delivery::Model]) -> std::result::Result<bool, Failure> {
        let mut read = Vec::with_capacity(bundle.len());
        for delivery in bundle {
            read.push(payload::read(&delivery.body)?);
        }
        let told: Vec<Vec<Told<'_>>> = read.iter().map(all_told).collect();
        if told.iter().map(Vec::len).sum::<usize>() > self.options.chunk {
            return Ok(false);
        }
        let before: Vec<_> = bundle.iter().zip(&told).map(|(one, told)| Progress::of(one, told)).collect();
        let parts = bundle.iter().zip(&told).zip(&before);
        let parts: Vec<_> =
            parts.map(|((delivery, told), before)| Part { delivery, chunk: told, before }).collect();
        self.apply_parts(&parts, Then::Done).await?;
        Ok(true)
    }

    /// Whatever happens to this delivery, the next one is not affected.
    async fn process(&self, mut delivery: webhook_delivery::Model) {
        let work = AssertUnwindSafe(self.apply(&mut delivery)).catch_unwind().await;
        let failure = match work {
            Ok(Ok(())) => return count("done"),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::Retry("the worker panicked".to_owned()),
        };
        self.settle(&delivery, failure).await;
    }

    /// Applies all that a delivery says, a chunk to a transaction. After a failure the chunks are single, so that
    /// what fails holds up nothing before it, and at the last attempt nothing after it either.
    async fn apply(&self, delivery: &mut webhook_delivery::Model) -> std::result::Result<(), Failure> {
        // One more than the last: that one did not live to tell. Of what it was at, nothing is tried again.
        let excess = delivery.attempts - self.options.attempts;
        // Attempts that got somewhere before they ended do not speak against it: something else killed them.
        let died = excess - delivery.progress.min(MOST_THAT_GOT_ON);
        if died > 1 {
            return Err(Failure::Hopeless(ENDED.to_owned()));
        }
        let (read, _room) = self.read(delivery).await?;
        let told = all_told(&read);
        let mut progress = Progress::of(delivery, &told);
        let mut failed = None;
        if died > 0 {
            progress.done += 1;
            failed = Some(ENDED.to_owned());
        }
        let mut rest = told.get(progress.done..).unwrap_or_default();
        let size = if delivery.attempts > 1 { 1 } else { self.options.chunk.max(1) };
        // Also a delivery that says nothing (more) has one chunk: the one that ends it.
        loop {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            let then = if after.is_empty() && failed.is_none() { Then::Done } else { Then::More };
            match self.apply_parts(&[Part { delivery, chunk, before: &progress }], then).await {
                Ok(now) => progress = now.into_iter().next().unwrap_or(progress),
                Err(Failure::Retry(reason)) if size == 1 && excess >= 0 => {
                    progress.done += chunk.len();
                    failed.get_or_insert(reason);
                }
                Err(failure) => return Err(failure),
            }
            if after.is_empty() {
                break;
            }
            rest = after;
        }
        failed.map_or(Ok(()), |reason| Err(Failure::Hopeless(reason)))
    }

    /// What a delivery tells. A long one is read aside, and only so many of them at once: it is given room until it is done.
    async fn read(
        &self,
        delivery: &mut webhook_delivery::Model,
    ) -> std::result::Result<(Payload, Option<OwnedSemaphorePermit>), Failure> {
        let body = self.body(delivery).await?;
        if body.len() <= READ_ASIDE {
            return Ok((payload::read(&body)?, None));
        }
        let room = self.long.clone().acquire_owned().await.ok();
        let read = tokio::task::spawn_blocking(move || payload::read(&body)).await;
        match read {
            Ok(read) => Ok((read?, room)),
            Err(_) => Err(Failure::Retry("the reader panicked".to_owned())),
        }
    }

    /// One transaction: what these parts of deliveries of one workspace say, and that they have been applied.
    async fn apply_parts(
        &self,
        parts: &[Part<'_>],
        then: Then,
    ) -> std::result::Result<Vec<Progress>, Failure> {
        let Some(first) = parts.first() else { return Ok(Vec::new()) };
        let transaction = self.installation.database.begin().await?;
        let mut application = Application::new(&self.installation, &transaction, first.origin());
        let told: Vec<_> = parts.iter().flat_map(|part| part.chunk.iter().copied()).collect();
        application.prepare(&told).await?;
        let mut all = Tally::default();
        let mut progress = Vec::with_capacity(parts.len());
        for part in parts {
            let added = application.apply(part.origin(), part.chunk).await?;
            progress.push(part.before.with(part.chunk.len(), added));
            all = all.plus(added);
        }
        application.finish().await?;
        self.note_progress(&transaction, parts, (&progress, then)).await?;
        transaction.commit().await.map_err(portaria_domain::Error::from)?;
        self.installation.events.wake();
        let Tally { stored, duplicate, foreign } = all;
        for (fate, count) in [("stored", stored), ("duplicate", duplicate), ("foreign", foreign)] {
            let count = u64::try_from(count).unwrap_or(0);
            metrics::counter!("portaria_webhook_items_total", "fate" => fate).increment(count);
        }
        Ok(progress)
    }
}

/// What is applied of a delivery in one transaction.
pub(super) struct Part<'a> {
    pub(super) delivery: &'a webhook_delivery::Model,
    chunk: &'a [Told<'a>],
    pub(super) before: &'a Progress,
}

impl Part<'_> {
    fn origin(&self) -> Origin {
        Origin {
            workspace_id: self.delivery.workspace_id,
            delivery_id: self.delivery.id,
            received_at: self.delivery.received_at,
        }
    }
}

fn all_told(read: &Payload) -> Vec<Told<'_>> {
    let of_change = |change| move |item| Told { change, item };
    read.changes.iter().flat_map(|change| change.items.iter().map(of_change(change))).collect()
}

/// Which deliveries are applied together: neighbours of one workspace, at their first attempt, and short all together.
fn bundles(claimed: Vec<webhook_delivery::Model>) -> Vec<Vec<webhook_delivery::Model>> {
    let mut bundles: Vec<Vec<webhook_delivery::Model>> = Vec::new();
    let (mut length, mut is_open) = (0, false);
    for delivery in claimed {
        let may_share = delivery.attempts == 1 && delivery.progress == 0 && !delivery.body.is_empty();
        length += delivery.body.len();
        match bundles.last_mut() {
            Some(bundle)
                if is_open
                    && may_share
                    && length <= READ_ASIDE
                    && bundle.iter().all(|one| one.workspace_id == delivery.workspace_id) =>
            {
                bundle.push(delivery);
            }
            _ => {
                (length, is_open) = (delivery.body.len(), may_share);
                bundles.push(vec![delivery]);
            }
        }
    }
    bundles
}

pub(super) fn count(outcome: &'static str) {
    metrics::counter!("portaria_webhook_processed_total", "outcome" => outcome).increment(1);
}
