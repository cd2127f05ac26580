//! `portaria auditor`: scheduled audits and mail alone, beside other processes over PostgreSQL.

use anyhow::Result;

use super::require_postgres;
use crate::config::Config;
use crate::opening::{Schema, open_with_countries};
use crate::service::{Launch, Parts, Service, bind};
use crate::telemetry;

pub async fn run(config: Config) -> Result<()> {
    require_postgres(&config, "auditor")?;
    telemetry::start_logs(&config.log)?;
    let listener = bind(config.server.listen).await?;
    let installation = open_with_countries(&config, Schema::MustBeCurrent).await?;
    let parts = Parts { api: false, worker: false, auditor: true };
    Service::start(Launch { config, parts, installation, listener })?.run().await
}
