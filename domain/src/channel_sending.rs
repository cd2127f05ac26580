//! How numbers send: with which token, how fast, and whether they are stopped.

use std::collections::HashMap;

use portaria_entity::alert::AlertKind;
use portaria_entity::channel_sending::{self, Column, StopReason};
use portaria_entity::id::{ChannelId, WorkspaceId};
use portaria_entity::{channel, outgoing_message};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect};
use serde_json::json;

use crate::alert;
use crate::database::literal;
use crate::error::{Error, Refusal, Result};
use crate::granting::Change;

/// So many messages a second Meta lets a number send, unless it says otherwise.
pub const USUAL_PACE: i32 = 80;
/// What can be set: coexistence numbers have 20, upgraded ones 1,000.
const PACES: std::ops::RangeInclusive<i32> = 1..=1_000;
/// Meta's tokens have a few hundred characters.
const LONGEST_TOKEN: usize = 2_000;

/// How a number sends.
#[derive(Clone, Debug)]
pub struct ChannelSending {
    pub row: channel_sending::Model,
    /// How many messages wait.
    pub waiting: u64,
}

/// How numbers send, each by its id. Of numbers that never sent anything, as they will.
pub async fn of_channels(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[ChannelId],
) -> Result<HashMap<ChannelId, ChannelSending>> {
    let rows = channel_sending::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ChannelId.is_in(ids.iter().copied()))
        .all(connection)
        .await?;
    let waiting: Vec<(ChannelId, i64)> = outgoing_message::Entity::find()
        .select_only()
        .column(outgoing_message::Column::ChannelId)
        .column_as(outgoing_message::Column::MessageId.count(), "waiting")
        .filter(outgoing_message::Column::ChannelId.is_in(ids.iter().copied()))
        .filter(ExprTrait::eq(
            Expr::col(outgoing_message::Column::State),
            literal(outgoing_message::SendState::Queued.to_value()),
        ))
        .group_by(outgoing_message::Column::ChannelId)
        .into_tuple()
        .all(connection)
        .await?;
    let waiting: HashMap<ChannelId, i64> = waiting.into_iter().collect();
    let mut known: HashMap<ChannelId, channel_sending::Model> =
        rows.into_iter().map(|row| (row.channel_id, row)).collect();
    let of = |id: &ChannelId| {
        let row = known.remove(id).unwrap_or_else(|| unused(workspace, *id));
        let waiting = waiting.get(id).copied().unwrap_or(0);
        (*id, ChannelSending { row, waiting: u64::try_from(waiting).unwrap_or(0) })
    };
    Ok(ids.iter().map(of).collect())
}

fn unused(workspace_id: WorkspaceId, channel_id: ChannelId) -> channel_sending::Model {
    channel_sending::Model {
        workspace_id,
        channel_id,
        holder: None,
        leased_until: None,
        messages_per_second: USUAL_PACE,
        slowed_until: None,
        stopped_at: None,
        stop_reason: None,
        stop_code: None,
        next_probe_at: None,
    }
}

async fn channel(change: &Change<'_>, id: ChannelId) -> Result<channel::Model> {
    let find = channel::Entity::find_by_id((change.workspace_id, id));
    find.one(&change.transaction).await?.ok_or(Error::NotFound)
}

/// The row of a number, made when it is the first time.
async fn make(change: &Change<'_>, id: ChannelId) -> Result<()> {
    let sql = "INSERT INTO channel_sending (workspace_id, channel_id, messages_per_second) VALUES ($1, $2, $3) \
               ON CONFLICT DO NOTHING";
    change.execute(sql, [id.0.into(), USUAL_PACE.into()]).await?;
    Ok(())
}

