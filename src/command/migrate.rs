//! `portaria migrate`: brings the database's schema up to date, as `serve` does at its start.

use anyhow::Result;

use crate::config::Config;
use crate::opening::connect;

pub async fn run(config: &Config) -> Result<()> {
    let database = connect(config).await?;
    database.migrate().await?;
    database.close().await?;
    println!("The schema is up to date.");
    Ok(())
}
