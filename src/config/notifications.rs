//! Where notifications may be sent.

use portaria_domain::outbound::OutboundPolicy;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationsConfig {
    /// Names that may stand for addresses of a private network.
    private_hosts: Vec<String>,
    /// Whether services on this machine may be sent to, and without TLS.
    pub allow_http_loopback: bool,
}

impl NotificationsConfig {
    pub fn policy(&self) -> OutboundPolicy {
        OutboundPolicy {
            allow_http_loopback: self.allow_http_loopback,
            private_hosts: self.private_hosts.clone(),
        }
    }
}
