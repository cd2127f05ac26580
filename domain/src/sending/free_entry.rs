//! Free entry points: who came from an advertisement and is answered within a day may be written to free of charge for three.

use std::time::Duration;

use portaria_entity::free_entry_point::{self, Column};
use portaria_entity::id::{ConversationId, MessageId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::gate::FREE_ENTRY;
use crate::database::{Database, padded};
use crate::error::Result;

/// Within this time the company has to answer.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A customer came from an advertisement with this message.
pub async fn open(
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    (message, conversation): (MessageId, ConversationId),
    at: Timestamp,
) -> Result<()> {
    let row = free_entry_point::ActiveModel {
        workspace_id: Set(workspace),
        message_id: Set(message),
        conversation_id: Set(conversation),
        referred_at: Set(at),
        answered_at: Set(None),
    };
    free_entry_point::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// The company wrote in these conversations then: who came from an advertisement within the day before has their answer.
pub async fn answer(
    transaction: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    conversations: &[(ConversationId, Timestamp)],
) -> Result<()> {
    if conversations.is_empty() {
        return Ok(());
    }
    let ids = padded(conversations.iter().map(|(id, _)| *id).collect());
    let open = free_entry_point::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ConversationId.is_in(ids))
        .filter(Column::AnsweredAt.is_null())
        .all(transaction)
        .await?;
    for point in open {
        let in_time = |at: &Timestamp| *at >= point.referred_at && *at <= point.referred_at + ANSWERED_WITHIN;
        let answers = conversations.iter().filter(|(id, _)| *id == point.conversation_id);
        if let Some(at) = answers.map(|(_, at)| *at).filter(in_time).min() {
            write_answer(transaction, database, (&point, at)).await?;
        }
    }
    Ok(())
}

/// Meta says that writing there is free until then, which it knows best.
pub async fn correct(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, conversation): (WorkspaceId, ConversationId),
    until: Timestamp,
) -> Result<()> {
    let newest = free_entry_point::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ConversationId.eq(conversation))
        .filter(Column::ReferredAt.lte(until - FREE_ENTRY + Duration::from_secs(1)))
        .order_by_desc(Column::ReferredAt)
        .one(transaction)
        .await?;
    match newest {
        Some(point) if point.answered_at != Some(until - FREE_ENTRY) => {
            write_answer(transaction, database, (&point, until - FREE_ENTRY)).await
        }
        Some(_) | None => Ok(()),
    }
}

async fn write_answer(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (point, at): (&free_entry_point::Model, Timestamp),
) -> Result<()> {
    let sql = "UPDATE free_entry_points SET answered_at = $3 WHERE workspace_id = $1 AND message_id = $2";
    let values = [point.workspace_id.0.into(), point.message_id.0.into(), at.0.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}
