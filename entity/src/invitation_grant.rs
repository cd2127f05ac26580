//! A role that an invitation promises. It is granted on acceptance, if its inviter still may.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, InvitationId, RoleId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitation_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub invitation_id: InvitationId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub role_id: RoleId,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    /// None: from acceptance on.
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
