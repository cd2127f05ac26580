//! What falls due with time: files that Meta has no more, uploads that nobody sent, bytes that nobody refers to.

use std::time::Duration;

use portaria_entity::id::{MediaFileId, WorkspaceId};
use sea_orm::ConnectionTrait;

use super::erasing::{forget, queue_removal};
use super::wanted::tell;
use crate::error::Result;
use crate::installation::Installation;

const BATCH: i64 = 100;
/// A store that does not remove something is asked again after so long.
const REMOVAL_PAUSE: Duration = Duration::from_secs(5 * 60);
/// An upload that is not through by then has been left.
const RECEIVING: Duration = Duration::from_secs(60 * 60);

/// On SQLite one process serves: what is leased when it starts was left by one that was killed, and is due at once.
pub async fn release_what_was_left(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    if !database.is_sqlite() {
        return Ok(());
    }
    for sql in [
        "UPDATE media_files SET leased_until = NULL WHERE state IN ('wanted', 'scanning') AND leased_until IS NOT NULL",
        "UPDATE media_handles SET leased_until = NULL WHERE leased_until IS NOT NULL",
    ] {
        database.writer().execute_raw(database.statement(sql, [])).await?;
    }
    Ok(())
}

/// Does what is due, in small batches and by any number of processes.
pub async fn tidy(installation: &Installation) -> Result<()> {
    give_up(installation).await?;
    drop_unused(installation).await?;
    remove_bytes(installation).await
}

/// Files that could not be fetched while Meta had them. Why that was stays.
async fn give_up(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    let now = installation.clock.now();
    loop {
        let transaction = database.begin().await?;
        let sql = "UPDATE media_files SET state = 'lost', reason = COALESCE(reason, 'gone'), leased_until = NULL \
                   WHERE (workspace_id, id) IN (SELECT workspace_id, id FROM media_files WHERE state = 'wanted' AND expires_at <= $1 \
                   AND (leased_until IS NULL OR leased_until <= $1) LIMIT $2) AND state = 'wanted' RETURNING workspace_id, id, storage_key";
        let values = [now.0.into(), BATCH.into()];
        let rows = transaction.query_all_raw(database.statement(sql, values)).await?;
        for row in &rows {
            let (workspace, file) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            tell(installation, &transaction, workspace, file).await?;
            if let Some(key) = row.try_get_by_index::<Option<String>>(2)? {
                queue_removal(&transaction, installation, &key).await?;
            }
        }
        transaction.commit().await?;
        if rows.len() < BATCH.unsigned_abs() as usize {
            return Ok(());
        }
    }
}

/// Uploads that no message has, a day after they were handed in; and such as were never through.
async fn drop_unused(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    let now = installation.clock.now();
    loop {
        let transaction = database.begin().await?;
        let lock = if database.is_sqlite() { "" } else { "FOR UPDATE SKIP LOCKED" };
        let sql = format!(
            "SELECT workspace_id, id FROM media_files f WHERE origin = 'upload' \
             AND (expires_at <= $1 OR state = 'receiving' AND created_at <= $2) AND NOT EXISTS (SELECT 1 FROM message_files m \
             WHERE m.workspace_id = f.workspace_id AND m.media_file_id = f.id) LIMIT $3 {lock}"
        );
        let values = [now.0.into(), (now - RECEIVING).0.into(), BATCH.into()];
        let rows = transaction.query_all_raw(database.statement(&sql, values)).await?;
        for row in &rows {
            let which: (WorkspaceId, MediaFileId) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            forget(&transaction, installation, which).await?;
        }
        transaction.commit().await?;
        if rows.len() < BATCH.unsigned_abs() as usize {
            return Ok(());
        }
    }
}

async fn remove_bytes(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    let now = installation.clock.now();
    let sql = "SELECT storage_key FROM media_removals WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2";
    // Each comes up once: what cannot be removed is put off.
    loop {
        let values = [now.0.into(), BATCH.into()];
        let rows = database.reader().query_all_raw(database.statement(sql, values)).await?;
        for row in &rows {
            let key: String = row.try_get_by_index(0)?;
            let (after, values) = match installation.media.store.remove(&key).await {
                Ok(()) => ("DELETE FROM media_removals WHERE storage_key = $1", vec![key.into()]),
                Err(error) => {
                    tracing::warn!(%error, "a file could not be removed from the store; it is tried again");
                    let later = now + REMOVAL_PAUSE;
                    let sql = "UPDATE media_removals SET next_attempt_at = $2 WHERE storage_key = $1";
                    (sql, vec![key.into(), later.0.into()])
                }
            };
            database.writer().execute_raw(database.statement(after, values)).await?;
        }
        if rows.len() < BATCH.unsigned_abs() as usize {
            return Ok(());
        }
    }
}
