//! Where the keys lie that seal secrets at rest.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde::Deserialize;

use super::DatabaseConfig;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Empty, on SQLite: beside the database.
    folder: PathBuf,
}

impl KeysConfig {
    pub fn folder(&self, database: &DatabaseConfig) -> Result<PathBuf> {
        if !self.folder.as_os_str().is_empty() {
            return Ok(self.folder.clone());
        }
        match database.sqlite_file()? {
            Some(file) => Ok(file.parent().unwrap_or(Path::new("")).join("keys")),
            None => bail!("keys.folder must be set when the database is PostgreSQL"),
        }
    }

    pub(super) fn problems(&self, database: &DatabaseConfig) -> Vec<String> {
        match database.sqlite_file() {
            Ok(None) if self.folder.as_os_str().is_empty() => {
                vec!["keys.folder must be set when the database is PostgreSQL: every process needs the same keys".to_owned()]
            }
            // A URL that cannot be read is reported by its own section.
            Ok(_) | Err(_) => Vec::new(),
        }
    }
}
