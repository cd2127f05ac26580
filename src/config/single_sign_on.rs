//! Which identity providers may be asked.

use portaria_api::SingleSignOnOptions;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleSignOnConfig {
    /// Names that may stand for addresses of a private network.
    private_hosts: Vec<String>,
    /// Whether providers on this machine may be asked, and without TLS.
    pub allow_http_loopback: bool,
}

impl SingleSignOnConfig {
    pub fn options(&self) -> SingleSignOnOptions {
        SingleSignOnOptions {
            allow_http_loopback: self.allow_http_loopback,
            private_hosts: self.private_hosts.clone(),
        }
    }
}
