//! The worker as one thing to start and stop: the inbox, the processing of deliveries, and what is done at intervals.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use portaria_domain::event::Published;
use portaria_domain::{Installation, conversation, routing};
use portaria_entity::event::EventKind;
use portaria_entity::time::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::webhook::{self, InboxWriter, ProcessingOptions, Processor, Reception, WebhookOptions};

/// How often refusals are written down.
const FLUSH_INTERVAL: Duration = Duration::from_secs(3);

/// How often the queue is drained when nothing seems to have changed.
const DRAIN_INTERVAL: Duration = Duration::from_secs(5);
/// How soon it is drained again at the earliest.
const DRAIN_PAUSE: Duration = Duration::from_secs(1);

/// How the worker behaves. The defaults suit one machine.
#[derive(Clone, Debug, Default)]
pub struct WorkerOptions {
    pub webhook: WebhookOptions,
    pub processing: ProcessingOptions,
}

/// Everything that needs no person. Its router is to be served, and it is to be run, for as long as the service lives.
pub struct Worker {
    reception: Arc<Reception>,
    writer: InboxWriter,
    processor: Processor,
    processors: usize,
    installation: Installation,
}

impl Worker {
    pub fn new(installation: Installation, options: WorkerOptions) -> Self {
        let WorkerOptions { webhook: taking_in, processing } = options;
        let arrived = Arc::new(Notify::new());
        let (inbox, writer) = webhook::inbox(installation.clone(), &taking_in, arrived.clone());
        // SQLite has one writer: more processors would only wait for it.
        let most = if installation.database.is_sqlite() { 1 } else { usize::MAX };
        let processors = processing.processors.min(most);
        let processor = Processor::new(installation.clone(), processing, arrived);
        let reception = Arc::new(Reception::new(installation.clone(), inbox, taking_in));
        Self { reception, writer, processor, processors, installation }
    }

    /// The webhook endpoint, to be served beside the API or alone.
    pub fn router(&self) -> Router {
        webhook::router(self.reception.clone())
    }

    /// Works until `shutdown`, then finishes what it has begun: what was handed in is written, and answered.
    pub async fn run(self, shutdown: CancellationToken) {
        let (refusals, uses) = (self.reception.refusals(), self.reception.uses());
        if let Err(error) = self.processor.release_what_was_left().await {
            tracing::warn!(%error, "deliveries that were in work when the last process ended wait for their lease to end");
        }
        let mut tasks = JoinSet::new();
        for _ in 0..self.processors {
            tasks.spawn(self.processor.clone().run(shutdown.clone()));
        }
        tasks.spawn(self.writer.run(shutdown.clone()));
        if self.processors > 0 {
            tasks.spawn(webhook::watch(self.installation.clone(), shutdown.clone()));
        }
        tasks.spawn(drain_the_queue(self.installation, shutdown.clone()));
        while tokio::time::timeout(FLUSH_INTERVAL, shutdown.cancelled()).await.is_err() {
            flush(&refusals, &uses).await;
        }
        tasks.join_all().await;
        flush(&refusals, &uses).await;
    }
}

async fn flush(refusals: &webhook::Refusals, uses: &webhook::SecretUse) {
    let written = async {
        refusals.flush().await?;
        refusals.settle().await?;
        uses.flush().await
    };
    if let Err(error) = written.await {
        tracing::warn!(%error, "refusals and the use of secrets could not be written down");
    }
}

/// Looks at intervals, and soon after something has changed, whether somebody is free for who waits.
async fn drain_the_queue(installation: Installation, shutdown: CancellationToken) {
    let mut events = installation.events.subscribe();
    let mut looked_until = Timestamp(0);
    while !shutdown.is_cancelled() {
        match conversation::release_ended(&installation, looked_until).await {
            Ok(until) => looked_until = until,
            Err(error) => tracing::warn!(%error, "conversations could not be taken back"),
        }
        if let Err(error) = routing::drain(&installation).await {
            tracing::warn!(%error, "the queue could not be drained");
        }
        let something_changed = async {
            tokio::time::sleep(DRAIN_PAUSE).await;
            while let Ok(Published { kind: EventKind::MessageReceived | EventKind::MessageUpdated, .. }) =
                events.recv().await
            {}
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = tokio::time::timeout(DRAIN_INTERVAL, something_changed) => {}
        }
    }
}
