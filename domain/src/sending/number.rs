//! How a number sends: one process at a time does it, as fast as it may, and not at all while it is stopped.

use std::time::Duration;

use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::channel;
use portaria_entity::channel_sending::{self, StopReason};
use portaria_entity::id::{ChannelId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};

use crate::alert::{Details, Raised, raise, settle};
use crate::channel_sending::USUAL_PACE;
use crate::error::Result;
use crate::installation::Installation;

/// How long a process that ended without a word keeps others from sending for it.
pub const LEASE: Duration = Duration::from_secs(5);
/// How often it is tried whether a number that was stopped can send again.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(300);

/// A number that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
}

/// How somebody took over a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// Nobody had left anything.
    Clean,
    /// Whoever had it ended without a word: what they had begun may have come to Meta or not.
    Left,
}

/// Takes a number for this process, unless another has it. What whoever had it before was sending is sent by nobody again.
pub async fn take(installation: &Installation, number: Number, holder: &str) -> Result<Option<Takeover>> {
    let database = &installation.database;
    let now = installation.clock.now();
    let key = [number.workspace_id.0.into(), number.channel_id.0.into()];
    let transaction = database.begin().await?;
    let make = "INSERT INTO channel_sending (workspace_id, channel_id, messages_per_second) VALUES ($1, $2, $3) \
                ON CONFLICT (workspace_id, channel_id) DO NOTHING";
    let values = key.clone().into_iter().chain([USUAL_PACE.into()]);
    transaction.execute_raw(database.statement(make, values)).await?;
    let find = channel_sending::Entity::find_by_id((number.workspace_id, number.channel_id));
    let Some(found) = find.lock_exclusive().one(&transaction).await? else { return Ok(None) };
    let others = found.holder.as_deref().is_some_and(|had| had != holder);
    if others && found.leased_until.is_some_and(|until| until > now) {
        return Ok(None);
    }
    let take = "UPDATE channel_sending SET holder = $3, leased_until = $4 WHERE workspace_id = $1 AND channel_id = $2";
    let values = key.into_iter().chain([holder.into(), (now + LEASE).0.into()]);
    transaction.execute_raw(database.statement(take, values)).await?;
    if found.holder.as_deref() != Some(holder) {
        let leave = "UPDATE outgoing_messages SET state = 'unclear', leased_until = NULL \
                     WHERE channel_id = $1 AND state = 'sending'";
        transaction.execute_raw(database.statement(leave, [number.channel_id.0.into()])).await?;
    }
    transaction.commit().await?;
    Ok(Some(if others { Takeover::Left } else { Takeover::Clean }))
}

/// Keeps a number that this process has. Whether it still had it.
pub async fn renew(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    (number, holder): (Number, &str),
) -> Result<bool> {
    let sql = "UPDATE channel_sending SET leased_until = $4 WHERE workspace_id = $1 AND channel_id = $2 AND holder = $3";
    let until = installation.clock.now() + LEASE;
    let values = [number.workspace_id.0.into(), number.channel_id.0.into(), holder.into(), until.0.into()];
    Ok(connection.execute_raw(installation.database.statement(sql, values)).await?.rows_affected() > 0)
}

/// Gives a number up, everything begun being settled.
pub async fn release(installation: &Installation, number: Number, holder: &str) -> Result<()> {
    let sql = "UPDATE channel_sending SET holder = NULL, leased_until = NULL \
               WHERE workspace_id = $1 AND channel_id = $2 AND holder = $3";
    let values = [number.workspace_id.0.into(), number.channel_id.0.into(), holder.into()];
    let database = &installation.database;
    database.writer().execute_raw(database.statement(sql, values)).await?;
    Ok(())
}

/// On SQLite one process serves: whoever had a number when it starts is gone.
pub async fn release_what_was_left(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    if database.is_sqlite() {
        let sql = "UPDATE channel_sending SET leased_until = 0 WHERE holder IS NOT NULL";
        database.writer().execute_raw(database.statement(sql, [])).await?;
    }
    Ok(())
}

