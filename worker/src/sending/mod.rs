//! Sends what was written: in order, as fast as Meta takes it, and each message once, whatever happens on the way.

mod attempt;
mod gate;
mod line;
mod prepare;
mod receipt;
mod request;
mod settle;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use portaria_domain::sending::number::{self, Number};
use portaria_domain::sending::recheck::Recheck;
use portaria_domain::sending::{overdue, queue, receipt as receipts};
use portaria_domain::{Installation, Result};
use portaria_entity::id::EventId;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cloud_api::CloudApi;
use crate::media::Uploads;
use line::Line;

/// How often it is looked for what nobody has announced.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How often it is looked for what has been so for too long.
const LOOK_AFTER_INTERVAL: Duration = Duration::from_secs(5);

/// How sending behaves. The defaults suit any number of numbers.
#[derive(Clone, Debug)]
pub struct SendingOptions {
    /// Requests under way from one number.
    pub at_once: usize,
    /// Requests under way from this process.
    pub at_once_in_all: usize,
    /// How long a number of which nothing is to be sent is kept.
    pub idle: Duration,
    /// How long what is under way may take when this process is to end.
    pub patience: Duration,
}

impl Default for SendingOptions {
    fn default() -> Self {
        Self {
            at_once: 400,
            at_once_in_all: 1_000,
            idle: Duration::from_secs(5),
            patience: Duration::from_secs(10),
        }
    }
}

/// What all numbers share.
struct Office {
    installation: Installation,
    api: CloudApi,
    options: SendingOptions,
    /// Tells this process from others.
    holder: String,
    room: Arc<Semaphore>,
    recheck: Recheck,
    uploads: Uploads,
}

/// Sends for all numbers, until it is told to stop. Several may run, here and in other processes: a number is one's alone.
pub struct Sender {
    office: Arc<Office>,
    queued: Arc<Notify>,
    lines: JoinSet<()>,
    wakes: HashMap<Number, Arc<Notify>>,
    /// Which task sends for which.
    tasks: HashMap<Id, Number>,
    looked_after: Option<Instant>,
}

impl Sender {
    pub fn new(installation: &Installation, api: CloudApi, options: SendingOptions) -> Self {
        let office = Office {
            holder: installation.clock.new_id::<EventId>().to_string(),
            room: Arc::new(Semaphore::new(options.at_once_in_all)),
            recheck: Recheck::default(),
            uploads: Uploads::new(installation.clone(), api.clone()),
            installation: installation.clone(),
            api,
            options,
        };
        Self {
            office: Arc::new(office),
            queued: installation.signals.queues(),
            lines: JoinSet::new(),
            wakes: HashMap::new(),
            tasks: HashMap::new(),
            looked_after: None,
        }
    }

    /// Sends until `shutdown`, then waits for what is under way.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if let Err(error) = number::release_what_was_left(&self.office.installation).await {
            tracing::warn!(%error, "numbers that were sending when the last process ended wait for their lease to end");
        }
        while !shutdown.is_cancelled() {
            if let Err(error) = self.step(&shutdown).await {
                tracing::warn!(%error, "it could not be looked for what is to be sent");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.queued.notified() => self.wakes.values().for_each(|wake| wake.notify_one()),
                Some(ended) = self.lines.join_next_with_id() => self.note_end(ended),
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
        while let Some(ended) = self.lines.join_next_with_id().await {
            self.note_end(ended);
        }
    }

    async fn step(&mut self, shutdown: &CancellationToken) -> Result<()> {
        let installation = &self.office.installation;
        for number in queue::waiting(installation, &self.office.holder).await? {
            if self.wakes.contains_key(&number) {
                continue;
            }
            let wake = Arc::new(Notify::new());
            self.wakes.insert(number, wake.clone());
            let line = Line::new(self.office.clone(), number, wake, shutdown.clone());
            let task = self.lines.spawn(line.run());
            self.tasks.insert(task.id(), number);
        }
        if self.looked_after.is_none_or(|at| at.elapsed() >= LOOK_AFTER_INTERVAL) {
            self.looked_after = Some(Instant::now());
            look_after(installation).await?;
        }
        Ok(())
    }

    fn note_end(&mut self, ended: std::result::Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "sending from a number ended by itself, and begins anew");
                error.id()
            }
        };
        if let Some(number) = self.tasks.remove(&id) {
            self.wakes.remove(&number);
        }
    }
}

async fn look_after(installation: &Installation) -> Result<()> {
    let found = overdue::look_after(installation).await?;
    count("undecided", found.undecided);
    count("expired", found.expired);
    receipts::forget_old(installation).await?;
    let (waiting, oldest) = queue::depth(&installation.database).await?;
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; nobody queues 2^52 messages")]
    metrics::gauge!("portaria_sending_queued").set(waiting as f64);
    let late = oldest.map_or(Duration::ZERO, |oldest| installation.clock.now().since(oldest));
    metrics::gauge!("portaria_sending_lag_seconds").set(late.as_secs_f64());
    Ok(())
}

/// How messages ended, or did not.
fn count(outcome: &'static str, count: u64) {
    metrics::counter!("portaria_sending_messages_total", "outcome" => outcome).increment(count);
}
