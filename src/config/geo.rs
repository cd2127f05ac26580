//! Which countries addresses are in.

use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeoConfig {
    /// Empty: it is not known.
    database: PathBuf,
}

impl GeoConfig {
    pub fn database(&self) -> Option<&Path> {
        (!self.database.as_os_str().is_empty()).then_some(self.database.as_path())
    }
}
