//! Directory credential x role x scope: what a directory may give and take. Closed with a time, never deleted.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, DirectoryCredentialId, GrantId, MemberId, RoleId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_approvals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    pub credential_id: DirectoryCredentialId,
    pub role_id: RoleId,
    /// Scope: this channel. Neither channel nor team: the workspace.
    pub channel_id: Option<ChannelId>,
    /// Scope: this team's conversations.
    pub team_id: Option<TeamId>,
    pub approved_by: MemberId,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
