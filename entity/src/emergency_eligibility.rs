//! Who may take on which role, where and for how long, in an emergency. Closed with a time, never deleted.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, EmergencyEligibilityId, MemberId, RoleId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "emergency_eligibilities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EmergencyEligibilityId,
    pub member_id: MemberId,
    pub role_id: RoleId,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    /// The longest that one activation may last.
    pub max_hours: i32,
    pub reason: String,
    pub granted_by: Option<MemberId>,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
