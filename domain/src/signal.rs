//! What the parts of Portaria tell each other at once, within a process and, over PostgreSQL, between processes: that
//! events were committed, that deliveries arrived, that messages are to be sent, who types, who is there. Nothing of it is kept, and nothing depends on
//! it: whatever is lost is found by the next poll, or ends by itself.

mod parcel;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portaria_entity::id::{ConversationId, EventId, MemberId, WorkspaceId};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::typing::Typists;
use parcel::Parcel;

/// A listener that falls further behind has missed something, and is told so.
const BUFFER: usize = 1_024;

/// What is told and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Somebody types in a conversation, or does so no longer.
    Typing {
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
        member_id: MemberId,
        is_typing: bool,
    },
    /// Somebody has come or gone, or takes conversations or does not.
    Presence { workspace_id: WorkspaceId, member_id: MemberId },
    /// There may have been others, which were lost: look anew.
    #[serde(skip)]
    Missed,
}

/// This process's end of it. Cheap to clone.
#[derive(Clone)]
pub struct Signals(Arc<Inner>);

struct Inner {
    clock: Clock,
    /// Tells this process's own signals from those of others.
    origin: String,
    committed: Notify,
    arrived: Arc<Notify>,
    queued: Arc<Notify>,
    sender: broadcast::Sender<Signal>,
    typists: Typists,
    /// Whether anybody carries what is said to other processes.
    is_carried: AtomicBool,
    outgoing: Mutex<Parcel>,
    said: Notify,
}

impl Signals {
    pub fn new(clock: Clock) -> Self {
        let origin = clock.new_id::<EventId>().to_string();
        Self(Arc::new(Inner {
            clock,
            origin,
            committed: Notify::new(),
            arrived: Arc::default(),
            queued: Arc::default(),
            sender: broadcast::Sender::new(BUFFER),
            typists: Typists::default(),
            is_carried: AtomicBool::new(false),
            outgoing: Mutex::default(),
            said: Notify::new(),
        }))
    }

    /// Says that events have been committed.
    pub fn committed(&self) {
        self.0.committed.notify_one();
        self.carry(|parcel| parcel.committed = true);
    }

    /// Says to other processes that events have their numbers.
    pub(crate) fn numbered(&self) {
        self.carry(|parcel| parcel.committed = true);
    }

    /// Returns once events have been committed somewhere since it last did. For one who waits.
    pub(crate) async fn commits(&self) {
        self.0.committed.notified().await;
    }

    /// Says that deliveries have arrived.
    pub fn arrived(&self) {
        self.0.arrived.notify_one();
        self.carry(|parcel| parcel.arrived = true);
    }

    /// Is notified when deliveries have arrived somewhere.
    pub fn arrivals(&self) -> Arc<Notify> {
        self.0.arrived.clone()
    }

    /// Says that messages are to be sent.
    pub fn queued(&self) {
        self.0.queued.notify_one();
        self.carry(|parcel| parcel.queued = true);
    }

    /// Is notified when messages are to be sent somewhere.
    pub fn queues(&self) -> Arc<Notify> {
        self.0.queued.clone()
    }

    /// Tells everybody, here and elsewhere.
    pub fn tell(&self, signal: Signal) {
        self.hear(signal);
        self.carry(|parcel| parcel.add(signal));
    }

    /// Everything that is told from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.0.sender.subscribe()
    }

    /// Who types, as far as this process has heard.
    pub fn typists(&self) -> &Typists {
        &self.0.typists
    }

    /// Carries what is said to other processes and back, until `shutdown`. On SQLite there are none.
    pub async fn run(&self, database: &Database, shutdown: CancellationToken) {
        let Some(pool) = database.apart(wire::CONNECTIONS) else {
            shutdown.cancelled().await;
            return;
        };
        self.0.is_carried.store(true, Ordering::Relaxed);
        tokio::join!(wire::listen(self, &pool, &shutdown), wire::speak(self, &pool, &shutdown));
        self.0.is_carried.store(false, Ordering::Relaxed);
        pool.close().await;
    }

    /// Whether the database carries what is said between connections; nothing to say of SQLite.
    pub async fn are_heard(&self, database: &Database) -> Result<Option<bool>> {
        let Some(pool) = database.apart(wire::CONNECTIONS) else { return Ok(None) };
        let heard = wire::is_heard(&pool, &self.0.origin).await;
        pool.close().await;
        heard.map(Some).map_err(Error::internal)
    }

    fn hear(&self, signal: Signal) {
        self.0.typists.hear(signal, self.0.clock.now());
        // No receiver is no error: nobody happens to follow.
        let _ = self.0.sender.send(signal);
    }

    fn carry(&self, put: impl FnOnce(&mut Parcel)) {
        if !self.0.is_carried.load(Ordering::Relaxed) {
            return;
        }
        put(&mut self.0.outgoing.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.said.notify_one();
    }

    /// What has been said since it was last taken, as much as goes at once.
    fn outgoing(&self) -> Option<Parcel> {
        self.0.outgoing.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What another process has said.
    fn receive(&self, parcel: &Parcel) {
        if parcel.committed {
            self.0.committed.notify_one();
        }
        if parcel.arrived {
            self.0.arrived.notify_one();
        }
        if parcel.queued {
            self.0.queued.notify_one();
        }
        for signal in &parcel.signals {
            self.hear(*signal);
        }
    }

    /// Something may have been lost: everybody looks anew.
    fn missed(&self) {
        self.0.committed.notify_one();
        self.0.arrived.notify_one();
        self.0.queued.notify_one();
        self.hear(Signal::Missed);
    }
}
