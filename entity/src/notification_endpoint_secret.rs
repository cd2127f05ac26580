//! A sealed secret of an endpoint: its address, or with what is signed.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{NotificationEndpointId, NotificationEndpointSecretId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SecretPurpose {
    Address,
    Signing,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_endpoint_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationEndpointSecretId,
    pub endpoint_id: NotificationEndpointId,
    pub purpose: SecretPurpose,
    pub sealed_secret: Vec<u8>,
    pub sealing_key: String,
    pub created_at: Timestamp,
    /// Of one that was replaced: until when it still signs.
    pub ends_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
