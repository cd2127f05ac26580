//! What Meta delivers.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Whether `serve` has the worker's part.
    pub enabled: bool,
    pub max_body_bytes: usize,
    /// How many deliveries are worked through at once.
    pub processors: usize,
}

/// The largest delivery that Meta says it makes.
const LARGEST_DELIVERY: usize = 3 * 1024 * 1024;

impl WebhookConfig {
    pub(super) fn problems(&self) -> Vec<String> {
        if self.max_body_bytes < LARGEST_DELIVERY {
            return vec![format!(
                "webhook.max_body_bytes must be at least {LARGEST_DELIVERY}: Meta sends that much"
            )];
        }
        Vec::new()
    }
}
