//! What Meta sent, as bytes, with its fate.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ChannelId, MetaAppId, WebhookDeliveryId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WebhookDeliveryStatus {
    Pending,
    Done,
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    pub meta_app_id: MetaAppId,
    pub received_at: Timestamp,
    pub body: Vec<u8>,
    pub status: WebhookDeliveryStatus,
    pub attempts: i32,
    /// When it may be claimed (again).
    pub next_attempt_at: Timestamp,
    /// A worker has it until then.
    pub leased_until: Option<Timestamp>,
    pub processed_at: Option<Timestamp>,
    /// Why the last attempt failed; never content.
    pub error: Option<String>,
    /// Messages, statuses and other changes it brought that were new.
    pub stored_count: i32,
    /// Those that had been there already.
    pub duplicate_count: i32,
    /// Those that name a number which is not this workspace's: kept here, never routed.
    pub foreign_count: i32,
    /// How many of the things it tells have been worked on, in their order; of as many as it was found to tell.
    pub progress: i32,
    pub item_count: Option<i32>,
    /// The number that all of it is about, if it is about one alone.
    pub channel_id: Option<ChannelId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