/// What a person stopped goes on at once; that Meta had stopped it before is no longer so, as far as anybody knows.
async fn settle_alert(change: &Change<'_>, id: ChannelId) -> Result<()> {
    let find = channel_sending::Entity::find_by_id((change.workspace_id, id));
    let row = find.one(&change.transaction).await?;
    if row.and_then(|row| row.stop_reason) != Some(StopReason::ByHand) {
        return Ok(());
    }
    let place = (&change.installation.database, &change.installation.clock);
    let which = (change.workspace_id, AlertKind::SendingStopped, &*id.to_string());
    alert::settle(&change.transaction, place, which).await?;
    Ok(())
}

/// Puts a token in the place of the one there was. What was stopped for want of a good one is tried at once.
pub async fn set_access_token(change: &mut Change<'_>, id: ChannelId, token: &str) -> Result<channel::Model> {
    let found = channel(change, id).await?;
    let token = token.trim();
    let fits = (20..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(|one| one.is_ascii_graphic());
    if !fits {
        return Err(Refusal::InvalidToken.into());
    }
    let sealed = change.installation.keys.seal(token.as_bytes(), id.0.as_bytes())?;
    let sql =
        "UPDATE channels SET sealed_access_token = $3, sealing_key = $4 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), sealed.bytes.clone().into(), sealed.key.clone().into()]).await?;
    let sql = "UPDATE channel_sending SET next_probe_at = $3 \
               WHERE workspace_id = $1 AND channel_id = $2 AND stopped_at IS NOT NULL AND stop_reason <> $4";
    let by_hand = StopReason::ByHand.to_value();
    change.execute(sql, [id.0.into(), change.now.0.into(), by_hand.into()]).await?;
    let had = found.sealed_access_token.is_some();
    change.record("channel.access_token_set", id, (Some(json!({ "had_one": had })), None)).await?;
    Ok(channel::Model { sealed_access_token: Some(sealed.bytes), sealing_key: Some(sealed.key), ..found })
}

/// What is to be changed of how a number sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendingChange {
    pub messages_per_second: Option<i32>,
    /// Stops it, or lets it try again, whatever stopped it.
    pub stopped: Option<bool>,
}

/// Changes how a number sends.
pub async fn update(change: &mut Change<'_>, id: ChannelId, wanted: SendingChange) -> Result<channel::Model> {
    let found = channel(change, id).await?;
    make(change, id).await?;
    if let Some(pace) = wanted.messages_per_second {
        if !PACES.contains(&pace) {
            return Err(Refusal::InvalidPace.into());
        }
        let sql =
            "UPDATE channel_sending SET messages_per_second = $3 WHERE workspace_id = $1 AND channel_id = $2";
        change.execute(sql, [id.0.into(), pace.into()]).await?;
    }
    match wanted.stopped {
        None => {}
        Some(true) => {
            let sql = "UPDATE channel_sending SET stopped_at = COALESCE(stopped_at, $3), stop_reason = $4, stop_code = NULL, \
                       next_probe_at = NULL WHERE workspace_id = $1 AND channel_id = $2";
            let by_hand = StopReason::ByHand.to_value();
            change.execute(sql, [id.0.into(), change.now.0.into(), by_hand.into()]).await?;
        }
        Some(false) => {
            settle_alert(change, id).await?;
            // What Meta stopped goes on stopped until one message has passed; what a person stopped goes on at once.
            let sql = "UPDATE channel_sending SET next_probe_at = $3, \
                       stopped_at = CASE WHEN stop_reason = $4 THEN NULL ELSE stopped_at END, \
                       stop_reason = CASE WHEN stop_reason = $4 THEN NULL ELSE stop_reason END \
                       WHERE workspace_id = $1 AND channel_id = $2 AND stopped_at IS NOT NULL";
            let by_hand = StopReason::ByHand.to_value();
            change.execute(sql, [id.0.into(), change.now.0.into(), by_hand.into()]).await?;
        }
    }
    let after = json!({ "messages_per_second": wanted.messages_per_second, "stopped": wanted.stopped });
    change.record("channel.sending_updated", id, (None, Some(after))).await?;
    Ok(found)
}
