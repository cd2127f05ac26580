//! Which database, and how much of it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use portaria_domain::database::DatabaseOptions;
use serde::Deserialize;

use super::Secret;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://...`, with a password perhaps.
    pub url: Secret,
    /// A file that holds the URL instead.
    pub url_file: PathBuf,
    pub max_connections: u32,
}

impl DatabaseConfig {
    /// The URL, read from its file when it has one.
    pub fn url(&self) -> Result<Secret> {
        if self.url_file.as_os_str().is_empty() {
            return Ok(self.url.clone());
        }
        Secret::from_file(&self.url_file)
    }

    pub fn options(&self) -> Result<DatabaseOptions> {
        let options = DatabaseOptions::new(self.url()?.reveal());
        Ok(DatabaseOptions { max_connections: self.max_connections, ..options })
    }

    /// The file of an SQLite database; `None` on PostgreSQL.
    pub fn sqlite_file(&self) -> Result<Option<PathBuf>> {
        let url = self.url()?;
        Ok(url.reveal().strip_prefix("sqlite:").map(|path| Path::new(path.trim_start_matches("//")).into()))
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match self.url() {
            Ok(url)
                if ["sqlite:", "postgres:", "postgresql:"].iter().any(|s| url.reveal().starts_with(s)) => {}
            Ok(_) => problems.push("database.url must begin with sqlite: or postgres:".to_owned()),
            Err(error) => problems.push(format!("database.url_file: {error:#}")),
        }
        if self.max_connections == 0 {
            problems.push("database.max_connections must be at least 1".to_owned());
        }
        problems
    }
}
