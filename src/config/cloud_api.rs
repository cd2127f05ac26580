//! How Meta's Graph API is called.

use std::time::Duration;

use portaria_worker::cloud_api::CloudApiOptions;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudApiConfig {
    pub base_url: String,
    pub version: String,
    timeout_seconds: u64,
}

impl CloudApiConfig {
    pub fn options(&self) -> CloudApiOptions {
        CloudApiOptions {
            base_url: self.base_url.clone(),
            version: self.version.clone(),
            timeout: Duration::from_secs(self.timeout_seconds),
        }
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.options().root().err().iter().map(ToString::to_string).collect();
        if !(1..=120).contains(&self.timeout_seconds) {
            problems.push("cloud_api.timeout_seconds must be 1 to 120".to_owned());
        }
        problems
    }
}
