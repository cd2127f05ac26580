//! One status WhatsApp reported of an outbound message, once.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, MessageStatusId, WebhookDeliveryId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_statuses")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageStatusId,
    pub channel_id: ChannelId,
    pub whatsapp_id: String,
    /// As Meta names it, known or not.
    pub status: String,
    /// In groups, whose status it is; else empty.
    pub participant: String,
    pub at: Timestamp,
    pub payload: String,
    pub created_at: Timestamp,
    /// The delivery that told of it first.
    pub delivery_id: Option<WebhookDeliveryId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
