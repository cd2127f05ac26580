//! A group of the directory. What it stands for, if anything, its mappings say.

use sea_orm::entity::prelude::*;

use crate::id::{DirectoryGroupId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_groups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DirectoryGroupId,
    pub name: String,
    /// In lower case: one in a workspace.
    pub name_key: String,
    pub external_id: Option<String>,
    /// Mapped by its name before the directory sent it.
    pub awaited: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Its row stays for the mappings that tell of it.
    pub deleted_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
