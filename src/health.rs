//! `/healthz`, `/readyz` and `/metrics`: for whoever runs the process. None of them shows a secret or a person.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use portaria_domain::Installation;
use portaria_domain::mail::{Standing, standing};
use tokio_util::sync::CancellationToken;

use crate::background::Freshness;

/// A database that answers later than this is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Health {
    pub installation: Installation,
    pub freshness: Freshness,
    pub metrics: PrometheusHandle,
    /// Cancelled as soon as the process is to take no more work.
    pub stopping: CancellationToken,
    /// The schema does not go back while a process runs: once current is enough.
    pub migrated: Arc<AtomicBool>,
}

pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let database =
        matches!(tokio::time::timeout(PATIENCE, health.installation.database.ping()).await, Ok(Ok(())));
    let schema = database && health.is_migrated().await;
    let access = health.freshness.is_fresh();
    let stopping = health.stopping.is_cancelled();
    let is_ready = database && schema && access && !stopping;
    let mail = if schema { health.mail().await } else { None };
    let body = Json(serde_json::json!({
        "ready": is_ready,
        "version": env!("CARGO_PKG_VERSION"),
        "database": if database { "answers" } else { "does not answer" },
        "schema": if schema { "current" } else { "not current" },
        "accessEpochs": if access { "fresh" } else { "stale" },
        "stopping": stopping,
        // A process is no less ready for it, but somebody should look.
        "mail": mail.map(|mail| serde_json::json!({
            "queued": mail.queued,
            "oldestSeconds": mail.oldest.as_secs(),
            "givenUpThisWeek": mail.given_up,
            "reportsUndelivered": mail.reports,
        })),
    }));
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

impl Health {
    /// None: the database does not say in time.
    async fn mail(&self) -> Option<Standing> {
        tokio::time::timeout(PATIENCE, standing(&self.installation)).await.ok()?.ok()
    }

    async fn is_migrated(&self) -> bool {
        if self.migrated.load(Ordering::Relaxed) {
            return true;
        }
        let asked = tokio::time::timeout(PATIENCE, self.installation.database.is_migrated()).await;
        let migrated = matches!(asked, Ok(Ok(true)));
        self.migrated.store(migrated, Ordering::Relaxed);
        migrated
    }
}

async fn figures(State(health): State<Health>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], health.metrics.render())
}
