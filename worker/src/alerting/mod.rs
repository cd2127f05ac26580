//! What cannot wait until the morning: looked for every few seconds, told to administrators within a minute, by mail and to the
//! endpoints of their workspace.

mod client;
mod delivery;
mod notice;
mod page;
mod signature;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::audit::sweep::Sweeper;
use portaria_domain::error::Result;
use tokio_util::sync::CancellationToken;

use crate::mail::Mailbox;
use client::EndpointClient;

pub use signature::signature;

const SWEEPS: Duration = Duration::from_secs(15);
const NOTICES: Duration = Duration::from_secs(5);
const DELIVERIES: Duration = Duration::from_secs(2);

/// Looks for what cannot wait, and tells it. Any number of processes may run one.
#[derive(Clone)]
pub struct Alerting {
    installation: Installation,
    sender: Mailbox,
    client: Arc<EndpointClient>,
}

impl Alerting {
    pub fn new(installation: Installation, sender: Mailbox) -> Self {
        let client = Arc::new(EndpointClient::new(installation.outbound.clone()));
        Self { installation, sender, client }
    }

    /// Until `shutdown`; what has begun is finished.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(self.sweep(&shutdown), self.tell_on(&shutdown), self.deliver_on(&shutdown));
    }

    async fn sweep(&self, shutdown: &CancellationToken) {
        let mut sweeper = match Sweeper::new() {
            Ok(sweeper) => sweeper,
            Err(error) => {
                tracing::error!(%error, "what cannot wait is not looked for");
                return;
            }
        };
        while !shutdown.is_cancelled() {
            match sweeper.sweep(&self.installation).await {
                Ok(Some(swept)) if swept.opened > 0 => {
                    tracing::warn!(opened = swept.opened, "findings that cannot wait");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "what cannot wait could not be looked for"),
            }
            pause(SWEEPS, shutdown).await;
        }
    }

    async fn tell_on(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.tell().await {
                tracing::warn!(%error, "what cannot wait could not be told");
            }
            pause(NOTICES, shutdown).await;
        }
    }

    async fn deliver_on(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.deliver().await {
                tracing::warn!(%error, "notifications could not be sent");
            }
            pause(DELIVERIES, shutdown).await;
        }
    }

    /// Queues what is to be told now. Answers how many mails those are.
    pub async fn tell(&self) -> Result<usize> {
        notice::tell(&self.installation, &self.sender).await
    }

    /// Sends to each endpoint what is first in line there. Answers how many attempts were made.
    pub async fn deliver(&self) -> Result<usize> {
        delivery::deliver(&self.installation, &self.client).await
    }
}

async fn pause(duration: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
