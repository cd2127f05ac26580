//! The queue of what Portaria sends: what may go out now, and taking it.

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::id::{ChannelId, ConversationId, MessageId, WorkspaceId};
use portaria_entity::message;
use portaria_entity::outgoing_message::{Column, Entity, Model};
use portaria_entity::time::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Value,
};

use super::number::{self, Number};
use super::pace;
use crate::database::{Database, padded};
use crate::error::Result;
use crate::installation::Installation;

/// How long whoever took a message may be silent about it, whatever happens.
pub const LEASE: Duration = Duration::from_secs(360);

/// The next message of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
}

/// A message that this process sends now.
#[derive(Clone, Debug)]
pub struct Taken {
    pub row: Model,
    pub message: message::Model,
}

/// The numbers from which there is something to send, or of which somebody's work was left, and that nobody else holds.
pub async fn waiting(installation: &Installation, holder: &str) -> Result<Vec<Number>> {
    let database = &installation.database;
    let sql = "SELECT c.workspace_id, c.id FROM channels c \
               LEFT JOIN channel_sending s ON s.workspace_id = c.workspace_id AND s.channel_id = c.id \
               WHERE (s.holder IS NULL OR s.holder = $1 OR s.leased_until <= $2) AND (\
                 EXISTS (SELECT 1 FROM outgoing_messages o WHERE o.channel_id = c.id AND o.state = 'queued') \
                 OR EXISTS (SELECT 1 FROM outgoing_messages o WHERE o.channel_id = c.id AND o.state = 'sending') \
                 OR EXISTS (SELECT 1 FROM outgoing_receipts r WHERE r.channel_id = c.id))";
    let values = [holder.into(), installation.clock.now().0.into()];
    let rows = database.reader().query_all_raw(database.statement(sql, values)).await?;
    let number = |row: &sea_orm::QueryResult| -> Result<Number> {
        Ok(Number { workspace_id: row.try_get_by_index(0)?, channel_id: row.try_get_by_index(1)? })
    };
    rows.iter().map(number).collect()
}

/// Which of what is due goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// What was written first.
    Oldest,
    /// What was not tried for longest: so that no one message alone decides whether a number is well again.
    LeastTried,
}

/// The first messages in line of the conversations of a number that are due. What was written later waits until these have
/// come to Meta, or are known not to. The workspace is left out: an index without it is the only one that serves, also where
/// the database knows nothing of how many rows there are.
pub async fn heads(
    installation: &Installation,
    channel: ChannelId,
    (first, limit): (First, usize),
) -> Result<Vec<Head>> {
    let database = &installation.database;
    let sql = format!(
        "SELECT o.message_id, o.conversation_id FROM outgoing_messages o \
         WHERE o.channel_id = $1 AND o.state = 'queued' AND o.next_attempt_at <= $2 AND NOT EXISTS (\
           SELECT 1 FROM outgoing_messages e WHERE e.conversation_id = o.conversation_id AND e.message_id < o.message_id \
           AND e.state IN ('queued', 'sending')) \
         ORDER BY {}o.message_id LIMIT {}",
        if first == First::LeastTried { "o.next_attempt_at, " } else { "" },
        limit.next_power_of_two()
    );
    let values = [channel.0.into(), installation.clock.now().0.into()];
    let rows = database.reader().query_all_raw(database.statement(&sql, values)).await?;
    let head = |row: &sea_orm::QueryResult| -> Result<Head> {
        Ok(Head { message_id: row.try_get_by_index(0)?, conversation_id: row.try_get_by_index(1)? })
    };
    rows.iter().take(limit).map(head).collect()
}

/// Whether anything of a number waits, due or not.
pub async fn is_empty(installation: &Installation, channel: ChannelId) -> Result<bool> {
    let database = &installation.database;
    let sql = "SELECT 1 AS one FROM outgoing_messages WHERE channel_id = $1 AND state = 'queued' LIMIT 1";
    let found = database.reader().query_one_raw(database.statement(sql, [channel.0.into()])).await?;
    Ok(found.is_none())
}

