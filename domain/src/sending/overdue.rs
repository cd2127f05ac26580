//! What has been so for too long: messages of which no status told, that nobody finished, or that never got their turn.

use std::time::Duration;

use portaria_entity::event::EventKind;
use portaria_entity::id::{ConversationId, MessageId, WorkspaceId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};

use crate::error::Result;
use crate::event::{Happening, append_all};
use crate::installation::Installation;

/// So long a status is waited for before the author is told that nobody knows.
pub const UNDECIDED_AFTER: Duration = Duration::from_secs(600);
/// What could not be sent for so long is not sent any more.
pub const EXPIRES_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// So many in one transaction.
const BATCH: i64 = 200;

/// What was found overdue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// Messages whose fate stays unknown.
    pub undecided: u64,
    /// Messages that are not sent any more.
    pub expired: u64,
}

/// Looks after what has been so for too long, in every workspace.
pub async fn look_after(installation: &Installation) -> Result<Overdue> {
    let database = &installation.database;
    let now = installation.clock.now();
    // Whoever was sending them has been lost, and with them what became of it.
    let sql = "UPDATE outgoing_messages SET state = 'unclear', leased_until = NULL \
               WHERE state IN ('sending', 'unclear') AND state = 'sending' AND leased_until <= $1";
    database.writer().execute_raw(database.statement(sql, [now.0.into()])).await?;
    let undecided = step(
        installation,
        "state IN ('sending', 'unclear') AND state = 'unclear' AND begun_at <= $1",
        ("state = 'undecided'", "sending = 'undecided'"),
        [(now - UNDECIDED_AFTER).0.into(), now.0.into()],
    );
    let undecided = undecided.await?;
    let expired = step(
        installation,
        "state = 'queued' AND created_at <= $1",
        (
            "state = 'refused', failure = 'expired', settled_at = $2",
            "sending = 'refused', status = 'failed', status_at = $2",
        ),
        [(now - EXPIRES_AFTER).0.into(), now.0.into()],
    );
    Ok(Overdue { undecided, expired: expired.await? })
}

/// Changes all that are so, here and in their messages, and tells of it.
async fn step(
    installation: &Installation,
    which: &str,
    (outgoing, told): (&str, &str),
    values: [Value; 2],
) -> Result<u64> {
    let database = &installation.database;
    let look = format!("SELECT 1 AS one FROM outgoing_messages WHERE {which} LIMIT 1");
    let mut count = 0;
    loop {
        let [since, now] = values.clone();
        if database.reader().query_one_raw(database.statement(&look, [since.clone()])).await?.is_none() {
            return Ok(count);
        }
        let transaction = database.begin().await?;
        // `$2` is named so that both databases know its type also where it is not needed.
        let sql = format!(
            "UPDATE outgoing_messages SET {outgoing}, leased_until = NULL WHERE {which} AND $2 = $2 \
             AND (workspace_id, message_id) IN (SELECT workspace_id, message_id FROM outgoing_messages WHERE {which} \
             LIMIT {BATCH}) RETURNING workspace_id, message_id, conversation_id"
        );
        let rows = transaction.query_all_raw(database.statement(&sql, [since, now.clone()])).await?;
        let found = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        tell(installation, &transaction, &found, (told, now)).await?;
        transaction.commit().await?;
        installation.events.wake();
        count += u64::try_from(found.len()).unwrap_or(0);
        if found.is_empty() {
            return Ok(count);
        }
    }
}

type Found = (WorkspaceId, MessageId, ConversationId);

fn read(row: &QueryResult) -> Result<Found> {
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?))
}

async fn tell(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    found: &[Found],
    (told, now): (&str, Value),
) -> Result<()> {
    let database = &installation.database;
    let sql = format!("UPDATE messages SET {told} WHERE workspace_id = $1 AND id = $3 AND $2 = $2");
    let mut happenings = Vec::with_capacity(found.len());
    for (workspace_id, message, conversation) in found.iter().copied() {
        let values = [workspace_id.0.into(), now.clone(), message.0.into()];
        transaction.execute_raw(database.statement(&sql, values)).await?;
        happenings.push(Happening {
            workspace_id,
            kind: EventKind::MessageUpdated,
            conversation_id: Some(conversation),
            message_id: Some(message),
            before: None,
        });
    }
    append_all(transaction, &installation.clock, &happenings).await
}
