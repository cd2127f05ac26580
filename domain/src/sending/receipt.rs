//! What a customer is shown of us: that their messages were read, and that somebody types. It is done as well as it goes: what
//! comes too late is worth nothing, and nobody is told when it fails.

use std::time::Duration;

use portaria_entity::id::{ChannelId, ConversationId, WorkspaceId};
use portaria_entity::outgoing_receipt::Model;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::error::Result;
use crate::installation::Installation;

/// That something was read is told up to this age.
const READ_FOR: Duration = Duration::from_secs(300);
/// That somebody types is shown up to this age.
const TYPING_FOR: Duration = Duration::from_secs(20);
/// So many at once.
const BATCH: u32 = 64;

/// What a customer is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct NewReceipt<'a> {
    pub workspace_id: WorkspaceId,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    /// Meta's id of the customer's message up to which all is read.
    pub whatsapp_id: &'a str,
    /// Somebody types an answer.
    pub typing: bool,
}

/// Shows it to the customer soon, in place of what was to be shown before. `installation.signals.queued()` after the commit
/// makes it sooner.
pub async fn queue(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    new: NewReceipt<'_>,
) -> Result<()> {
    let sql = "INSERT INTO outgoing_receipts (workspace_id, conversation_id, channel_id, whatsapp_id, typing, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, conversation_id) \
               DO UPDATE SET channel_id = $3, whatsapp_id = $4, typing = $5, created_at = $6";
    let values = [
        new.workspace_id.0.into(),
        new.conversation_id.0.into(),
        new.channel_id.0.into(),
        new.whatsapp_id.into(),
        new.typing.into(),
        installation.clock.now().0.into(),
    ];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Takes what is to be shown from a number, as far as it is still worth showing: each is taken once, whatever becomes of it.
pub async fn take(installation: &Installation, channel: ChannelId) -> Result<Vec<Model>> {
    let database = &installation.database;
    let look = "SELECT 1 AS one FROM outgoing_receipts WHERE channel_id = $1 LIMIT 1";
    let values = [channel.0.into()];
    if database.reader().query_one_raw(database.statement(look, values.clone())).await?.is_none() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "DELETE FROM outgoing_receipts WHERE channel_id = $1 AND (workspace_id, conversation_id) IN (\
         SELECT workspace_id, conversation_id FROM outgoing_receipts WHERE channel_id = $1 ORDER BY created_at LIMIT {BATCH}) \
         RETURNING *"
    );
    let now = installation.clock.now();
    let rows = Model::find_by_statement(database.statement(&sql, values)).all(database.writer()).await?;
    let worth = |row: Model| {
        let age = now.since(row.created_at);
        (age <= READ_FOR).then_some(Model { typing: row.typing && age <= TYPING_FOR, ..row })
    };
    Ok(rows.into_iter().filter_map(worth).collect())
}

/// Forgets what nobody could be shown in time, from numbers that do not send.
pub async fn forget_old(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    let before = installation.clock.now() - READ_FOR;
    let look = "SELECT 1 AS one FROM outgoing_receipts WHERE created_at < $1 LIMIT 1";
    if database.reader().query_one_raw(database.statement(look, [before.0.into()])).await?.is_some() {
        let sql = "DELETE FROM outgoing_receipts WHERE created_at < $1";
        database.writer().execute_raw(database.statement(sql, [before.0.into()])).await?;
    }
    Ok(())
}
