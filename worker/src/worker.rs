//! The worker as one thing to start and stop: the inbox, the processing of deliveries, sending, and what is done at intervals.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use portaria_domain::event::Published;
use portaria_domain::{Installation, conversation, presence, routing, target};
use portaria_entity::event::EventKind;
use portaria_entity::id::WorkspaceId;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cloud_api::CloudApi;
use crate::sending::{Sender, SendingOptions};
use crate::webhook::{self, InboxWriter, ProcessingOptions, Processor, Reception, WebhookOptions};

/// How often refusals are written down.
const FLUSH_INTERVAL: Duration = Duration::from_secs(3);

/// How often everything is looked at when nothing seems to have changed.
const DRAIN_INTERVAL: Duration = Duration::from_secs(5);
/// How soon the queue is drained again at the earliest.
const DRAIN_PAUSE: Duration = Duration::from_millis(200);

/// How often it is looked for who waits for too long, and which targets are at risk.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);

/// How the worker behaves. The defaults suit one machine.
#[derive(Clone, Debug, Default)]
pub struct WorkerOptions {
    pub webhook: WebhookOptions,
    pub processing: ProcessingOptions,
    /// By which Meta is asked; without, nothing is sent.
    pub cloud_api: Option<CloudApi>,
    pub sending: SendingOptions,
}

/// Everything that needs no person. Its router is to be served, and it is to be run, for as long as the service lives.
pub struct Worker {
    reception: Arc<Reception>,
    writer: InboxWriter,
    processor: Processor,
    processors: usize,
    sender: Option<Sender>,
    installation: Installation,
}

impl Worker {
    pub fn new(installation: Installation, options: WorkerOptions) -> Self {
        let WorkerOptions { webhook: taking_in, processing, cloud_api, sending } = options;
        let sender = cloud_api.map(|api| Sender::new(&installation, api, sending));
        let arrived = installation.signals.arrivals();
        let (inbox, writer) = webhook::inbox(installation.clone(), &taking_in);
        // SQLite has one writer: more processors would only wait for it.
        let most = if installation.database.is_sqlite() { 1 } else { usize::MAX };
        let processors = processing.processors.min(most);
        let processor = Processor::new(installation.clone(), processing, arrived);
        let reception = Arc::new(Reception::new(installation.clone(), inbox, taking_in));
        Self { reception, writer, processor, processors, sender, installation }
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
        if let Some(sender) = self.sender {
            tasks.spawn(sender.run(shutdown.clone()));
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

/// Drains the queue of a workspace at once when something has changed there, and looks after everything at intervals.
async fn drain_the_queue(installation: Installation, shutdown: CancellationToken) {
    let mut events = installation.events.subscribe();
    let mut looked = conversation::Looked::default();
    let mut watched: Option<Instant> = None;
    while !shutdown.is_cancelled() {
        look_after_all(&installation, &mut looked).await;
        if watched.is_none_or(|at| at.elapsed() >= WATCH_INTERVAL) {
            watched = Some(Instant::now());
            if let Err(error) = target::watch(&installation).await {
                tracing::warn!(%error, "who waits for too long could not be looked for");
            }
        }
        let until = Instant::now() + DRAIN_INTERVAL;
        while let Some(changed) = changed_before(&mut events, until, &shutdown).await {
            for workspace in changed {
                if let Err(error) = routing::drain_workspace(&installation, workspace).await {
                    tracing::warn!(%error, "the queue could not be drained");
                }
            }
            tokio::time::sleep(DRAIN_PAUSE).await;
        }
    }
}

/// What falls due with time: access that ended, who has gone or is back, what was put off; then the queue.
async fn look_after_all(installation: &Installation, looked: &mut conversation::Looked) {
    if let Err(error) = conversation::release_ended(installation, looked).await {
        tracing::warn!(%error, "conversations could not be taken back");
    }
    if let Err(error) = presence::settle(installation).await {
        tracing::warn!(%error, "who is there could not be settled");
    }
    if let Err(error) = conversation::release_owed(installation).await {
        tracing::warn!(%error, "conversations of who is away could not be taken back");
    }
    if let Err(error) = conversation::wake(installation).await {
        tracing::warn!(%error, "what was put off could not be opened");
    }
    if let Err(error) = routing::drain(installation).await {
        tracing::warn!(%error, "the queue could not be drained");
    }
}

/// The workspaces in which somebody may have become free, as soon as there are any; none when it is time to look at
/// everything, or to stop.
async fn changed_before(
    events: &mut Receiver<Published>,
    until: Instant,
    shutdown: &CancellationToken,
) -> Option<BTreeSet<WorkspaceId>> {
    let first = tokio::select! {
        () = shutdown.cancelled() => return None,
        () = tokio::time::sleep_until(until) => return None,
        first = next_change(events) => first?,
    };
    let mut changed = BTreeSet::from([first]);
    while let Ok(event) = events.try_recv() {
        changed.extend(may_free(event));
    }
    Some(changed)
}

async fn next_change(events: &mut Receiver<Published>) -> Option<WorkspaceId> {
    loop {
        match events.recv().await {
            Ok(event) => {
                if let Some(workspace) = may_free(event) {
                    return Some(workspace);
                }
            }
            // What was missed may have been anything.
            Err(_) => return None,
        }
    }
}

fn may_free(event: Published) -> Option<WorkspaceId> {
    match event.kind {
        EventKind::ConversationChanged | EventKind::AccessChanged => Some(event.workspace_id),
        // Who has a conversation changes only with it.
        EventKind::ConversationAssigned | EventKind::MessageReceived | EventKind::MessageUpdated => None,
    }
}
