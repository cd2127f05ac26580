//! What Meta calls a file that was handed to it, for a number: good for thirty days, and asked for once.

use std::time::Duration;

use portaria_entity::id::{ChannelId, MediaFileId, WorkspaceId};
use sea_orm::ConnectionTrait;

use crate::error::Result;
use crate::installation::Installation;

/// Meta keeps what it was handed for thirty days.
const KEPT: Duration = Duration::from_secs(29 * 24 * 60 * 60);

/// A file for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    pub workspace_id: WorkspaceId,
    pub file_id: MediaFileId,
    pub channel_id: ChannelId,
}

impl Handle {
    fn key(self) -> [sea_orm::Value; 3] {
        [self.workspace_id.0.into(), self.file_id.0.into(), self.channel_id.0.into()]
    }
}

/// Meta's id, if it has been asked for and is still good.
pub async fn known_handle(installation: &Installation, handle: Handle) -> Result<Option<String>> {
    let sql = "SELECT meta_id FROM media_handles WHERE workspace_id = $1 AND media_file_id = $2 AND channel_id = $3 \
               AND meta_id IS NOT NULL AND expires_at > $4";
    let values = handle.key().into_iter().chain([installation.clock.now().0.into()]);
    let row =
        installation.database.reader().query_one_raw(installation.database.statement(sql, values)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Takes it upon this caller to hand the file over, unless another is at it.
pub async fn take_handle(installation: &Installation, handle: Handle, lease: Duration) -> Result<bool> {
    let now = installation.clock.now();
    let sql = "INSERT INTO media_handles (workspace_id, media_file_id, channel_id, leased_until) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (workspace_id, media_file_id, channel_id) DO UPDATE SET leased_until = $4 \
               WHERE (media_handles.leased_until IS NULL OR media_handles.leased_until <= $5) \
               AND (media_handles.meta_id IS NULL OR media_handles.expires_at <= $5)";
    let values = handle.key().into_iter().chain([(now + lease).0.into(), now.0.into()]);
    let taken =
        installation.database.writer().execute_raw(installation.database.statement(sql, values)).await?;
    Ok(taken.rows_affected() == 1)
}

/// Keeps Meta's id.
pub async fn remember_handle(installation: &Installation, handle: Handle, meta_id: &str) -> Result<()> {
    let sql = "UPDATE media_handles SET meta_id = $4, expires_at = $5, leased_until = NULL \
               WHERE workspace_id = $1 AND media_file_id = $2 AND channel_id = $3";
    let until = installation.clock.now() + KEPT;
    let values = handle.key().into_iter().chain([meta_id.into(), until.0.into()]);
    installation.database.writer().execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Lets another try. Also forgets an id that Meta does not take any more.
pub async fn release_handle(installation: &Installation, handle: Handle) -> Result<()> {
    let sql = "UPDATE media_handles SET leased_until = NULL, meta_id = NULL \
               WHERE workspace_id = $1 AND media_file_id = $2 AND channel_id = $3";
    installation.database.writer().execute_raw(installation.database.statement(sql, handle.key())).await?;
    Ok(())
}
