//! Lets what is due happen: one thing after the other, webhooks posted beside, as the clock goes or is moved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::agenda::Happening;
use super::webhook::{Override, Webhook};
use super::world::World;
use crate::clock::UnixClock;
use crate::sender::{Sender, SenderConfig};

/// How many webhooks may be under way at once.
const UNDER_WAY: usize = 64;

/// What everything that runs shares.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: UnixClock,
    pub(crate) shutdown: CancellationToken,
    /// Something was decided, or the clock was moved.
    pub(crate) wake: Notify,
    /// Held by whoever lets things happen.
    driving: tokio::sync::Mutex<()>,
    senders: Mutex<HashMap<String, Sender>>,
    under_way: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn new(world: World, shutdown: CancellationToken) -> Self {
        Self {
            clock: world.options.clock.clone(),
            world: Mutex::new(world),
            shutdown,
            wake: Notify::new(),
            driving: tokio::sync::Mutex::new(()),
            senders: Mutex::new(HashMap::new()),
            under_way: Arc::new(Semaphore::new(UNDER_WAY)),
        }
    }

    /// The state is plain data, right even after a panic elsewhere.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on until the shutdown.
    pub(crate) async fn run(self: Arc<Self>) {
        while !self.shutdown.is_cancelled() {
            {
                let _driving = self.driving.lock().await;
                self.catch_up(self.clock.millis()).await;
            }
            let next = self.world().agenda.next_at();
            let wait = next.and_then(|at| self.clock.wait(at));
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX).max(Duration::from_millis(1))) => {}
            }
        }
    }

    /// Moves the clock on by so many milliseconds; everything in between happens at its time, webhooks included.
    pub(crate) async fn advance(self: &Arc<Self>, millis: u64) {
        let _driving = self.driving.lock().await;
        let until = self.clock.millis() + millis;
        loop {
            let due = self.world().agenda.pop(until);
            let Some((at, happening)) = due else { break };
            self.clock.move_to(at);
            self.let_happen(happening, Pace::OneByOne).await;
        }
        self.clock.move_to(until);
        self.wake.notify_one();
    }

    async fn catch_up(self: &Arc<Self>, until: u64) {
        // A clock that stands still belongs to somebody who wants the same order each time.
        let pace = if self.clock.speed() == 0 { Pace::OneByOne } else { Pace::Together };
        while !self.shutdown.is_cancelled() {
            let due = self.world().agenda.pop(until);
            let Some((_, happening)) = due else { return };
            self.let_happen(happening, pace).await;
        }
    }

    async fn let_happen(self: &Arc<Self>, happening: Happening, pace: Pace) {
        let Happening::Deliver(webhook) = happening else {
            self.world().happen(happening);
            return;
        };
        match pace {
            Pace::OneByOne => self.deliver(*webhook).await,
            Pace::Together => {
                // The semaphore is never closed.
                let Ok(permit) = Arc::clone(&self.under_way).acquire_owned().await else { return };
                let shared = Arc::clone(self);
                tokio::spawn(async move {
                    shared.deliver(*webhook).await;
                    drop(permit);
                });
            }
        }
    }

    async fn deliver(self: &Arc<Self>, mut webhook: Webhook) {
        let Some(sender) = self.sender_of(&webhook) else {
            let mut world = self.world();
            world.outbox.waiting -= 1;
            world.outbox.unheard += 1;
            return;
        };
        let outcome = tokio::select! {
            () = self.shutdown.cancelled() => return,
            outcome = sender.once(&webhook.body, webhook.fault) => outcome,
        };
        tracing::info!(field = %webhook.field, fate = ?outcome.fate, attempt = webhook.attempts + 1, "webhook");
        webhook.attempts += 1;
        let mut world = self.world();
        if world.outbox.settle(&webhook, outcome) {
            world.outbox.waiting -= 1;
            return;
        }
        match webhook.tried_again(world.now()) {
            Some(at) => world.agenda.add(at, Happening::Deliver(Box::new(webhook))),
            None => {
                world.outbox.waiting -= 1;
                world.outbox.given_up += 1;
            }
        }
        drop(world);
        self.wake.notify_one();
    }

    /// To whom it goes: the number's callback before the account's, and that before the app's.
    fn sender_of(&self, webhook: &Webhook) -> Option<Sender> {
        let (config, overriding) = {
            let world = self.world();
            let line = world.lines.get(webhook.line);
            let account = line.and_then(|line| world.accounts.get(line.account));
            let own = line.and_then(|line| line.callback.clone());
            let overriding = own.or_else(|| account.and_then(|account| account.callback.clone()));
            (world.options.callback.clone(), overriding.filter(|_| webhook.is_overridable()))
        };
        let config = match overriding {
            Some(overriding) => overridden(config, &overriding),
            None => config?,
        };
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = senders.get(&config.callback_url) {
            return Some(sender.clone());
        }
        // Callbacks were checked when they were set.
        let sender = Sender::new(config.clone()).ok()?;
        senders.insert(config.callback_url, sender.clone());
        Some(sender)
    }

    /// Asks a new callback whether it knows its verify token.
    pub(crate) async fn is_answered(&self, callback: &Override) -> bool {
        let app = self.world().options.callback.clone();
        let Ok(sender) = Sender::new(overridden(app, callback)) else { return false };
        sender.handshake("1158201444").await.is_ok()
    }
}

/// Another callback belongs to the same app, so that its secret signs for it too.
fn overridden(app: Option<SenderConfig>, overriding: &Override) -> SenderConfig {
    let secret = app.map(|app| app.app_secret).unwrap_or_default();
    SenderConfig::new(&overriding.url, &secret, &overriding.verify_token)
}

/// How webhooks are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Each is answered before anything else happens.
    OneByOne,
    /// Beside everything else.
    Together,
}
