//! The scheduled audits. When they are due is a setting of each workspace.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// Whether `serve` has the auditor's part.
    pub enabled: bool,
}
