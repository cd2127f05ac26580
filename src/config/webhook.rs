//! What Meta delivers.

use std::net::IpAddr;

use portaria_worker::webhook::ClientCertificate;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Whether `serve` has the worker's part.
    pub enabled: bool,
    pub max_body_bytes: usize,
    /// How many deliveries are worked through at once.
    pub processors: usize,
    /// Header in which a trusted proxy tells the subject of the client's certificate; empty: none does.
    client_certificate_header: String,
    /// The common name that it must have.
    client_certificate_name: String,
    /// Whether deliveries without it are refused.
    require_client_certificate: bool,
}

/// The largest delivery that Meta says it makes.
const LARGEST_DELIVERY: usize = 3 * 1024 * 1024;

impl WebhookConfig {
    /// What counts of what proxies say of client certificates.
    pub fn client_certificate(&self, trusted_proxies: &[IpAddr]) -> ClientCertificate {
        let header = self.client_certificate_header.trim();
        ClientCertificate {
            header: (!header.is_empty()).then(|| header.to_owned()),
            name: self.client_certificate_name.clone(),
            required: self.require_client_certificate,
            trusted_proxies: trusted_proxies.to_vec(),
        }
    }

    pub(super) fn problems(&self, trusted_proxies: &[IpAddr]) -> Vec<String> {
        let mut problems = Vec::new();
        if self.max_body_bytes < LARGEST_DELIVERY {
            problems.push(format!(
                "webhook.max_body_bytes must be at least {LARGEST_DELIVERY}: Meta sends that much"
            ));
        }
        let certificate = self.client_certificate(trusted_proxies);
        if certificate.required && (certificate.header.is_none() || trusted_proxies.is_empty()) {
            problems.push(
                "webhook.require_client_certificate needs client_certificate_header, and server.trusted_proxies to \
                 believe it from"
                    .to_owned(),
            );
        }
        problems
    }
}
