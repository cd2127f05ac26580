//! What can go wrong in the simulator itself. A webhook that is refused is an outcome, not an error.

use std::net::SocketAddr;

/// Why the simulator could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// The callback URL is not an absolute http or https URL.
    #[error("the callback URL is not an absolute http or https URL")]
    CallbackUrl,
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {0}")]
    Client(#[source] reqwest::Error),
    /// The callback could not be reached during the handshake.
    #[error("the callback could not be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// The callback answered the handshake with something else than 200.
    #[error("the callback answered the handshake with status {0}")]
    HandshakeStatus(u16),
    /// The callback answered the handshake with something else than the challenge.
    #[error("the callback did not echo the challenge of the handshake")]
    HandshakeEcho,
    /// A scenario needs a phone number to write to.
    #[error("a scenario needs at least one business number")]
    NoNumbers,
    /// A pace of no time at all; [`crate::simulate::Pace::Unthrottled`] says that.
    #[error("the interval between deliveries must be longer than zero")]
    Interval,
    /// The address of the Cloud API stand-in could not be bound.
    #[error("could not listen on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}
