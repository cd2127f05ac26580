//! A customer came from an advertisement: who is answered in time may be written to free of charge for a while.

use sea_orm::entity::prelude::*;

use crate::id::{ConversationId, MessageId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "free_entry_points")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// The message that tells of the advertisement.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: MessageId,
    pub conversation_id: ConversationId,
    pub referred_at: Timestamp,
    /// When the company first answered.
    pub answered_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
