//! How each part is made from the configuration.

use anyhow::{Context, Result};
use axum::Router;
use portaria_api::ApiOptions;
use portaria_domain::Installation;
use portaria_worker::cloud_api::CloudApi;
use portaria_worker::schedule::Auditor;
use portaria_worker::template::TemplateWork;
use portaria_worker::webhook::{ProcessingOptions, WebhookOptions};
use portaria_worker::{Worker, WorkerOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// `shutdown` ends open subscriptions.
pub fn api(installation: &Installation, config: &Config, shutdown: CancellationToken) -> Router {
    let options = ApiOptions {
        trusted_proxies: config.server.trusted_proxies.clone(),
        max_body: config.server.max_body_bytes,
        single_sign_on: config.single_sign_on.options(),
        shutdown,
    };
    portaria_api::router(installation.clone(), options)
}

/// The way in for webhooks, and what works through them.
pub fn worker(
    installation: &Installation,
    config: &Config,
    shutdown: CancellationToken,
) -> Result<(Router, JoinHandle<()>)> {
    let webhook = WebhookOptions {
        body_limit: config.webhook.max_body_bytes,
        client_certificate: config.webhook.client_certificate(&config.server.trusted_proxies),
        ..WebhookOptions::default()
    };
    let processing =
        ProcessingOptions { processors: config.webhook.processors, ..ProcessingOptions::default() };
    let worker = Worker::new(installation.clone(), WorkerOptions { webhook, processing });
    let api = CloudApi::new(&config.cloud_api.options()).context("cloud_api")?;
    let templates = TemplateWork::new(installation.clone(), api);
    let router = worker.router();
    let run = async move {
        tokio::join!(worker.run(shutdown.clone()), templates.run(shutdown));
    };
    Ok((router, tokio::spawn(run)))
}

pub fn auditor(installation: &Installation, config: &Config) -> Result<Auditor> {
    let auditor = Auditor::new(installation.clone(), &config.mail).context("mail")?;
    Ok(auditor.keeping(config.retention.retention()))
}

/// Audits on schedule, and sends mail.
pub fn run_auditor(auditor: Auditor, shutdown: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = auditor.run(shutdown).await {
            tracing::error!(%error, "the auditor failed");
        }
    })
}
