//! Sends from one number: takes what may go out now, keeps many requests under way at once, and writes down what became of
//! them before it takes more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use portaria_domain::Result;
use portaria_domain::sending::number::{self, LEASE, Number, Takeover};
use portaria_domain::sending::pace::NumberPace;
use portaria_domain::sending::queue::{self, First, Head};
use portaria_domain::sending::{address, receipt as receipts};
use portaria_entity::id::MessageId;
use portaria_entity::{channel, channel_sending};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::attempt::{Desk, Ended, attempt};
use super::gate::Gate;
use super::settle::{settle, stop_without_token};
use super::{Office, POLL_INTERVAL, receipt};
use crate::cloud_api::AccessToken;

/// What goes out is taken together: a little is waited for more.
const TAKE_INTERVAL: Duration = Duration::from_millis(50);
/// So many in one transaction.
const BUNDLE: usize = 64;
/// So many receipts under way.
const RECEIPTS: usize = 16;

/// Whether there may be more to do at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// More can go out soon.
    Soon,
    /// Nothing can, for now.
    Later,
    /// Nothing waits at all.
    Nothing,
}

pub(super) struct Line {
    office: Arc<Office>,
    number: Number,
    wake: Arc<Notify>,
    pace: NumberPace,
    gate: Arc<Gate>,
    under_way: JoinSet<Ended>,
    receipts: JoinSet<()>,
    /// Ended, and not yet written down.
    ended: Vec<Ended>,
    renewed: Instant,
    is_lost: bool,
    /// This process is to end: what Meta has not been asked yet is put back.
    leaving: CancellationToken,
    /// The token that was seen last, if there was one: another is tried at once.
    token: Option<Option<Vec<u8>>>,
}

impl Line {
    pub(super) fn new(
        office: Arc<Office>,
        number: Number,
        wake: Arc<Notify>,
        leaving: CancellationToken,
    ) -> Self {
        Self {
            office,
            number,
            wake,
            pace: NumberPace::of_bundles(),
            gate: Arc::default(),
            under_way: JoinSet::new(),
            receipts: JoinSet::new(),
            ended: Vec::new(),
            renewed: Instant::now(),
            is_lost: false,
            leaving,
            token: None,
        }
    }

