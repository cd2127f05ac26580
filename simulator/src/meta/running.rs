//! A running Meta, and what can be asked of it from within the same program.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::drive::Shared;
use super::listener::{Cut, Cuttable};
use super::message::{ReadReceipt, SentMessage};
use super::options::MetaOptions;
use super::world::World;
use crate::cloud_api::{self, GraphError};
use crate::control;
use crate::customer::Customer;
use crate::error::SimulatorError;
use crate::sender::Sender;

/// A running Meta; it ends when this is dropped or stopped, or with the given shutdown.
pub struct Meta {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Everything that was counted, as `/simulator/state` gives it.
    pub counted: Value,
    /// Half of the webhooks were accepted within this.
    pub p50: Duration,
    /// Of a hundred webhooks, 99 were.
    pub p99: Duration,
    /// The slowest.
    pub max: Duration,
    /// Forged webhooks that were accepted: each one is a hole.
    pub forged_accepted: u64,
}

impl Meta {
    /// Begins to listen, and lets time pass. The callback is not asked for its handshake: see [`Meta::handshake`].
    ///
    /// # Errors
    /// When there are no numbers, the callback is none, or the address cannot be bound.
    pub async fn bind(options: MetaOptions, shutdown: &CancellationToken) -> Result<Self, SimulatorError> {
        if options.numbers.is_empty() {
            return Err(SimulatorError::NoNumbers);
        }
        if let Some(callback) = &options.callback {
            Sender::new(callback.clone())?;
        }
        let asked = options.address;
        let unbound = |source| SimulatorError::Bind { address: asked, source };
        let listener = TcpListener::bind(asked).await.map_err(unbound)?;
        let address = listener.local_addr().map_err(unbound)?;
        let shutdown = shutdown.child_token();
        let world = World::new(options, format!("http://{address}"));
        let shared = Arc::new(Shared::new(world, shutdown.clone()));
        let router = cloud_api::router(Arc::clone(&shared)).merge(control::router(Arc::clone(&shared)));
        let served = axum::serve(Cuttable(listener), router.into_make_service_with_connect_info::<Cut>())
            .with_graceful_shutdown(shutdown.cancelled_owned());
        let serving = tokio::spawn(async move {
            // Serving ends by the shutdown alone.
            let _ = served.await;
        });
        let driving = tokio::spawn(Arc::clone(&shared).run());
        Ok(Self { address, shared, tasks: vec![serving, driving] })
    }

    /// Meta's check that the app's callback knows the verify token, as when it is entered in the dashboard.
    ///
    /// # Errors
    /// When the callback is not reachable, refuses, or echoes something else.
    pub async fn handshake(&self) -> Result<(), SimulatorError> {
        let callback = self.shared.world().options.callback.clone();
        match callback {
            Some(callback) => Sender::new(callback)?.handshake("1158201444").await,
            None => Ok(()),
        }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What stands for `https://graph.facebook.com`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The token that ends it.
    pub fn shutdown_token(&self) -> CancellationToken {
        self.shared.shutdown.clone()
    }

    /// The customers there are.
    pub fn customers(&self) -> Vec<Customer> {
        self.shared.world().people.iter().map(|person| person.customer().clone()).collect()
    }

    /// The last messages it took, the oldest first.
    pub fn messages(&self) -> Vec<SentMessage> {
        self.shared.world().tally.messages().cloned().collect()
    }

    /// How many messages it took in all.
    pub fn message_count(&self) -> u64 {
        self.shared.world().tally.messages
    }

    /// How often it took a message with that `biz_opaque_callback_data`.
    pub fn times_taken(&self, callback_data: &str) -> u32 {
        self.shared.world().tally.times_taken(callback_data)
    }

    /// The callback data it took more than once, the last thousand.
    pub fn taken_twice(&self) -> Vec<String> {
        self.shared.world().tally.taken_twice()
    }

    /// How often a limit was run into: `throughput`, `pair`, `management`, `portfolio`, `template_creations`.
    pub fn limit_run_into(&self, limit: &str) -> u64 {
        self.shared.world().tally.limits.get(limit).copied().unwrap_or_default()
    }

    /// The last read receipts it took, the oldest first.
    pub fn read_receipts(&self) -> Vec<ReadReceipt> {
        self.shared.world().tally.receipts().cloned().collect()
    }

    /// Takes from the body of a webhook of the past when customers wrote: what was delivered by others opens windows too.
    pub fn recall(&self, body: &[u8]) {
        if let Ok(body) = serde_json::from_slice(body) {
            self.shared.world().recall(&body);
        }
    }

    /// From now on customers write so many messages a minute of their own accord.
    pub fn let_customers_write(&self, per_minute: u32) {
        self.shared.world().let_customers_write(per_minute);
        self.shared.wake.notify_one();
    }

    /// Refuses the next message, whatever it is, with this error; more calls line up.
    pub fn fail_next(&self, error: GraphError) {
        self.shared.world().ordered.push_back(error);
    }

    /// Moves a clock of its own on; everything in between happens, webhooks included.
    pub async fn advance(&self, span: Duration) {
        self.shared.advance(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)).await;
    }

    /// How it went so far.
    pub fn figures(&self) -> Figures {
        let world = self.shared.world();
        let latencies = &world.outbox.latencies;
        Figures {
            counted: control::state(&world),
            p50: latencies.percentile(50),
            p99: latencies.percentile(99),
            max: latencies.longest(),
            forged_accepted: world.outbox.forged_accepted,
        }
    }

    /// Ends it and waits until requests under way are answered.
    pub async fn stop(mut self) {
        self.shared.shutdown.cancel();
        for task in self.tasks.drain(..) {
            // Tasks end by the shutdown alone; a panic in one has been reported already.
            let _ = task.await;
        }
    }
}

impl Drop for Meta {
    fn drop(&mut self) {
        self.shared.shutdown.cancel();
    }
}
