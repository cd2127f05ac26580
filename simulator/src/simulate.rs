//! Drives a running installation as Meta would: a scenario delivered at a pace, with faults, and the figures.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::clock::UnixClock;
use crate::error::SimulatorError;
use crate::latency::Latencies;
use crate::number::BusinessNumber;
use crate::random::Random;
use crate::scenario::history::{History, HistoryPlan};
use crate::scenario::{Habits, Scenario};
use crate::sender::{Fate, Fault, Outcome, Sender, SenderConfig};

/// How fast to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One delivery every so often.
    Every(Duration),
    /// As fast as the callback answers.
    Unthrottled,
}

/// How many of a hundred deliveries go wrong on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FaultPercents {
    /// Delivered a second time.
    pub duplicate: u8,
    /// Held back until after the next.
    pub reorder: u8,
    /// Signed wrongly, not at all, or altered after signing: these must be refused.
    pub forged: u8,
}

/// What to do.
#[derive(Clone)]
pub struct SimulateOptions {
    /// Where to deliver.
    pub sender: SenderConfig,
    /// The numbers customers write to.
    pub numbers: Vec<BusinessNumber>,
    /// Decides customers, messages and faults.
    pub seed: u64,
    /// How fast.
    pub pace: Pace,
    /// For how long at most; none is until the shutdown.
    pub duration: Option<Duration>,
    /// How many deliveries at most; none is without limit.
    pub deliveries: Option<u64>,
    /// How many may be under way at once.
    pub concurrency: usize,
    /// What goes wrong.
    pub faults: FaultPercents,
    /// A past to deliver before, at no pace.
    pub history: Option<HistoryPlan>,
    /// What time customers write at.
    pub clock: UnixClock,
}

impl SimulateOptions {
    /// A delivery a second to that callback until the shutdown, without faults and without a past.
    pub fn new(sender: SenderConfig, numbers: Vec<BusinessNumber>) -> Self {
        Self {
            sender,
            numbers,
            seed: 1,
            pace: Pace::Every(Duration::from_secs(1)),
            duration: None,
            deliveries: None,
            concurrency: 4,
            faults: FaultPercents::default(),
            history: None,
            clock: UnixClock::system(),
        }
    }
}

/// What was delivered, and how it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Deliveries made, the repeated and the forged included.
    pub sent: u64,
    /// Messages in the first deliveries of each body.
    pub messages: u64,
    /// Statuses in the first deliveries of each body.
    pub statuses: u64,
    /// Rightly signed and answered by 200.
    pub accepted: u64,
    /// Rightly signed and never answered by 200.
    pub refused: u64,
    /// Never answered.
    pub unreachable: u64,
    /// Attempts beyond the first of each delivery.
    pub retried: u64,
    /// Bodies delivered a second time.
    pub duplicated: u64,
    /// Bodies held back until after the next.
    pub reordered: u64,
    /// Forged and refused, as they must be.
    pub forged_refused: u64,
    /// Forged and answered by 200: each one is a hole.
    pub forged_accepted: u64,
    /// Half of the 200s came within this.
    pub p50: Duration,
    /// Of a hundred 200s, 99 came within this.
    pub p99: Duration,
    /// The slowest 200.
    pub max: Duration,
}

/// Checks the handshake, delivers the past, then the scenario until the time, the number of deliveries or the
/// shutdown ends it. Prints nothing. Deliveries under way are awaited.
///
/// # Errors
/// When the options make no sense or the handshake fails. Refused deliveries are counted, not errors.
pub async fn simulate(
    options: SimulateOptions,
    shutdown: CancellationToken,
) -> Result<Summary, SimulatorError> {
    if options.pace == Pace::Every(Duration::ZERO) {
        return Err(SimulatorError::Interval);
    }
    let sender = Sender::new(options.sender.clone())?;
    let habits = Habits { duplicate_percent: 0, ..Habits::default() };
    let scenario = Scenario::new(options.seed, options.numbers.clone())?.with_habits(habits);
    let mut random = Random::derived(options.seed, u64::MAX);
    sender.handshake(&random.digits(10)).await?;
    let mut drive = Drive::new(sender, options.concurrency);
    if let Some(plan) = options.history {
        drive.past(scenario.history(plan), &shutdown).await;
    }
    drive.present(scenario, random, &options, &shutdown).await;
    Ok(drive.finish().await)
}

/// Deliveries under way and what is known of those that ended.
struct Drive {
    sender: Sender,
    concurrency: usize,
    under_way: JoinSet<(Fault, Outcome)>,
    latencies: Latencies,
    summary: Summary,
}

