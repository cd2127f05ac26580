//! API key x role x scope. Closed with a time, never deleted; ends with its key at the latest.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, ChannelId, GrantId, MemberId, RoleId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    pub api_key_id: ApiKeyId,
    pub role_id: RoleId,
    /// Scope: this channel. Neither channel nor team: the workspace.
    pub channel_id: Option<ChannelId>,
    /// Scope: this team's conversations.
    pub team_id: Option<TeamId>,
    pub granted_by: MemberId,
    pub created_at: Timestamp,
    /// Revoked then.
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