/// Which of these may not go out yet because their recipients were written to too often, and until when.
pub async fn too_soon(
    installation: &Installation,
    workspace: WorkspaceId,
    heads: &[Head],
) -> Result<HashMap<MessageId, Timestamp>> {
    if heads.is_empty() {
        return Ok(HashMap::new());
    }
    let now = installation.clock.now();
    let conversations = padded(heads.iter().map(|head| head.conversation_id).collect());
    let rows: Vec<(ConversationId, Timestamp)> = Entity::find()
        .select_only()
        .column(Column::ConversationId)
        .column(Column::BegunAt)
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ConversationId.is_in(conversations))
        .filter(Column::BegunAt.gt(now - pace::PAIR_MEMORY))
        .order_by_asc(Column::BegunAt)
        .into_tuple()
        .all(installation.database.reader())
        .await?;
    let mut begun: HashMap<ConversationId, Vec<Timestamp>> = HashMap::new();
    for (conversation, at) in rows {
        begun.entry(conversation).or_default().push(at);
    }
    let next = |head: &Head| {
        let at = pace::next_to_person(begun.get(&head.conversation_id)?, now);
        (at > now).then_some((head.message_id, at))
    };
    Ok(heads.iter().filter_map(next).collect())
}

/// Puts messages off that are still in line.
pub async fn put_off(
    installation: &Installation,
    workspace: WorkspaceId,
    until: &HashMap<MessageId, Timestamp>,
) -> Result<()> {
    if until.is_empty() {
        return Ok(());
    }
    let database = &installation.database;
    let transaction = database.begin().await?;
    let sql = "UPDATE outgoing_messages SET next_attempt_at = $3 \
               WHERE workspace_id = $1 AND message_id = $2 AND state = 'queued'";
    for (message, at) in until {
        let values = [workspace.0.into(), message.0.into(), at.0.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
    }
    Ok(transaction.commit().await?)
}

/// Takes these messages to be sent now, those that are still in line: nobody can call them back from here on. It is written
/// before any request is begun, so that whatever happens to this process, none is sent twice. None where the number is
/// another's by now.
pub async fn take(
    installation: &Installation,
    (number, holder): (Number, &str),
    ids: &[MessageId],
) -> Result<Option<Vec<Taken>>> {
    let database = &installation.database;
    let now = installation.clock.now();
    let transaction = database.begin().await?;
    if !number::renew(&transaction, installation, (number, holder)).await? {
        return Ok(None);
    }
    let ids = padded(ids.to_vec());
    let sql = format!(
        "UPDATE outgoing_messages SET state = 'sending', attempts = attempts + 1, begun_at = $2, leased_until = $3 \
         WHERE workspace_id = $1 AND message_id IN ({}) AND state = 'queued' AND next_attempt_at <= $2 RETURNING *",
        places(4, ids.len())
    );
    let given: [Value; 3] = [number.workspace_id.0.into(), now.0.into(), (now + LEASE).0.into()];
    let values = given.into_iter().chain(ids.iter().map(|id| id.0.into()));
    let mut rows = Model::find_by_statement(database.statement(&sql, values)).all(&transaction).await?;
    rows.sort_by_key(|row| row.message_id);
    let mut messages = messages(&transaction, number.workspace_id, &rows).await?;
    transaction.commit().await?;
    // Each has its message: the database would not have it otherwise.
    let taken = |row: Model| Some(Taken { message: messages.remove(&row.message_id)?, row });
    Ok(Some(rows.into_iter().filter_map(taken).collect()))
}

async fn messages(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    rows: &[Model],
) -> Result<HashMap<MessageId, message::Model>> {
    let found = message::Entity::find()
        .filter(message::Column::WorkspaceId.eq(workspace))
        .filter(message::Column::Id.is_in(padded(rows.iter().map(|row| row.message_id).collect())))
        .all(connection)
        .await?;
    Ok(found.into_iter().map(|message| (message.id, message)).collect())
}

/// How many messages wait in all, and since when the oldest has been due.
pub async fn depth(database: &Database) -> Result<(i64, Option<Timestamp>)> {
    let sql = "SELECT COUNT(*), MIN(next_attempt_at) FROM outgoing_messages WHERE state = 'queued'";
    match database.reader().query_one_raw(database.statement(sql, [])).await? {
        Some(row) => Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)),
        None => Ok((0, None)),
    }
}

/// `$4, $5, ...`: so many, beginning with this.
pub(super) fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
