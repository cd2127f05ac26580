//! What Meta tells of phone numbers: quality, limits, names, and how far old chats have been taken over.

use std::collections::HashMap;

use portaria_entity::channel_fact;
use portaria_entity::id::{ChannelId, WorkspaceId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::error::Result;

/// Makes sure that there is a row for a number, for facts to be put into.
pub async fn know(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    channel: ChannelId,
) -> Result<()> {
    let row = channel_fact::ActiveModel {
        workspace_id: Set(workspace),
        channel_id: Set(channel),
        ..Default::default()
    };
    let once = [channel_fact::Column::WorkspaceId, channel_fact::Column::ChannelId];
    channel_fact::Entity::insert(row)
        .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// What is known of each number of the workspace.
pub async fn all(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<HashMap<ChannelId, channel_fact::Model>> {
    let find = channel_fact::Entity::find().filter(channel_fact::Column::WorkspaceId.eq(workspace));
    Ok(find.all(connection).await?.into_iter().map(|row| (row.channel_id, row)).collect())
}
