//! Whether a member is there, and whether they are taken for away because they are not.

use sea_orm::entity::prelude::*;

use crate::id::{MemberId, WorkspaceId};
use crate::member::Availability;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "presences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: MemberId,
    /// When their screen was last connected, to the half minute.
    pub seen_at: Option<Timestamp>,
    /// Since when they are offline.
    pub away_since_at: Option<Timestamp>,
    /// How available they were when they left without saying so: so they are again when they are back.
    pub left_as: Option<Availability>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
