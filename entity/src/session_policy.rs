//! How long sessions in a workspace may last. A workspace without a row has the defaults.

use sea_orm::entity::prelude::*;

use crate::id::WorkspaceId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session_policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// After so many minutes in which it was not used, a session ends.
    pub idle_minutes: i32,
    /// After so many minutes it ends whatever happens.
    pub lifetime_minutes: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
