//! The outbox: events are written with the change they tell of, numbered after the commit by one relay,
//! and read by everybody in the order of those numbers.

mod assigned;
mod cursor;
mod sight;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use portaria_entity::event::{self, EventKind};
use portaria_entity::id::{
    BotId, ChannelId, ConversationId, EventId, MemberId, MessageId, TeamId, WorkspaceId,
};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait, QueryResult};
use tokio::sync::broadcast;

use crate::access::Placement;
use crate::clock::Clock;
use crate::database::{Database, in_powers_of_two};
use crate::error::{Error, Result};
use crate::signal::Signals;

pub use assigned::{Assigned, By, append_assigned};
pub use cursor::EventCursor;
pub use sight::Sight;
use sight::Sights;

/// How often other processes' events are looked for. A wake-up only makes it faster.
pub const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// How long a relay that stopped without saying so keeps others waiting.
const RELAY_LEASE: Duration = Duration::from_secs(2);
const BATCH: usize = 1_000;
/// So many are read at a time for who goes on from a cursor.
const PAGE: i64 = 200;
/// A subscriber that falls further behind is told that its cursor has expired.
const BUFFER: usize = 4_096;

/// What happened, before it has a number.
#[derive(Clone, Copy, Debug)]
pub struct Happening {
    pub workspace_id: WorkspaceId,
    pub kind: EventKind,
    pub conversation_id: Option<ConversationId>,
    pub message_id: Option<MessageId>,
    /// Of a changed conversation: what decided before who might see it. None for what is new.
    pub before: Option<Before>,
}

/// What decided who might see a conversation, before it changed. Its channel never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    pub open: bool,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<MemberId>,
    pub bot_id: Option<BotId>,
}

impl Before {
    /// The same as what decides who may see it.
    pub fn at(self, channel_id: ChannelId) -> Placement {
        let Self { open, team_id, assignee_id, bot_id } = self;
        Placement { channel_id, team_id, assignee_id, bot_id, open }
    }
}

impl From<Placement> for Before {
    fn from(placement: Placement) -> Self {
        let Placement { channel_id: _, team_id, assignee_id, bot_id, open } = placement;
        Self { open, team_id, assignee_id, bot_id }
    }
}

/// An event with its place in the one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub seq: i64,
    pub workspace_id: WorkspaceId,
    pub kind: EventKind,
    pub conversation_id: Option<ConversationId>,
    pub message_id: Option<MessageId>,
    pub before: Option<Before>,
    /// Of an assigned conversation, whom it went to and why.
    pub assigned: Option<Assigned>,
}

/// Writes an event in the transaction of its change.
pub async fn append(transaction: &impl ConnectionTrait, clock: &Clock, happening: Happening) -> Result<()> {
    append_all(transaction, clock, &[happening]).await
}

