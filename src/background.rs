//! What every process does beside its work: keeping permissions fresh and writing down when sessions were used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use portaria_domain::Installation;
use portaria_domain::activity::chain;
use portaria_domain::{password, throttle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const EPOCHS: Duration = Duration::from_millis(250);
/// Older than this, cached permissions are not trusted; see the viewer cache.
const FRESH: Duration = Duration::from_secs(1);
const LAST_USE: Duration = Duration::from_secs(30);
const USES: Duration = Duration::from_secs(5);
const SEALS: Duration = Duration::from_secs(1);
const PASSWORDS: Duration = Duration::from_secs(1);
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
const KEYS: Duration = Duration::from_secs(5);
const COUNTRIES: Duration = Duration::from_secs(30);

/// When the access epochs were last read.
#[derive(Clone, Default)]
pub struct Freshness(Arc<Mutex<Option<Instant>>>);

impl Freshness {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub fn is_fresh(&self) -> bool {
        let read_at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read_at.is_some_and(|at| at.elapsed() <= FRESH)
    }
}

/// Reads the access epochs over and over, until `shutdown`.
pub async fn refresh_epochs(installation: Installation, freshness: Freshness, shutdown: CancellationToken) {
    let mut failing = false;
    while !shutdown.is_cancelled() {
        match installation.viewers.refresh_epochs().await {
            Ok(()) => {
                freshness.note();
                if failing {
                    tracing::info!("access epochs can be read again");
                }
                failing = false;
            }
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "access epochs cannot be read: permissions are read afresh for each request");
                }
                failing = true;
            }
        }
        pause(EPOCHS, &shutdown).await;
    }
}

/// Looks now and then whether there is a new sealing key, until `shutdown`.
pub async fn refresh_keys(installation: Installation, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = installation.keys.refresh() {
            tracing::error!(%error, "the sealing keys cannot be read");
        }
        pause(KEYS, &shutdown).await;
    }
}

/// Looks now and then whether the database of countries was replaced, until `shutdown`.
pub async fn refresh_countries(installation: Installation, shutdown: CancellationToken) {
    loop {
        pause(COUNTRIES, &shutdown).await;
        if shutdown.is_cancelled() {
            return;
        }
        // A large file takes a while to read.
        let countries = installation.countries.clone();
        match tokio::task::spawn_blocking(move || countries.refresh()).await {
            Ok(Ok(true)) => tracing::info!("the database of countries was replaced"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the database of countries stays as it was read before");
            }
            Err(error) => tracing::error!(%error, "the database of countries could not be looked at"),
        }
    }
}

/// Writes down now and then, and once more at the end, when sessions were last used.
pub async fn flush_last_use(installation: Installation, shutdown: CancellationToken) {
    loop {
        pause(LAST_USE, &shutdown).await;
        if let Err(error) = installation.viewers.flush_last_use().await {
            tracing::warn!(%error, "the last use of sessions could not be written down");
        }
        if shutdown.is_cancelled() {
            return;
        }
    }
}

/// Writes down every few seconds, and once more at the end, which permissions were used.
pub async fn flush_permission_uses(installation: Installation, shutdown: CancellationToken) {
    loop {
        pause(USES, &shutdown).await;
        if let Err(error) = installation.viewers.permission_uses().flush().await {
            tracing::warn!(%error, "the use of permissions could not be written down");
        }
        if shutdown.is_cancelled() {
            return;
        }
    }
}

/// Links what was done into the chain of the activity log, and once more at the end.
pub async fn seal_activities(installation: Installation, shutdown: CancellationToken) {
    loop {
        pause(SEALS, &shutdown).await;
        if let Err(error) = chain::seal(&installation).await {
            tracing::warn!(%error, "activities could not be sealed");
        }
        if shutdown.is_cancelled() {
            return;
        }
    }
}

/// Sends links to who has forgotten their password, and writes down which guesses were turned away.
pub async fn tend_passwords(installation: Installation, shutdown: CancellationToken) {
    loop {
        pause(PASSWORDS, &shutdown).await;
        if let Err(error) = password::answer_requests(&installation).await {
            tracing::warn!(%error, "requests for new passwords could not be answered");
        }
        if let Err(error) = throttle::write_down(&installation).await {
            tracing::warn!(%error, "guesses that were turned away could not be written down");
        }
        if shutdown.is_cancelled() {
            return;
        }
    }
}

/// Keeps the recorder of figures from growing while nobody asks for them.
pub async fn keep_up_metrics(metrics: PrometheusHandle, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        pause(METRICS_UPKEEP, &shutdown).await;
        metrics.run_upkeep();
    }
}

async fn pause(duration: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
