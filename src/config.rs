//! The configuration: built-in defaults, then a file, then the environment. Unknown keys are refused.

mod audit;
mod cloud_api;
mod database;
mod geo;
mod keys;
mod layers;
mod log;
mod media;
mod notifications;
mod retention;
mod secret;
mod server;
mod single_sign_on;
#[cfg(test)]
mod tests;
mod webhook;

use portaria_worker::mail::MailOptions;
use serde::Deserialize;

pub use audit::AuditConfig;
pub use cloud_api::CloudApiConfig;
pub use database::DatabaseConfig;
pub use geo::GeoConfig;
pub use keys::KeysConfig;
pub use layers::load;
pub use log::{LogConfig, LogFormat};
pub use media::{MediaConfig, Place};
pub use notifications::NotificationsConfig;
pub use retention::RetentionConfig;
pub use secret::Secret;
pub use server::ServerConfig;
pub use single_sign_on::SingleSignOnConfig;
pub use webhook::WebhookConfig;

/// The documented defaults, printed by `portaria config`.
pub const DEFAULTS: &str = include_str!("config.default.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub database: DatabaseConfig,
    pub keys: KeysConfig,
    pub mail: MailOptions,
    pub webhook: WebhookConfig,
    pub cloud_api: CloudApiConfig,
    pub media: MediaConfig,
    pub single_sign_on: SingleSignOnConfig,
    pub notifications: NotificationsConfig,
    pub geo: GeoConfig,
    pub audit: AuditConfig,
    pub retention: RetentionConfig,
    pub log: LogConfig,
}

impl Config {
    /// Every setting that cannot work, each in a sentence that names its key.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.server.problems();
        problems.extend(self.database.problems());
        problems.extend(self.keys.problems(&self.database));
        let mail = self.mail.sender().map(drop).and_then(|()| self.mail.mailer().map(drop));
        problems.extend(mail.err().map(|error| format!("mail: {error}")));
        problems.extend(self.webhook.problems(&self.server.trusted_proxies));
        problems.extend(self.cloud_api.problems());
        problems.extend(self.media.problems(&self.keys, &self.database));
        problems.extend(self.retention.problems());
        problems.extend(self.log.problems());
        problems
    }
}