/// A number as it is now, and how it sends.
pub async fn read(
    installation: &Installation,
    number: Number,
) -> Result<Option<(channel::Model, channel_sending::Model)>> {
    let key = (number.workspace_id, number.channel_id);
    let reader = installation.database.reader();
    let row = channel::Entity::find_by_id(key).one(reader).await?;
    let sending = channel_sending::Entity::find_by_id(key).one(reader).await?;
    Ok(row.zip(sending))
}

/// Nothing goes out from it until then, or longer if it was so already.
pub async fn slow_down(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    number: Number,
    until: Timestamp,
) -> Result<()> {
    let sql = "UPDATE channel_sending SET slowed_until = $3 WHERE workspace_id = $1 AND channel_id = $2 \
               AND (slowed_until IS NULL OR slowed_until < $3)";
    let values = [number.workspace_id.0.into(), number.channel_id.0.into(), until.0.into()];
    connection.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Why a number is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    pub reason: StopReason,
    /// Meta's code, where it gave one.
    pub code: Option<i64>,
}

/// Sends nothing from a number any more, but for a message now and then that tries whether it is well again; and tells who
/// can do something about it.
pub async fn stop(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    number: Number,
    Stop { reason, code }: Stop,
) -> Result<()> {
    let database = &installation.database;
    let now = installation.clock.now();
    let name: &'static str = reason.into();
    let sql = "UPDATE channel_sending SET stopped_at = $3, stop_reason = $4, stop_code = $5, next_probe_at = $6 \
               WHERE workspace_id = $1 AND channel_id = $2 AND stopped_at IS NULL";
    let values = [
        number.workspace_id.0.into(),
        number.channel_id.0.into(),
        now.0.into(),
        name.into(),
        code.into(),
        (now + PROBE_INTERVAL).0.into(),
    ];
    if connection.execute_raw(database.statement(sql, values)).await?.rows_affected() == 0 {
        return Ok(());
    }
    let row = channel::Entity::find_by_id((number.workspace_id, number.channel_id)).one(connection).await?;
    let told = [
        ("channel", row.map(|row| row.name).unwrap_or_default()),
        ("reason", name.to_owned()),
        ("code", code.map_or_else(|| "-".to_owned(), |code| code.to_string())),
    ];
    let raised = Raised {
        workspace_id: number.workspace_id,
        kind: AlertKind::SendingStopped,
        cause: number.channel_id.to_string(),
        severity: AlertSeverity::Critical,
        channel_id: Some(number.channel_id),
        details: told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Details>(),
    };
    raise(connection, (database, &installation.clock), raised).await
}

/// A message that was begun then came through: a number that was stopped before is well again.
pub async fn resume(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    number: Number,
    begun_at: Timestamp,
) -> Result<()> {
    let database = &installation.database;
    let sql = "UPDATE channel_sending SET stopped_at = NULL, stop_reason = NULL, stop_code = NULL, next_probe_at = NULL \
               WHERE workspace_id = $1 AND channel_id = $2 AND stopped_at < $3 AND stop_reason <> 'by_hand'";
    let values = [number.workspace_id.0.into(), number.channel_id.0.into(), begun_at.0.into()];
    if connection.execute_raw(database.statement(sql, values)).await?.rows_affected() > 0 {
        let which = (number.workspace_id, AlertKind::SendingStopped, &*number.channel_id.to_string());
        settle(connection, (database, &installation.clock), which).await?;
    }
    Ok(())
}

/// Notes that a stopped number is being tried, and when it is tried next.
pub async fn note_probe(installation: &Installation, number: Number) -> Result<()> {
    let sql = "UPDATE channel_sending SET next_probe_at = $3 WHERE workspace_id = $1 AND channel_id = $2 \
               AND stopped_at IS NOT NULL";
    let next = installation.clock.now() + PROBE_INTERVAL;
    let values = [number.workspace_id.0.into(), number.channel_id.0.into(), next.0.into()];
    let database = &installation.database;
    database.writer().execute_raw(database.statement(sql, values)).await?;
    Ok(())
}
