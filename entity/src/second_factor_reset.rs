//! That somebody's second factor was taken away by a colleague, for them to set up another.

use sea_orm::entity::prelude::*;

use crate::id::{MemberId, SecondFactorResetId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factor_resets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SecondFactorResetId,
    pub member_id: MemberId,
    pub reset_by: Option<MemberId>,
    pub reset_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