/// Writes events in their order, in the transaction of their changes.
pub async fn append_all(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    happenings: &[Happening],
) -> Result<()> {
    for happenings in in_powers_of_two(happenings) {
        let rows = happenings.iter().map(|happening| row(clock, happening));
        event::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn row(clock: &Clock, happening: &Happening) -> event::ActiveModel {
    event::ActiveModel {
        workspace_id: Set(happening.workspace_id),
        id: Set(clock.new_id::<EventId>()),
        seq: Set(None),
        kind: Set(happening.kind),
        conversation_id: Set(happening.conversation_id),
        message_id: Set(happening.message_id),
        was_open: Set(happening.before.map(|before| before.open)),
        was_team_id: Set(happening.before.and_then(|before| before.team_id)),
        was_assignee_id: Set(happening.before.and_then(|before| before.assignee_id)),
        was_bot_id: Set(happening.before.and_then(|before| before.bot_id)),
        at: Set(clock.now()),
        ..Default::default()
    }
}

/// This process's view of the outbox.
#[derive(Clone)]
pub struct EventFeed {
    database: Database,
    clock: Clock,
    holder: String,
    signals: Signals,
    poll: Duration,
    sender: broadcast::Sender<Published>,
    /// The number of the last event that was handed to subscribers; [`NOT_YET`] before the first look.
    published: Arc<AtomicI64>,
    sights: Arc<Sights>,
}

const NOT_YET: i64 = -1;

impl EventFeed {
    pub fn new(database: Database, clock: Clock, signals: Signals) -> Self {
        let holder = clock.new_id::<EventId>().to_string();
        Self {
            database,
            clock,
            holder,
            signals,
            poll: POLL_INTERVAL,
            sender: broadcast::Sender::new(BUFFER),
            published: Arc::new(AtomicI64::new(NOT_YET)),
            sights: Arc::default(),
        }
    }

    /// The same, but it looks for other processes' events so often.
    #[must_use]
    pub fn polling_every(self, poll: Duration) -> Self {
        Self { poll, ..self }
    }

    /// Says that events have been committed, so that nobody need wait for the next poll, here or in another process.
    pub fn wake(&self) {
        self.signals.committed();
    }

    /// All events published from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Published> {
        self.sender.subscribe()
    }

    /// The number of the last event that this process has seen; none before its first look.
    pub fn seen(&self) -> Option<i64> {
        let seen = self.published.load(Ordering::Acquire);
        (seen != NOT_YET).then_some(seen)
    }

    /// The first events of a workspace with numbers above `after`, up to `until`.
    pub async fn between(
        &self,
        workspace: WorkspaceId,
        (after, until): (i64, i64),
    ) -> Result<Vec<Published>> {
        let sql =
            format!("{EVENTS} WHERE workspace_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4");
        let values = [workspace.0.into(), after.into(), until.into(), PAGE.into()];
        let rows = self.database.reader().query_all_raw(self.database.statement(&sql, values)).await?;
        rows.iter().map(Published::read).collect()
    }

    /// What an event is about, read once in this process.
    pub async fn sight(&self, published: &Published) -> Result<Sight> {
        self.sights.of(&self.database, published).await
    }

    /// Whether every event after this number is there still.
    pub async fn reaches_back_to(&self, seq: i64) -> Result<bool> {
        let sql =
            "SELECT last_seq, (SELECT MIN(seq) FROM events WHERE seq IS NOT NULL) FROM relays WHERE id = 1";
        let row = self.database.reader().query_one_raw(self.database.statement(sql, [])).await?;
        let row = row.ok_or_else(|| Error::internal("the outbox has no relay row"))?;
        let last: i64 = row.try_get_by_index(0)?;
        let oldest: Option<i64> = row.try_get_by_index(1)?;
        Ok(seq <= last && seq + 1 >= oldest.unwrap_or(last + 1))
    }

    /// The number of the latest event.
    pub async fn last_seq(&self) -> Result<i64> {
        let statement = self.database.statement("SELECT last_seq FROM relays WHERE id = 1", []);
        match self.database.reader().query_one_raw(statement).await? {
            Some(row) => Ok(row.try_get_by_index(0)?),
            None => Err(Error::internal("the outbox has no relay row")),
        }
    }

    /// Numbers events and publishes those of every process, until `shutdown`.
    pub async fn run(&self, shutdown: tokio_util::sync::CancellationToken) {
        let mut last = None;
        while !shutdown.is_cancelled() {
            match self.step(&mut last).await {
                Ok(count) if count == BATCH => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be read");
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.signals.commits() => {}
                () = tokio::time::sleep(self.poll) => {}
            }
        }
    }

    /// One pass: numbers what is committed and publishes what is new since `last`.
    pub async fn step(&self, last: &mut Option<i64>) -> Result<usize> {
        let from = match *last {
            Some(seq) => seq,
            None => *last.insert(self.last_seq().await?),
        };
        // Events of another process that were published since its look are found below.
        let _ = self.published.compare_exchange(NOT_YET, from, Ordering::AcqRel, Ordering::Acquire);
        if self.number().await? > 0 {
            // Who was woken by the commit may have come too early to see the numbers.
            self.signals.numbered();
        }
        let events = self.read_after(from, BATCH).await?;
        for published in &events {
            // No receiver is no error: nobody happens to be subscribed.
            let _ = self.sender.send(*published);
            *last = Some(published.seq);
            self.published.store(published.seq, Ordering::Release);
        }
        Ok(events.len())
    }

    /// Gives the next numbers to committed events, unless another process holds the lease.
    async fn number(&self) -> Result<u64> {
        let pending = self.database.statement("SELECT 1 FROM events WHERE seq IS NULL LIMIT 1", []);
        if self.database.reader().query_one_raw(pending).await?.is_none() {
            return Ok(0);
        }
        let now = self.clock.now();
        let transaction = self.database.begin().await?;
        let lease = self.database.statement(
            "UPDATE relays SET holder = $1, leased_until = $2 WHERE id = 1 AND (holder = $1 OR leased_until < $3)",
            [self.holder.clone().into(), (now + RELAY_LEASE).0.into(), now.0.into()],
        );
        if transaction.execute_raw(lease).await?.rows_affected() == 0 {
            return Ok(0);
        }
        let number = self.database.statement(
            "UPDATE events SET seq = numbered.seq FROM (
                 SELECT workspace_id, id, (SELECT last_seq FROM relays WHERE id = 1) + ROW_NUMBER() OVER (ORDER BY id) AS seq
                 FROM events WHERE seq IS NULL ORDER BY id LIMIT $1
             ) AS numbered
             WHERE events.workspace_id = numbered.workspace_id AND events.id = numbered.id",
            [i64::try_from(BATCH).unwrap_or(i64::MAX).into()],
        );
        let numbered = transaction.execute_raw(number).await?.rows_affected();
        let advance = self.database.statement(
            "UPDATE relays SET last_seq = last_seq + $1 WHERE id = 1",
            [i64::try_from(numbered).map_err(Error::internal)?.into()],
        );
        transaction.execute_raw(advance).await?;
        transaction.commit().await?;
        Ok(numbered)
    }

    async fn read_after(&self, seq: i64, limit: usize) -> Result<Vec<Published>> {
        let sql = format!("{EVENTS} WHERE seq > $1 ORDER BY seq LIMIT $2");
        let values = [seq.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
        let rows = self.database.reader().query_all_raw(self.database.statement(&sql, values)).await?;
        rows.iter().map(Published::read).collect()
    }
}

const EVENTS: &str = "
SELECT seq, workspace_id, kind, conversation_id, message_id, was_open, was_team_id, was_assignee_id,
       assignee_id, cause, choice, by_member_id, by_api_key_id, \"at\", was_bot_id FROM events";

impl Published {
    fn read(row: &QueryResult) -> Result<Self> {
        let before = match row.try_get_by_index(5)? {
            Some(open) => Some(Before {
                open,
                team_id: row.try_get_by_index(6)?,
                assignee_id: row.try_get_by_index(7)?,
                bot_id: row.try_get_by_index(14)?,
            }),
            None => None,
        };
        Ok(Self {
            seq: row.try_get_by_index(0)?,
            workspace_id: row.try_get_by_index(1)?,
            kind: EventKind::try_from_value(&row.try_get_by_index(2)?)?,
            conversation_id: row.try_get_by_index(3)?,
            message_id: row.try_get_by_index(4)?,
            before,
            assigned: Assigned::read(row, 8)?,
        })
    }
}
