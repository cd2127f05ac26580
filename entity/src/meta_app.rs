//! A Meta app whose webhooks reach this workspace.

use sea_orm::entity::prelude::*;

use crate::id::{MetaAppId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meta_apps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MetaAppId,
    /// Last segment of the callback URL.
    pub key: String,
    pub name: String,
    /// SHA-256 of the verify token of the GET handshake.
    pub verify_token_hash: Vec<u8>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
