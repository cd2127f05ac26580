//! Which messages were quick replies, and how those read then.

use std::collections::HashMap;

use portaria_entity::id::{MessageId, WorkspaceId};
use portaria_entity::message_quick_reply::{self as entity, Column};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::Filled;
use crate::database::padded;
use crate::error::Result;

/// Puts down that a message is a quick reply, in the transaction in which it is stored.
pub async fn remember(
    transaction: &impl ConnectionTrait,
    (workspace, message): (WorkspaceId, MessageId),
    filled: &Filled,
) -> Result<()> {
    let row = entity::ActiveModel {
        workspace_id: Set(workspace),
        message_id: Set(message),
        quick_reply_id: Set(filled.id),
        version: Set(filled.version),
    };
    entity::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Which of these messages were quick replies.
pub async fn of_messages(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, entity::Model>> {
    let find = entity::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::MessageId.is_in(padded(messages.to_vec())));
    Ok(find.all(connection).await?.into_iter().map(|row| (row.message_id, row)).collect())
}
