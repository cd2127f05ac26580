//! What a customer is to be shown: that their message was read, or that somebody types.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, ConversationId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outgoing_receipts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// As it was when it was asked for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    /// The customer's message up to which all is read.
    pub whatsapp_id: String,
    /// Somebody types, too.
    pub typing: bool,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
