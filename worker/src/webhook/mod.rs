//! The way in for what Meta sends: verified over the received bytes, kept before it is acknowledged, understood after.

pub(crate) mod apply;
mod apps;
mod certificate;
mod claim;
mod diagnosis;
mod failure;
mod handshake;
mod inbox;
mod process;
mod reception;
mod refusal;
mod room;
mod secret_use;
mod settle;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;

pub use certificate::ClientCertificate;
pub(crate) use inbox::{InboxWriter, inbox};
pub use process::ProcessingOptions;
pub(crate) use process::Processor;
pub(crate) use reception::Reception;
pub(crate) use refusal::Refusals;
pub(crate) use secret_use::SecretUse;
pub(crate) use watch::watch;

/// Where Meta's webhooks arrive; the last segment is the key of a Meta app.
pub const PATH: &str = "/webhooks/whatsapp/{app}";

/// How much is let in at once, and how long anybody waits.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// Bytes of the largest body; Meta sends up to 3 MB.
    pub body_limit: usize,
    /// Bytes of all bodies that are being received or wait to be written.
    pub room: usize,
    /// Deliveries that may wait to be written.
    pub queue: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long nothing of a body may come while it arrives.
    pub body_pause: Duration,
    /// How long a delivery may take to be written; after that its sender is told to come back.
    pub append_timeout: Duration,
    /// What `Retry-After` says to who is turned away.
    pub retry_after: Duration,
    /// What a trusted proxy says of the client's certificate.
    pub client_certificate: ClientCertificate,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            body_limit: 4 << 20,
            room: 128 << 20,
            queue: 4_096,
            body_timeout: Duration::from_secs(15),
            body_pause: Duration::from_secs(3),
            append_timeout: Duration::from_secs(2),
            retry_after: Duration::from_secs(5),
            client_certificate: ClientCertificate::default(),
        }
    }
}

/// The endpoint: Meta's handshake by GET, deliveries by POST.
pub(crate) fn router(reception: Arc<Reception>) -> Router {
    Router::new().route(PATH, get(handshake::answer).post(reception::receive)).with_state(reception)
}
