//! What a group of the directory stands for: a place in a team, or a role in a scope. Closed with a time, never deleted.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, DirectoryGroupId, DirectoryMappingId, MemberId, RoleId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_mappings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DirectoryMappingId,
    pub group_id: DirectoryGroupId,
    /// Who is in the group is in this team.
    pub joins_team_id: Option<TeamId>,
    /// Who is in the group holds this role.
    pub role_id: Option<RoleId>,
    /// Scope of the role: this channel. Neither channel nor team: the workspace.
    pub channel_id: Option<ChannelId>,
    /// Scope of the role: this team's conversations.
    pub team_id: Option<TeamId>,
    pub created_by: MemberId,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
