//! What becomes of messages that were sent, as rows: taken, refused, put back into line, or nobody knows. Each step is taken
//! only from where it can be taken, so that it does no harm to take it twice.

use portaria_entity::id::{ConversationId, MessageId, WorkspaceId};
use portaria_entity::outgoing_message::SendFailure;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use super::queue::places;
use crate::database::{Database, in_powers_of_two, padded};
use crate::error::Result;

/// What Meta says of a refusal is kept up to this length.
const LONGEST_DETAILS: usize = 500;

/// A message of ours and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
}

/// Why a message is not sent.
#[derive(Clone, Debug)]
pub struct Refused {
    pub failure: SendFailure,
    /// Meta's code, where Meta refused it.
    pub code: Option<i64>,
    pub details: Option<String>,
}

impl Refused {
    /// Refused by Portaria itself.
    pub fn here(failure: SendFailure) -> Self {
        Self { failure, code: None, details: None }
    }

    fn details(&self) -> Option<String> {
        let shorten = |text: &String| text.replace('\0', " ").chars().take(LONGEST_DETAILS).collect();
        self.details.as_ref().map(shorten)
    }
}

/// Meta has taken these, by these ids. That proves more than whatever was thought of them before: answers those of which it
/// is news.
pub async fn accept(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, now): (WorkspaceId, Timestamp),
    taken: &[(MessageId, String)],
) -> Result<Vec<Settled>> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let ids = padded(taken.iter().map(|(id, _)| *id).collect());
    let sql = format!(
        "UPDATE outgoing_messages SET state = 'accepted', settled_at = $2, leased_until = NULL, failure = NULL, \
         failure_code = NULL, failure_details = NULL WHERE workspace_id = $1 AND message_id IN ({}) \
         AND state <> 'accepted' RETURNING message_id, conversation_id",
        places(3, ids.len())
    );
    let given: [Value; 2] = [workspace.0.into(), now.0.into()];
    let values = given.into_iter().chain(ids.iter().map(|id| id.0.into()));
    let rows = transaction.query_all_raw(database.statement(&sql, values)).await?;
    let mut news = Vec::with_capacity(rows.len());
    for row in rows {
        news.push(Settled {
            message_id: row.try_get_by_index(0)?,
            conversation_id: row.try_get_by_index(1)?,
        });
    }
    let named: Vec<_> =
        taken.iter().filter(|(id, _)| news.iter().any(|settled| settled.message_id == *id)).collect();
    for named in in_powers_of_two(&named) {
        let mut values: Vec<Value> = vec![workspace.0.into()];
        let mut rows = Vec::with_capacity(named.len());
        for (id, whatsapp_id) in named {
            rows.push(format!("({})", places(values.len() + 1, 2)));
            values.extend([id.0.into(), whatsapp_id.as_str().into()]);
        }
        let sql = format!(
            "UPDATE messages SET whatsapp_id = n.column2, sending = 'accepted', \
             status = CASE WHEN sending = 'refused' THEN 'none' ELSE status END, \
             status_at = CASE WHEN sending = 'refused' THEN NULL ELSE status_at END \
             FROM (VALUES {}) AS n WHERE workspace_id = $1 AND id = n.column1",
            rows.join(", ")
        );
        transaction.execute_raw(database.statement(&sql, values)).await?;
    }
    Ok(news)
}

/// These are not sent, for this reason. Answers those of which it is news: what Meta has taken it has taken.
pub async fn refuse(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, now): (WorkspaceId, Timestamp),
    (id, refused): (MessageId, &Refused),
) -> Result<Option<Settled>> {
    let failure: &'static str = refused.failure.into();
    let sql = "UPDATE outgoing_messages SET state = 'refused', settled_at = $3, leased_until = NULL, failure = $4, \
               failure_code = $5, failure_details = $6 WHERE workspace_id = $1 AND message_id = $2 \
               AND state IN ('queued', 'sending', 'unclear', 'undecided') RETURNING conversation_id";
    let values = [
        workspace.0.into(),
        id.0.into(),
        now.0.into(),
        failure.into(),
        refused.code.into(),
        refused.details().into(),
    ];
    let Some(row) = transaction.query_one_raw(database.statement(sql, values)).await? else {
        return Ok(None);
    };
    let settled = Settled { message_id: id, conversation_id: row.try_get_by_index(0)? };
    let sql = "UPDATE messages SET sending = 'refused', status = 'failed', status_at = $3 \
               WHERE workspace_id = $1 AND id = $2";
    let values = [workspace.0.into(), id.0.into(), now.0.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    Ok(Some(settled))
}

/// Why a message that Meta had taken did not arrive. One of which nothing was known until now was refused.
pub async fn note_failure(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, id): (WorkspaceId, MessageId),
    refused: &Refused,
) -> Result<()> {
    let failure: &'static str = refused.failure.into();
    let sql = "UPDATE outgoing_messages SET failure = $3, failure_code = $4, failure_details = $5 \
               WHERE workspace_id = $1 AND message_id = $2";
    let values =
        [workspace.0.into(), id.0.into(), failure.into(), refused.code.into(), refused.details().into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}

/// What is known of a request that did not lead to a message.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    pub message_id: MessageId,
    /// Which of its attempts it was,
    pub number: i32,
    /// and when it was begun: what never came to Meta does not count, and the next has the same number.
    pub begun_at: Option<Timestamp>,
}

/// Whether an attempt that failed counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Meta was asked.
    Yes,
    /// It never came to Meta.
    No,
}

/// Puts a message back into line, to be sent then. Only whoever made the attempt can know that it did not come through.
pub async fn put_back(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, attempt, counted): (WorkspaceId, Attempt, Counted),
    then: Timestamp,
) -> Result<bool> {
    let attempts = match counted {
        Counted::Yes => attempt.number,
        Counted::No => attempt.number - 1,
    };
    let sql = "UPDATE outgoing_messages SET state = 'queued', next_attempt_at = $4, attempts = $5, begun_at = NULL, \
               leased_until = NULL WHERE workspace_id = $1 AND message_id = $2 AND attempts = $3 \
               AND begun_at = $6 AND state IN ('sending', 'unclear')";
    let values = [
        workspace.0.into(),
        attempt.message_id.0.into(),
        attempt.number.into(),
        then.0.into(),
        attempts.into(),
        attempt.begun_at.map(|at| at.0).into(),
    ];
    Ok(transaction.execute_raw(database.statement(sql, values)).await?.rows_affected() > 0)
}

/// Nobody knows whether it came through: a status will tell, and it is not sent again meanwhile.
pub async fn leave_open(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, id): (WorkspaceId, MessageId),
) -> Result<()> {
    let sql = "UPDATE outgoing_messages SET state = 'unclear', leased_until = NULL \
               WHERE workspace_id = $1 AND message_id = $2 AND state = 'sending'";
    let values = [workspace.0.into(), id.0.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}