impl Drive {
    fn new(sender: Sender, concurrency: usize) -> Self {
        let (under_way, latencies, summary) = (JoinSet::new(), Latencies::default(), Summary::default());
        Self { sender, concurrency: concurrency.max(1), under_way, latencies, summary }
    }

    /// Begins a delivery, first awaiting another when too many are under way.
    async fn send(&mut self, body: Vec<u8>, fault: Fault) {
        while self.under_way.len() >= self.concurrency {
            match self.under_way.join_next().await {
                Some(ended) => self.note(&ended),
                None => break,
            }
        }
        while let Some(ended) = self.under_way.try_join_next() {
            self.note(&ended);
        }
        let sender = self.sender.clone();
        self.under_way.spawn(async move { (fault, sender.deliver(&body, fault).await) });
        self.summary.sent += 1;
    }

    fn note(&mut self, ended: &Result<(Fault, Outcome), JoinError>) {
        let Ok((fault, outcome)) = ended else {
            self.summary.unreachable += 1;
            return;
        };
        self.summary.retried += u64::from(outcome.attempts.saturating_sub(1));
        match (fault, outcome.fate) {
            (Fault::None, Fate::Accepted) => {
                self.summary.accepted += 1;
                self.latencies.record(outcome.latency);
            }
            (Fault::None, Fate::Refused(_)) => self.summary.refused += 1,
            (Fault::WrongSignature | Fault::NoSignature | Fault::AlteredBody, Fate::Accepted) => {
                self.summary.forged_accepted += 1;
            }
            (Fault::WrongSignature | Fault::NoSignature | Fault::AlteredBody, Fate::Refused(_)) => {
                self.summary.forged_refused += 1;
            }
            (
                Fault::None | Fault::WrongSignature | Fault::NoSignature | Fault::AlteredBody,
                Fate::Unreachable,
            ) => self.summary.unreachable += 1,
        }
    }

    async fn past(&mut self, history: History, shutdown: &CancellationToken) {
        for delivery in history {
            if shutdown.is_cancelled() {
                return;
            }
            self.summary.messages += delivery.messages as u64;
            self.summary.statuses += delivery.statuses as u64;
            self.send(delivery.body, Fault::None).await;
        }
    }

    async fn present(
        &mut self,
        mut scenario: Scenario,
        mut random: Random,
        options: &SimulateOptions,
        shutdown: &CancellationToken,
    ) {
        let end = options.duration.map(|duration| Instant::now() + duration);
        let mut ticks = ticks(options.pace);
        let mut held: Option<Vec<u8>> = None;
        let mut made = 0;
        while options.deliveries.is_none_or(|most| made < most) && goes_on(&mut ticks, end, shutdown).await {
            made += 1;
            let delivery = scenario.next_delivery(options.clock.now());
            self.summary.messages += delivery.messages as u64;
            self.summary.statuses += delivery.statuses as u64;
            if random.percent(options.faults.forged) {
                let fault = [Fault::WrongSignature, Fault::NoSignature, Fault::AlteredBody][random.index(3)];
                self.send(delivery.body.clone(), fault).await;
            }
            if random.percent(options.faults.duplicate) {
                self.summary.duplicated += 1;
                self.send(delivery.body.clone(), Fault::None).await;
            }
            if held.is_none() && random.percent(options.faults.reorder) {
                self.summary.reordered += 1;
                held = Some(delivery.body);
                continue;
            }
            self.send(delivery.body, Fault::None).await;
            if let Some(late) = held.take() {
                self.send(late, Fault::None).await;
            }
        }
        if let Some(late) = held {
            self.send(late, Fault::None).await;
        }
    }

    async fn finish(mut self) -> Summary {
        while let Some(ended) = self.under_way.join_next().await {
            self.note(&ended);
        }
        let (p50, p99) = (self.latencies.percentile(50), self.latencies.percentile(99));
        Summary { p50, p99, max: self.latencies.longest(), ..self.summary }
    }
}

fn ticks(pace: Pace) -> Option<Interval> {
    match pace {
        Pace::Every(period) => {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            Some(ticks)
        }
        Pace::Unthrottled => None,
    }
}

/// Waits for the next tick; false when the time is up or the shutdown came.
async fn goes_on(ticks: &mut Option<Interval>, end: Option<Instant>, shutdown: &CancellationToken) -> bool {
    if let Some(ticks) = ticks {
        tokio::select! {
            () = shutdown.cancelled() => return false,
            _ = ticks.tick() => {}
        }
    }
    !shutdown.is_cancelled() && end.is_none_or(|end| Instant::now() < end)
}

#[cfg(test)]
mod tests;
