//! The durable inbox: deliveries that arrive together are committed together, each before it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use portaria_domain::{Error, Installation, Result};
use portaria_entity::id::{MetaAppId, WebhookDeliveryId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_delivery::{self, WebhookDeliveryStatus};
use sea_orm::{EntityTrait, IntoActiveModel};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::WebhookOptions;
use super::room::Taken;

/// Deliveries that share one commit at most.
const BATCH: usize = 256;
/// How often a database that is away is looked for.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// A verified delivery.
pub(super) struct Parcel {
    pub workspace_id: WorkspaceId,
    pub meta_app_id: MetaAppId,
    pub received_at: Timestamp,
    pub body: Bytes,
    /// The memory set aside for the body.
    pub room: Taken,
}

/// Why a delivery was not kept, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unkept {
    /// Too many wait already, or the service is stopping.
    Full,
    Failed,
}

/// Where requests hand in their deliveries.
#[derive(Clone)]
pub(crate) struct Inbox {
    sender: mpsc::Sender<Handed>,
    away: Arc<AtomicBool>,
}

struct Handed {
    parcel: Parcel,
    kept: oneshot::Sender<bool>,
}

/// The one that writes. Until it runs, nothing is acknowledged.
pub(crate) struct InboxWriter {
    installation: Installation,
    receiver: mpsc::Receiver<Handed>,
    timeout: Duration,
    /// Whether the database was found to be away: then nobody need wait to be told so.
    away: Arc<AtomicBool>,
}

/// An inbox and its writer, who signals when there is something to process, here or in another process.
pub(crate) fn inbox(installation: Installation, options: &WebhookOptions) -> (Inbox, InboxWriter) {
    let (sender, receiver) = mpsc::channel(options.queue.max(1));
    let away = Arc::new(AtomicBool::new(false));
    let timeout = options.append_timeout;
    let writer = InboxWriter { installation, receiver, timeout, away: away.clone() };
    (Inbox { sender, away }, writer)
}

impl Inbox {
    /// Returns once the delivery is on disk, or says at once that it cannot be. Whoever stops waiting loses nothing:
    /// what was handed in is written all the same.
    pub(super) async fn keep(&self, parcel: Parcel, patience: Duration) -> std::result::Result<(), Unkept> {
        if self.away.load(Ordering::Relaxed) {
            return Err(Unkept::Failed);
        }
        let (kept, answer) = oneshot::channel();
        self.sender.try_send(Handed { parcel, kept }).map_err(|_| Unkept::Full)?;
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false) | Err(_)) | Err(_) => Err(Unkept::Failed),
        }
    }
}

impl InboxWriter {
    /// Writes until `shutdown`, then what was handed in before it.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled(), if !self.receiver.is_closed() => self.receiver.close(),
                count = self.receiver.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    metrics::gauge!("portaria_webhook_inbox_depth").set(self.depth());
                    if self.write_and_answer(std::mem::take(&mut batch)).await == Outcome::Away {
                        self.wait_for_database(&shutdown).await;
                    }
                }
            }
        }
    }

    /// Turns everybody away at once until the database answers again.
    async fn wait_for_database(&mut self, shutdown: &CancellationToken) {
        self.away.store(true, Ordering::Relaxed);
        while !shutdown.is_cancelled() {
            while let Ok(handed) = self.receiver.try_recv() {
                answer(vec![handed], Outcome::Away);
            }
            let ping = tokio::time::timeout(PROBE_INTERVAL, self.installation.database.ping()).await;
            if matches!(ping, Ok(Ok(()))) {
                break;
            }
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
        self.away.store(false, Ordering::Relaxed);
    }

    fn depth(&self) -> f64 {
        u32::try_from(self.receiver.len()).map_or(f64::MAX, f64::from)
    }

    async fn write_and_answer(&self, batch: Vec<Handed>) -> Outcome {
        let outcome = match self.write(&batch).await {
            Ok(()) => Outcome::Kept,
            Err(error) => failed(&error),
        };
        // One row that the database refuses must not cost the others theirs; one that is away is not asked for each.
        let outcome = if outcome == Outcome::Refused && batch.len() > 1 {
            self.write_singly(batch).await
        } else {
            answer(batch, outcome);
            outcome
        };
        self.installation.signals.arrived();
        outcome
    }

    async fn write_singly(&self, batch: Vec<Handed>) -> Outcome {
        let mut outcome = Outcome::Kept;
        for handed in batch {
            if outcome != Outcome::Away {
                outcome = match self.write(std::slice::from_ref(&handed)).await {
                    Ok(()) => Outcome::Kept,
                    Err(error) => failed(&error),
                };
            }
            answer(vec![handed], outcome);
        }
        outcome
    }

    /// One transaction for all; its commit is what an acknowledgement rests on.
    async fn write(&self, batch: &[Handed]) -> Result<()> {
        let rows = batch.iter().map(|handed| self.row(&handed.parcel).into_active_model());
        let write = async {
            let transaction = self.installation.database.begin().await?;
            webhook_delivery::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
            Ok(transaction.commit().await?)
        };
        tokio::time::timeout(self.timeout, write).await.unwrap_or(Err(Error::Busy))
    }

    fn row(&self, parcel: &Parcel) -> webhook_delivery::Model {
        webhook_delivery::Model {
            workspace_id: parcel.workspace_id,
            id: self.installation.clock.new_id::<WebhookDeliveryId>(),
            meta_app_id: parcel.meta_app_id,
            received_at: parcel.received_at,
            body: parcel.body.to_vec(),
            status: WebhookDeliveryStatus::Pending,
            attempts: 0,
            next_attempt_at: parcel.received_at,
            leased_until: None,
            processed_at: None,
            error: None,
            stored_count: 0,
            duplicate_count: 0,
            foreign_count: 0,
            progress: 0,
            item_count: None,
            channel_id: None,
        }
    }
}

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Kept,
    /// The database answers, but would not have it.
    Refused,
    /// The database does not answer, or not in time.
    Away,
}

fn failed(error: &Error) -> Outcome {
    tracing::error!(%error, "deliveries could not be written");
    match error {
        Error::Database(_) if !error.is_unavailable() => Outcome::Refused,
        Error::NotFound
        | Error::Forbidden { .. }
        | Error::StepUpRequired { .. }
        | Error::PersonRequired
        | Error::Refused(_)
        | Error::BadInput(_)
        | Error::Busy
        | Error::Database(_)
        | Error::Internal(_) => Outcome::Away,
    }
}

fn answer(batch: Vec<Handed>, outcome: Outcome) {
    for Handed { parcel, kept } in batch {
        drop(parcel.room);
        // Whoever asked may have gone; the delivery is kept or not all the same.
        let _ = kept.send(outcome == Outcome::Kept);
    }
}
