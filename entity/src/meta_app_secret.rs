//! An app secret, sealed. Several may be valid at once while one replaces another.

use sea_orm::entity::prelude::*;

use crate::id::{MetaAppId, MetaAppSecretId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meta_app_secrets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MetaAppSecretId,
    pub meta_app_id: MetaAppId,
    pub sealed_secret: Vec<u8>,
    /// Which key sealed it.
    pub sealing_key: String,
    pub created_at: Timestamp,
    /// From then on signatures made with it are refused.
    pub expires_at: Option<Timestamp>,
    /// When a delivery was last verified with it, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
