//! `portaria worker`: webhooks and routing alone, beside other processes over PostgreSQL.

use anyhow::Result;

use super::require_postgres;
use crate::config::Config;
use crate::opening::{Schema, open};
use crate::service::{Launch, Parts, Service, bind};
use crate::telemetry;

pub async fn run(config: Config) -> Result<()> {
    require_postgres(&config, "worker")?;
    telemetry::start_logs(&config.log)?;
    let listener = bind(config.server.listen).await?;
    let installation = open(&config, Schema::MustBeCurrent).await?;
    let parts = Parts { api: false, worker: true, auditor: false };
    Service::start(Launch { config, parts, installation, listener })?.run().await
}
