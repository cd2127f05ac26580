//! Opens an installation: its database, the schema, the keys.

use anyhow::{Context, Result, bail};
use portaria_domain::Installation;
use portaria_domain::clock::Clock;
use portaria_domain::country::Countries;
use portaria_domain::database::Database;

use crate::config::Config;
use crate::keys;

/// What is to be done about the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Brought up to date, under a lock.
    BringUp,
    /// Left alone: some other command does that.
    MustBeCurrent,
}

pub async fn connect(config: &Config) -> Result<Database> {
    // The URL is not repeated: it may hold a password.
    Database::connect(&config.database.options()?).await.context("the database cannot be opened")
}

pub async fn open(config: &Config, schema: Schema) -> Result<Installation> {
    let database = connect(config).await?;
    match schema {
        Schema::BringUp => database.migrate().await.context("the schema cannot be brought up to date")?,
        Schema::MustBeCurrent => {
            if !database.is_migrated().await? {
                bail!("the database has not the schema of this version: run `portaria migrate` first");
            }
        }
    }
    let ring = keys::open(config, &database).await?;
    Ok(Installation::new(database, Clock::system(), ring, &config.server.public_url()))
}

/// The same, for what lets people in or tells of sign-ins: it also knows the countries of addresses. What puts an
/// installation in order does not, and works when their file is bad.
pub async fn open_with_countries(config: &Config, schema: Schema) -> Result<Installation> {
    let countries = countries(config)?;
    Ok(open(config, schema).await?.with_countries(countries))
}

pub fn countries(config: &Config) -> Result<Countries> {
    match config.geo.database() {
        Some(path) => Countries::open(path).context("geo.database"),
        None => Ok(Countries::default()),
    }
}
