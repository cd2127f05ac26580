//! Meta's Graph API as far as a WhatsApp business needs it: sending, read receipts, media, numbers, templates.

mod check;
mod desk;
pub mod graph_error;
mod interactive_request;
mod media;
mod message_request;
mod routes;
pub mod statuses;
mod template_request;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::desk::Desk;
pub use self::desk::{ReadReceipt, SentMessage};
pub use self::graph_error::GraphError;
pub use self::media::StoredMedia;
pub use self::message_request::Recipient;
pub use self::statuses::StatusPlan;
pub use self::template_request::{Review, Template};
use crate::clock::UnixClock;
use crate::customer::Customer;
use crate::error::SimulatorError;
use crate::number::BusinessNumber;

/// What the stand-in plays.
#[derive(Clone)]
pub struct CloudApiOptions {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// The tokens it takes; none is every token.
    pub access_tokens: Vec<String>,
    /// The numbers there are.
    pub numbers: Vec<BusinessNumber>,
    /// The templates there are; none is every template.
    pub templates: Vec<Template>,
    /// Customers whose names and ids statuses give; others are known by their address only.
    pub customers: Vec<Customer>,
    /// The statuses that follow messages; none without.
    pub statuses: Option<StatusPlan>,
    /// The largest file it takes.
    pub media_bytes: u64,
    /// How many of the last messages and receipts it can show.
    pub remembered: usize,
    /// Decides ids, with the time of the start.
    pub seed: u64,
    /// What time it is.
    pub clock: UnixClock,
}

impl CloudApiOptions {
    /// Those numbers, every token and template, and no statuses.
    pub fn new(address: SocketAddr, numbers: Vec<BusinessNumber>) -> Self {
        Self {
            address,
            access_tokens: Vec::new(),
            numbers,
            templates: Vec::new(),
            customers: Vec::new(),
            statuses: None,
            media_bytes: 16 << 20,
            remembered: 10_000,
            seed: 1,
            clock: UnixClock::system(),
        }
    }
}

/// A running stand-in; it ends when this is dropped or stopped, or with the given shutdown.
pub struct CloudApi {
    address: SocketAddr,
    desk: Arc<Desk>,
    shutdown: CancellationToken,
    serving: Option<JoinHandle<std::io::Result<()>>>,
}

impl CloudApi {
    /// Begins to listen and serve.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(
        options: CloudApiOptions,
        shutdown: &CancellationToken,
    ) -> Result<Self, SimulatorError> {
        let asked = options.address;
        let unbound = |source| SimulatorError::Bind { address: asked, source };
        let listener = TcpListener::bind(asked).await.map_err(unbound)?;
        let address = listener.local_addr().map_err(unbound)?;
        let shutdown = shutdown.child_token();
        let desk = Arc::new(Desk::new(options));
        let base_url = format!("http://{address}");
        let shared = routes::Shared { desk: Arc::clone(&desk), base_url, shutdown: shutdown.clone() };
        let ended = shutdown.clone().cancelled_owned();
        let served = axum::serve(listener, routes::router(shared)).with_graceful_shutdown(ended);
        let serving = Some(tokio::spawn(served.into_future()));
        Ok(Self { address, desk, shutdown, serving })
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
        self.shutdown.clone()
    }

    /// The last messages it took, the oldest first.
    pub fn messages(&self) -> Vec<SentMessage> {
        self.desk.messages()
    }

    /// How many messages it took in all.
    pub fn message_count(&self) -> u64 {
        self.desk.message_count()
    }

    /// The last read receipts it took, the oldest first.
    pub fn read_receipts(&self) -> Vec<ReadReceipt> {
        self.desk.receipts()
    }

    /// Refuses the next message, whatever it is, with this error; more calls line up.
    pub fn fail_next(&self, error: GraphError) {
        self.desk.fail_next(error);
    }

    /// Ends it and waits until requests under way are answered.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        if let Some(serving) = self.serving.take() {
            // Serving ends by the shutdown alone; a panic in it has been reported already.
            let _ = serving.await;
        }
    }
}

impl Drop for CloudApi {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
