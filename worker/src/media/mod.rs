//! Files between Meta and the store: what customers send is fetched while Meta has it, what agents send is handed to Meta.

mod fetch;
mod uploads;

use std::time::Duration;

use portaria_domain::media::{self, Wanted};
use portaria_domain::{Installation, Result};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cloud_api::CloudApi;

pub use uploads::Uploads;

/// How often it is looked for what falls due with time.
const TIDY_INTERVAL: Duration = Duration::from_secs(60);

/// How files are fetched. The defaults suit one machine.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// So many at a time.
    pub at_once: usize,
    /// How often it is looked for more.
    pub poll: Duration,
    /// How long a file may take, its way through the scanner included.
    pub timeout: Duration,
    /// How long nothing of it may come.
    pub pause: Duration,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            at_once: 4,
            poll: Duration::from_secs(1),
            timeout: Duration::from_secs(10 * 60),
            pause: Duration::from_secs(30),
        }
    }
}

/// Fetches what Meta keeps for the customers' messages. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    installation: Installation,
    cloud_api: CloudApi,
    options: FetchOptions,
}

impl Fetcher {
    pub fn new(installation: Installation, cloud_api: CloudApi, options: FetchOptions) -> Self {
        Self { installation, cloud_api, options }
    }

    /// Works until `shutdown`. What is under way then is begun anew by whoever comes next.
    pub async fn run(self, shutdown: CancellationToken) {
        if let Err(error) = media::release_what_was_left(&self.installation).await {
            tracing::warn!(%error, "files that were being fetched when the last process ended wait for their lease to end");
        }
        let mut tasks = JoinSet::new();
        let mut tidied: Option<Instant> = None;
        while !shutdown.is_cancelled() {
            while tasks.try_join_next().is_some() {}
            if tidied.is_none_or(|at| at.elapsed() >= TIDY_INTERVAL) {
                tidied = Some(Instant::now());
                if let Err(error) = media::tidy(&self.installation).await {
                    tracing::warn!(%error, "files that are not needed any more could not be removed");
                }
            }
            match self.claim(self.options.at_once.saturating_sub(tasks.len())).await {
                Ok(claimed) => {
                    for wanted in claimed {
                        tasks.spawn(self.clone().work_on(wanted));
                    }
                }
                Err(error) => tracing::warn!(%error, "it could not be looked for files to be fetched"),
            }
            self.wait(&mut tasks, &shutdown).await;
        }
        tasks.shutdown().await;
    }

    /// Until it is time to look again: when one is through while all places were taken, at once.
    async fn wait(&self, tasks: &mut JoinSet<()>, shutdown: &CancellationToken) {
        let full = tasks.len() >= self.options.at_once;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(self.options.poll) => {}
            _ = tasks.join_next(), if full => {}
        }
    }

    /// Fetches what is due now. Answers how many it took up.
    pub async fn fetch_due(&self) -> Result<usize> {
        let claimed = self.claim(self.options.at_once).await?;
        let count = claimed.len();
        let mut tasks = JoinSet::new();
        for wanted in claimed {
            tasks.spawn(self.clone().work_on(wanted));
        }
        tasks.join_all().await;
        Ok(count)
    }

    async fn claim(&self, most: usize) -> Result<Vec<Wanted>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        // Longer than it may take: who has the lease is alone at it.
        media::claim(&self.installation, most, self.options.timeout + Duration::from_secs(60)).await
    }
}
