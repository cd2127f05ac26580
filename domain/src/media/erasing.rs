//! Lets files go: rows at once, with the change that wants it; bytes soon after, by who tidies up.

use portaria_entity::id::{MediaFileId, MessageId, WorkspaceId};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::error::Result;
use crate::installation::Installation;

/// Has the bytes by this name removed from the store.
pub(super) async fn queue_removal(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    key: &str,
) -> Result<()> {
    let sql =
        "INSERT INTO media_removals (storage_key, next_attempt_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let values = [key.into(), installation.clock.now().0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// The same for what an attempt at a file has left, unless the file goes by this very name.
pub(super) async fn queue_removal_of_attempt(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (workspace, file, key): (WorkspaceId, MediaFileId, &str),
) -> Result<()> {
    let sql = "SELECT 1 FROM media_files WHERE workspace_id = $1 AND id = $2 AND storage_key = $3";
    let values = [workspace.0.into(), file.0.into(), key.into()];
    match transaction.query_one_raw(installation.database.statement(sql, values)).await? {
        Some(_) => Ok(()),
        None => queue_removal(transaction, installation, key).await,
    }
}

/// Lets the files of messages go that are about to be removed themselves. A file that another message has too stays.
pub async fn forget_messages(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    workspace: WorkspaceId,
    messages: &[MessageId],
) -> Result<()> {
    let database = &installation.database;
    for message in messages {
        let key = [workspace.0.into(), message.0.into()];
        let sql =
            "DELETE FROM message_files WHERE workspace_id = $1 AND message_id = $2 RETURNING media_file_id";
        let Some(row) = transaction.query_one_raw(database.statement(sql, key)).await? else { continue };
        let file: MediaFileId = row.try_get_by_index(0)?;
        let sql = "SELECT 1 FROM message_files WHERE workspace_id = $1 AND media_file_id = $2 LIMIT 1";
        let values = [workspace.0.into(), file.0.into()];
        if transaction.query_one_raw(database.statement(sql, values)).await?.is_none() {
            forget(transaction, installation, (workspace, file)).await?;
        }
    }
    Ok(())
}

/// Removes a file that no message has.
pub(super) async fn forget(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (workspace, file): (WorkspaceId, MediaFileId),
) -> Result<()> {
    let database = &installation.database;
    let values = || [workspace.0.into(), file.0.into()];
    let sql = "DELETE FROM media_handles WHERE workspace_id = $1 AND media_file_id = $2";
    transaction.execute_raw(database.statement(sql, values())).await?;
    let sql = "DELETE FROM media_files WHERE workspace_id = $1 AND id = $2 RETURNING storage_key";
    let row = transaction.query_one_raw(database.statement(sql, values())).await?;
    match row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten() {
        Some(key) => queue_removal(transaction, installation, &key).await,
        None => Ok(()),
    }
}
