//! Where a conversation stands, read from the messages that are in it now.

use portaria_entity::conversation::Model;
use portaria_entity::id::ConversationId;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use super::ledger::Work;
use crate::error::Result;

/// What calls for an answer: what a customer says to us, but for what needs none.
const CALLS: &str = "FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND direction = 'inbound' \
                     AND source = 'live' AND kind NOT IN ('reaction', 'edit', 'revoke', 'system', 'call')";

/// Since when messages are unread and somebody waits, in a conversation that is about to be parted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Unanswered {
    unread_since: Option<Timestamp>,
    waiting_since: Option<Timestamp>,
}

impl Work<'_> {
    async fn one<const N: usize>(
        &self,
        sql: &str,
        id: ConversationId,
        values: [Value; N],
    ) -> Result<Option<sea_orm::QueryResult>> {
        let key = [self.workspace_id.0.into(), id.0.into()];
        let statement = self.installation.database.statement(sql, key.into_iter().chain(values));
        Ok(self.transaction.query_one_raw(statement).await?)
    }

    /// What was said last, and when the customer wrote last. What has no messages stays as it was.
    pub async fn see_latest(&self, row: &mut Model) -> Result<()> {
        let sql = "SELECT id, sent_at FROM messages WHERE workspace_id = $1 AND conversation_id = $2 \
                   AND kind NOT IN ('edit', 'revoke', 'reaction') ORDER BY sent_at DESC, whatsapp_id DESC LIMIT 1";
        match self.one(sql, row.id, []).await? {
            Some(found) => {
                row.last_message_id = found.try_get_by_index(0)?;
                row.last_activity_at = found.try_get_by_index(1)?;
            }
            None => row.last_message_id = None,
        }
        let sql = "SELECT MAX(sent_at) FROM messages WHERE workspace_id = $1 AND conversation_id = $2 \
                   AND direction = 'inbound' AND source = 'live' AND kind <> 'system'";
        if let Some(found) = self.one(sql, row.id, []).await? {
            row.last_inbound_at = found.try_get_by_index(0)?;
        }
        Ok(())
    }

    /// Which of a conversation's messages nobody has read or answered: its latest.
    pub async fn unanswered(&self, row: &Model) -> Result<Unanswered> {
        let mut unread_since = None;
        if row.unread_count > 0 {
            let sql = format!("SELECT sent_at {CALLS} ORDER BY sent_at DESC LIMIT 1 OFFSET $3");
            let found = self.one(&sql, row.id, [i64::from(row.unread_count - 1).into()]).await?;
            unread_since = found.map(|row| row.try_get_by_index(0)).transpose()?;
        }
        Ok(Unanswered { unread_since, waiting_since: row.waiting_since })
    }

    /// Shares out what nobody has read or answered: to a conversation, what of it is in it now.
    pub async fn see_unanswered(&self, row: &mut Model, what: Unanswered) -> Result<()> {
        row.unread_count = 0;
        row.waiting_since = None;
        if let Some(since) = what.unread_since {
            let sql = format!("SELECT COUNT(*) {CALLS} AND sent_at >= $3");
            if let Some(found) = self.one(&sql, row.id, [since.0.into()]).await? {
                row.unread_count = i32::try_from(found.try_get_by_index::<i64>(0)?).unwrap_or(i32::MAX);
            }
        }
        if let Some(since) = what.waiting_since {
            let sql = format!("SELECT MIN(sent_at) {CALLS} AND sent_at >= $3");
            if let Some(found) = self.one(&sql, row.id, [since.0.into()]).await? {
                row.waiting_since = found.try_get_by_index(0)?;
            }
        }
        Ok(())
    }
}
