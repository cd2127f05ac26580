//! A change Meta sent that is neither message nor status, or is not understood: kept whole.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, WebhookChangeId, WebhookDeliveryId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookChangeId,
    pub delivery_id: WebhookDeliveryId,
    pub channel_id: Option<ChannelId>,
    pub entry_id: String,
    pub field: String,
    /// SHA-256 of entry, time, field and value.
    pub dedup_key: Vec<u8>,
    pub payload: String,
    pub received_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