    /// Sends until this process is to end, until nothing is left to be sent, or until another process has the number.
    pub(super) async fn run(mut self) {
        let installation = &self.office.installation;
        match number::take(installation, self.number, &self.office.holder).await {
            Ok(Some(Takeover::Clean)) => {}
            Ok(Some(Takeover::Left)) => self.pace.rest(installation.clock.now()),
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "a number could not be taken to send from"),
        }
        self.renewed = Instant::now();
        let mut busy = Instant::now();
        while !self.leaving.is_cancelled() && !self.is_lost {
            self.collect().await;
            let next = self.send().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "messages could not be taken to be sent");
                Next::Later
            });
            if next != Next::Nothing || !self.under_way.is_empty() || !self.ended.is_empty() {
                busy = Instant::now();
            } else if busy.elapsed() >= self.office.options.idle {
                break;
            }
            self.wait(next).await;
        }
        self.finish().await;
    }

    /// Waits for what is under way, and gives the number up. What takes too long is left open.
    async fn finish(mut self) {
        let until = Instant::now() + self.office.options.patience;
        while !(self.under_way.is_empty() && self.ended.is_empty()) && Instant::now() < until {
            if let Ok(Some(ended)) = tokio::time::timeout_at(until, self.under_way.join_next()).await {
                self.note(ended);
            }
            self.collect().await;
            if !self.ended.is_empty() {
                sleep(POLL_INTERVAL).await;
            }
        }
        if !(self.under_way.is_empty() && self.ended.is_empty()) {
            tracing::warn!("what became of some messages will be told by their statuses");
            // Not released: whoever takes the number next knows that something was left.
            return;
        }
        let released = number::release(&self.office.installation, self.number, &self.office.holder).await;
        if let Err(error) = released {
            tracing::warn!(%error, "a number is kept until its lease ends");
        }
    }

    async fn wait(&mut self, next: Next) {
        let pause = if next == Next::Soon { TAKE_INTERVAL } else { POLL_INTERVAL };
        tokio::select! {
            () = self.leaving.cancelled() => {}
            () = self.wake.notified(), if next != Next::Soon => {}
            Some(ended) = self.under_way.join_next(), if next != Next::Soon => self.note(ended),
            () = sleep(pause) => {}
        }
    }

    fn note(&mut self, ended: std::result::Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(ended) => self.ended.push(ended),
            // Its row stays as it is until its lease ends: then a status is waited for.
            Err(error) => tracing::error!(%error, "sending a message ended by itself"),
        }
    }

    /// Writes down all that has ended. What cannot be written now is kept.
    async fn collect(&mut self) {
        while let Some(ended) = self.under_way.try_join_next() {
            self.note(ended);
        }
        while self.receipts.try_join_next().is_some() {}
        while !self.ended.is_empty() {
            let bundle = self.ended.len().min(BUNDLE);
            match settle(&self.office.installation, self.number, &self.ended[..bundle]).await {
                Ok(()) => {
                    self.ended.drain(..bundle);
                }
                Err(error) => {
                    tracing::warn!(%error, "what became of messages could not be written down");
                    if bundle == 1 || !self.settle_singly(bundle).await {
                        break;
                    }
                }
            }
        }
    }

    /// One by one, so that one that cannot be written down holds up no other. Whether there is any use in going on.
    async fn settle_singly(&mut self, count: usize) -> bool {
        for _ in 0..count {
            let installation = &self.office.installation;
            match settle(installation, self.number, &self.ended[..1]).await {
                Ok(()) => {
                    self.ended.remove(0);
                }
                Err(error) if error.is_unavailable() || matches!(error, portaria_domain::Error::Busy) => {
                    return false;
                }
                Err(error) => {
                    let ended = self.ended.remove(0);
                    let id = ended.row.message_id;
                    tracing::error!(%error, %id, "what became of a message will be told by its status");
                }
            }
        }
        true
    }

    /// Takes what may go out now and begins to send it.
    async fn send(&mut self) -> Result<Next> {
        self.keep().await?;
        if self.is_lost || !self.ended.is_empty() {
            return Ok(Next::Later);
        }
        let installation = self.office.installation.clone();
        let now = installation.clock.now();
        let is_empty = queue::is_empty(&installation, self.number.channel_id).await?;
        let receipts = self.take_receipts().await?;
        if is_empty && receipts.is_empty() {
            return Ok(Next::Nothing);
        }
        let Some((channel, sending)) = number::read(&installation, self.number).await? else {
            return Ok(Next::Nothing);
        };
        let desk = match AccessToken::of(&installation, &channel)? {
            Some(token) => Arc::new(Desk {
                token,
                channel: channel.clone(),
                per_second: sending.messages_per_second,
                gate: self.gate.clone(),
                leaving: self.leaving.clone(),
            }),
            None if is_empty => return Ok(Next::Later),
            None => {
                self.token = Some(None);
                stop_without_token(&installation, self.number).await?;
                return Ok(Next::Later);
            }
        };
        if sending.slowed_until.is_some_and(|until| until > now) {
            return Ok(Next::Later);
        }
        if sending.stopped_at.is_none() {
            self.show(receipts, &desk);
        }
        let room = self.room(&channel, &sending).await?;
        if room == 0 {
            return Ok(if sending.stopped_at.is_none() { Next::Soon } else { Next::Later });
        }
        let first = if sending.stopped_at.is_some() { First::LeastTried } else { First::Oldest };
        let begun = self.begin((first, room), &desk).await?;
        Ok(if begun == 0 { Next::Later } else { Next::Soon })
    }

    /// Keeps the number for this process.
    async fn keep(&mut self) -> Result<()> {
        if self.renewed.elapsed() < LEASE / 5 {
            return Ok(());
        }
        let installation = &self.office.installation;
        let which = (self.number, self.office.holder.as_str());
        self.is_lost = !number::renew(installation.database.writer(), installation, which).await?;
        self.renewed = Instant::now();
        Ok(())
    }

    async fn take_receipts(&mut self) -> Result<Vec<portaria_entity::outgoing_receipt::Model>> {
        if self.receipts.len() >= RECEIPTS {
            return Ok(Vec::new());
        }
        receipts::take(&self.office.installation, self.number.channel_id).await
    }

    fn show(&mut self, rows: Vec<portaria_entity::outgoing_receipt::Model>, desk: &Arc<Desk>) {
        for row in rows {
            self.receipts.spawn(receipt::show(self.office.clone(), desk.clone(), row));
        }
    }

    /// How many may begin now. From a number that is stopped: one, when it is time to try, or when it has another token.
    async fn room(&mut self, channel: &channel::Model, sending: &channel_sending::Model) -> Result<usize> {
        let now = self.office.installation.clock.now();
        let before = self.token.replace(channel.sealed_access_token.clone());
        let is_other = before.is_some_and(|before| before != channel.sealed_access_token);
        let free = self.office.options.at_once.saturating_sub(self.under_way.len());
        if sending.stopped_at.is_none() {
            let room = self.pace.room(now, sending.messages_per_second);
            return Ok(room.min(free).min(self.office.room.available_permits()));
        }
        let is_time = sending.next_probe_at.is_some_and(|at| at <= now);
        if !(is_time || is_other && sending.next_probe_at.is_some()) || !self.under_way.is_empty() {
            return Ok(0);
        }
        number::note_probe(&self.office.installation, self.number).await?;
        Ok(1)
    }

    /// Begins to send so many of what may go out now; answers how many that were.
    async fn begin(&mut self, wanted: (First, usize), desk: &Arc<Desk>) -> Result<usize> {
        let office = self.office.clone();
        let installation = &office.installation;
        let heads = queue::heads(installation, self.number.channel_id, wanted).await?;
        let later = queue::too_soon(installation, self.number.workspace_id, &heads).await?;
        queue::put_off(installation, self.number.workspace_id, &later).await?;
        let due = |head: &&Head| !later.contains_key(&head.message_id);
        let ids: Vec<MessageId> = heads.iter().filter(due).map(|head| head.message_id).collect();
        if ids.is_empty() {
            return Ok(later.len());
        }
        let which = (self.number, office.holder.as_str());
        let Some(taken) = queue::take(installation, which, &ids).await? else {
            self.is_lost = true;
            return Ok(0);
        };
        self.renewed = Instant::now();
        self.pace.note(installation.clock.now(), taken.len());
        let conversations: Vec<_> = taken.iter().map(|taken| taken.row.conversation_id).collect();
        let (reader, workspace) = (installation.database.reader(), self.number.workspace_id);
        // Where it cannot be read to whom, they are put back: nothing has been asked of Meta.
        let addresses = address::of_conversations(reader, workspace, &conversations).await;
        let count = taken.len();
        match addresses {
            Ok(addresses) => self.spawn(taken, &addresses, desk),
            Err(error) => self.give_back(taken, &error),
        }
        Ok(count)
    }

    fn spawn(
        &mut self,
        taken: Vec<queue::Taken>,
        addresses: &HashMap<portaria_entity::id::ConversationId, address::Address>,
        desk: &Arc<Desk>,
    ) {
        for taken in taken {
            let address = addresses.get(&taken.row.conversation_id).cloned();
            let (office, desk) = (self.office.clone(), desk.clone());
            self.under_way.spawn(async move {
                let room = office.room.clone();
                // There are as many as are let in; that it is closed does not happen.
                let _permit = room.acquire_owned().await;
                attempt(office, desk, taken, address).await
            });
        }
    }

    fn give_back(&mut self, taken: Vec<queue::Taken>, error: &portaria_domain::Error) {
        let why = error.to_string();
        self.ended.extend(taken.into_iter().map(|taken| Ended {
            row: taken.row,
            outcome: super::attempt::Outcome::Unsent(why.clone()),
            wa_id: None,
        }));
    }
}
