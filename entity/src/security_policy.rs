//! What a workspace demands of its people before they may do anything.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::WorkspaceId;
use crate::time::Timestamp;

/// Who must have a second factor.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SecondFactorDemand {
    Nobody,
    /// Who holds one of the policy's roles, in whatever scope.
    Roles,
    Everyone,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "security_policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    pub second_factor: SecondFactorDemand,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
