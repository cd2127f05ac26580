//! Where and how HTTP is served.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    pub listen: SocketAddr,
    /// What people and Meta reach it by; empty: as `listen`.
    public_url: String,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Longest body of a GraphQL request.
    pub max_body_bytes: usize,
    request_timeout_seconds: u64,
    shutdown_seconds: u64,
}

impl ServerConfig {
    /// The address to print and to put into links, without a slash at its end.
    pub fn public_url(&self) -> String {
        match self.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.listen),
            url => url.to_owned(),
        }
    }

    /// Listens there and is reached there, whatever was configured.
    pub fn stay_at(&mut self, address: SocketAddr) {
        self.listen = address;
        self.public_url = String::new();
    }

    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }

    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let url = self.public_url.as_str();
        if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
            problems.push("server.public_url must begin with https:// or http://".to_owned());
        }
        if self.max_body_bytes < 1_024 {
            problems.push("server.max_body_bytes must be at least 1024".to_owned());
        }
        if self.request_timeout_seconds == 0 {
            problems.push("server.request_timeout_seconds must be at least 1".to_owned());
        }
        problems
    }
}
