//! A running service: its HTTP server and its loops, ended in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use portaria_domain::Installation;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::background::{self, Freshness};
use crate::config::Config;
use crate::health::{self, Health};
use crate::request::{self, Observer};
use crate::{parts, stopping, telemetry};

/// Which parts run in this process.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub api: bool,
    pub worker: bool,
    pub auditor: bool,
}

/// What a service is started from.
pub struct Launch {
    pub config: Config,
    pub parts: Parts,
    pub installation: Installation,
    pub listener: TcpListener,
}

/// The stages of stopping, one after the other.
#[derive(Clone, Default)]
struct Stages {
    /// No request is taken any more, and subscriptions end.
    requests: CancellationToken,
    /// Nothing new is begun; what was begun is finished.
    work: CancellationToken,
    /// What the others relied on ends as well.
    background: CancellationToken,
}

pub struct Service {
    installation: Installation,
    grace: Duration,
    stages: Stages,
    http: JoinHandle<std::io::Result<()>>,
    work: Vec<JoinHandle<()>>,
    background: Vec<JoinHandle<()>>,
}

/// Opens the port before anything else is done, so that a busy one is told at once.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} (server.listen)"))
}

impl Service {
    pub fn start(launch: Launch) -> Result<Self> {
        let Launch { config, parts, mut installation, listener } = launch;
        if parts.api || parts.worker {
            installation = installation.with_media(config.media.open(&config.keys, &config.database)?);
        }
        installation = installation.with_outbound(config.notifications.policy());
        let stages = Stages::default();
        stopping::on_signal(stages.requests.clone())?;
        let metrics = telemetry::start_metrics()?;
        let freshness = Freshness::default();
        let background = vec![
            tokio::spawn(background::refresh_epochs(
                installation.clone(),
                freshness.clone(),
                stages.background.clone(),
            )),
            tokio::spawn(background::refresh_keys(installation.clone(), stages.background.clone())),
            tokio::spawn(background::refresh_countries(installation.clone(), stages.background.clone())),
            tokio::spawn(background::flush_last_use(installation.clone(), stages.background.clone())),
            tokio::spawn(background::flush_permission_uses(installation.clone(), stages.background.clone())),
            tokio::spawn(background::seal_activities(installation.clone(), stages.background.clone())),
            tokio::spawn(background::tend_passwords(installation.clone(), stages.background.clone())),
            tokio::spawn(background::keep_up_metrics(metrics.clone(), stages.background.clone())),
            tokio::spawn(run_events(installation.clone(), stages.background.clone())),
            tokio::spawn(run_signals(installation.clone(), stages.background.clone())),
        ];
        let health = Health {
            installation: installation.clone(),
            freshness,
            metrics,
            stopping: stages.requests.clone(),
            migrated: Arc::default(),
        };
        let mut routes = health::router(health);
        let mut work = Vec::new();
        if parts.api {
            routes = routes.merge(parts::api(&installation, &config, stages.requests.clone()));
        }
        if parts.worker {
            let (webhook, worker) = parts::worker(&installation, &config, stages.work.clone())?;
            routes = routes.merge(webhook);
            work.push(worker);
            if config.webhook.processors > 0 {
                work.push(parts::fetcher(&installation, &config, stages.work.clone())?);
            }
        }
        if parts.auditor {
            let auditor = parts::auditor(&installation, &config)?;
            work.push(parts::run_auditor(auditor, stages.work.clone()));
        }
        let observer = Observer::new(installation.clock.now().0, config.log.addresses);
        let routes = request::surround(routes, observer, config.server.request_timeout());
        let address = listener.local_addr()?;
        let http = serve(listener, routes, stages.requests.clone());
        tracing::info!(%address, ?parts, database = ?installation.database.backend(), "listening");
        let grace = config.server.shutdown_grace();
        Ok(Self { installation, grace, stages, http, work, background })
    }

    /// Cancelled as soon as the service is told to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stages.requests.clone()
    }

    /// Runs until it is told to stop, or until a part of it ends by itself, which is a failure.
    pub async fn run(mut self) -> Result<()> {
        let ended_early = tokio::select! {
            // Looked at first: being told to stop makes the others end.
            biased;
            () = self.stages.requests.cancelled() => None,
            failure = first_end(&mut self.work) => Some(failure),
            failure = first_end(&mut self.background) => Some(failure),
            ended = &mut self.http => {
                self.stop_work().await?;
                bail!("the HTTP server ended by itself: {ended:?}");
            }
        };
        if let Some(failure) = &ended_early {
            tracing::error!(%failure, "a part of the service ended by itself: stopping");
        }
        self.stop_http().await;
        self.stop_work().await?;
        match ended_early {
            Some(failure) => Err(anyhow!("a part of the service ended by itself: {failure}")),
            None => Ok(()),
        }
    }

    async fn stop_http(&mut self) {
        self.stages.requests.cancel();
        if tokio::time::timeout(self.grace, &mut self.http).await.is_err() {
            tracing::warn!("requests were cut short: they took longer than server.shutdown_seconds");
            self.http.abort();
        }
    }

    async fn stop_work(&mut self) -> Result<()> {
        self.stages.work.cancel();
        finish(&mut self.work, self.grace).await;
        self.stages.background.cancel();
        finish(&mut self.background, self.grace).await;
        self.installation.database.close().await.context("the database could not be closed")?;
        tracing::info!("stopped");
        Ok(())
    }
}

fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) -> JoinHandle<std::io::Result<()>> {
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(
        async move { axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await },
    )
}

async fn run_events(installation: Installation, shutdown: CancellationToken) {
    installation.events.run(shutdown).await;
}

async fn run_signals(installation: Installation, shutdown: CancellationToken) {
    installation.signals.run(&installation.database, shutdown).await;
}

/// Waits for the first of the tasks to end, and says how it did. Without tasks it waits for ever.
async fn first_end(tasks: &mut Vec<JoinHandle<()>>) -> String {
    let ended = std::future::poll_fn(|context| {
        for (index, task) in tasks.iter_mut().enumerate() {
            if let std::task::Poll::Ready(end) = std::pin::Pin::new(task).poll(context) {
                return std::task::Poll::Ready((index, end));
            }
        }
        std::task::Poll::Pending
    });
    let (index, end) = ended.await;
    drop(tasks.remove(index));
    match end {
        Ok(()) => "it returned".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn finish(tasks: &mut Vec<JoinHandle<()>>, grace: Duration) {
    let deadline = tokio::time::Instant::now() + grace;
    for mut task in tasks.drain(..) {
        match tokio::time::timeout_at(deadline, &mut task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a part of the service failed"),
            Err(_) => {
                tracing::warn!("work was cut short: it took longer than server.shutdown_seconds");
                task.abort();
            }
        }
    }
}
