//! Who is in a group of the directory.

use sea_orm::entity::prelude::*;

use crate::id::{DirectoryGroupId, DirectoryUserId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_group_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: DirectoryGroupId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: DirectoryUserId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
