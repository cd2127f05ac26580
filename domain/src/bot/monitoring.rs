//! How bots get on with customers: figures over customers, never their text, and none where they would tell of few.

use std::collections::{BTreeMap, HashSet};

use jiff::tz::TimeZone;
use portaria_entity::bot_turn::{self, Column, TurnEnd};
use portaria_entity::id::{BotTurnId, ChannelId, ContactId};
use portaria_entity::time::Timestamp;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::BotRow;
use crate::access::Region;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::permission::Permission;
use crate::viewer::Viewer;
use crate::workspace;

/// Figures over fewer customers are not told: they would tell of each.
const FEWEST: usize = 5;
/// A period is at most so many days.
const LONGEST: i64 = 92 * 24 * 60 * 60 * 1_000_000;
/// So many turns are looked at.
const MOST_TURNS: i64 = 50_000;

/// What a bot did on one number on one day, by the workspace's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotDay {
    /// `2026-11-30`.
    pub day: String,
    pub channel_id: ChannelId,
    /// None: there were too few customers to tell.
    pub figures: Option<Figures>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// So often it was given a conversation.
    pub turns: i64,
    pub customers: i64,
    pub messages_in: i64,
    pub messages_out: i64,
    /// In the middle of those that it answered.
    pub median_seconds_to_answer: Option<i64>,
    /// Why it had them no longer, and how often.
    pub ends: Vec<(TurnEnd, i64)>,
}

const TURNS: &str = "
SELECT t.channel_id, t.started_at, t.end_cause, c.contact_id,
  (SELECT COUNT(*) FROM messages m WHERE m.workspace_id = t.workspace_id AND m.conversation_id = t.conversation_id
   AND m.direction = 'inbound' AND m.received_at >= t.started_at AND (t.ended_at IS NULL OR m.received_at < t.ended_at)),
  (SELECT COUNT(*) FROM messages m WHERE m.workspace_id = t.workspace_id AND m.conversation_id = t.conversation_id
   AND m.author_key_id = b.api_key_id AND m.received_at >= t.started_at AND (t.ended_at IS NULL OR m.received_at <= t.ended_at)),
  (SELECT MIN(m.sent_at) FROM messages m WHERE m.workspace_id = t.workspace_id AND m.conversation_id = t.conversation_id
   AND m.author_key_id = b.api_key_id AND m.received_at >= t.started_at AND (t.ended_at IS NULL OR m.received_at <= t.ended_at))
FROM bot_turns t
JOIN bots b ON b.workspace_id = t.workspace_id AND b.id = t.bot_id
JOIN conversations c ON c.workspace_id = t.workspace_id AND c.id = t.conversation_id
WHERE t.workspace_id = $1 AND t.bot_id = $2 AND t.started_at >= $3 AND t.started_at < $4
ORDER BY t.started_at LIMIT $5";

#[derive(Default)]
struct Gathered {
    figures: Figures,
    customers: HashSet<ContactId>,
    answered_after: Vec<i64>,
    ends: BTreeMap<&'static str, (TurnEnd, i64)>,
}

/// What a bot did from one time to another, on the numbers where the viewer may watch bots.
pub async fn days(
    connection: &impl ConnectionTrait,
    database: &Database,
    viewer: &Viewer,
    (bot, from, until): (&BotRow, Timestamp, Timestamp),
) -> Result<Vec<BotDay>> {
    if until <= from || until.0 - from.0 > LONGEST {
        return Err(Error::BadInput("a period ends after it begins, within 92 days".to_owned()));
    }
    let zone = workspace::find(connection, viewer.workspace_id).await?.time_zone;
    let zone = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
    let values =
        [viewer.workspace_id.0.into(), bot.row.id.0.into(), from.0.into(), until.0.into(), MOST_TURNS.into()];
    let mut days: BTreeMap<(String, ChannelId), Gathered> = BTreeMap::new();
    for row in connection.query_all_raw(database.statement(TURNS, values)).await? {
        let channel: ChannelId = row.try_get_by_index(0)?;
        if !viewer.access.in_channel(channel).contains(Permission::BotMonitor) {
            continue;
        }
        let started: Timestamp = row.try_get_by_index(1)?;
        let at = jiff::Timestamp::from_microsecond(started.0).map_err(Error::internal)?;
        let day = at.to_zoned(zone.clone()).date().to_string();
        let gathered = days.entry((day, channel)).or_default();
        gathered.figures.turns += 1;
        gathered.customers.insert(row.try_get_by_index(3)?);
        gathered.figures.messages_in += row.try_get_by_index::<i64>(4)?;
        gathered.figures.messages_out += row.try_get_by_index::<i64>(5)?;
        if let Some(answered) = row.try_get_by_index::<Option<Timestamp>>(6)? {
            gathered.answered_after.push((answered.0 - started.0).max(0) / 1_000_000);
        }
        if let Some(end) = row.try_get_by_index::<Option<String>>(2)? {
            let end = TurnEnd::try_from_value(&end)?;
            gathered.ends.entry(end.into()).or_insert((end, 0)).1 += 1;
        }
    }
    let told = |((day, channel_id), gathered): ((String, ChannelId), Gathered)| BotDay {
        day,
        channel_id,
        figures: (gathered.customers.len() >= FEWEST).then(|| gathered.finish()),
    };
    Ok(days.into_iter().map(told).collect())
}

impl Gathered {
    fn finish(mut self) -> Figures {
        self.answered_after.sort_unstable();
        let median = self.answered_after.get(self.answered_after.len() / 2).copied();
        let customers = i64::try_from(self.customers.len()).unwrap_or(i64::MAX);
        let ends = self.ends.into_values().collect();
        Figures { customers, median_seconds_to_answer: median, ends, ..self.figures }
    }
}

/// How many conversations a bot has now, on the numbers where the viewer may watch bots.
pub async fn held(
    connection: &impl ConnectionTrait,
    database: &Database,
    viewer: &Viewer,
    bot: &BotRow,
) -> Result<i64> {
    let sql = "SELECT channel_id, COUNT(*) FROM conversations \
               WHERE workspace_id = $1 AND bot_id = $2 AND status <> 'resolved' GROUP BY channel_id";
    let values = [viewer.workspace_id.0.into(), bot.row.id.0.into()];
    let mut held = 0;
    for row in connection.query_all_raw(database.statement(sql, values)).await? {
        if viewer.access.in_channel(row.try_get_by_index(0)?).contains(Permission::BotMonitor) {
            held += row.try_get_by_index::<i64>(1)?;
        }
    }
    Ok(held)
}

/// What a bot had lately, the latest first, on the numbers where the viewer may watch bots.
pub async fn turns(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    bot: &BotRow,
    (after, limit): (Option<BotTurnId>, u64),
) -> Result<Vec<bot_turn::Model>> {
    let mut find = bot_turn::Entity::find()
        .filter(Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(Column::BotId.eq(bot.row.id));
    if let Region::Parts { channels, .. } = viewer.access.region(Permission::BotMonitor) {
        find = find.filter(Column::ChannelId.is_in(channels));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    Ok(find.order_by_desc(Column::Id).limit(limit).all(connection).await?)
}
