//! A named set of permissions: one of the five built-in ones, or custom.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{RoleId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BuiltInRole {
    Administrator,
    Agent,
    Developer,
    Analyst,
    Support,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "roles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleId,
    /// Its permissions come from the catalogue and cannot be edited.
    pub built_in: Option<BuiltInRole>,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
    /// Its row stays for the grants that tell of it; its name is free again.
    pub deleted_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
