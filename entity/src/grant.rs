//! Member x role x scope x time. Closed with a time, never deleted.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, GrantId, MemberId, RoleId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    pub member_id: MemberId,
    pub role_id: RoleId,
    /// Scope: this channel. Neither channel nor team: the workspace.
    pub channel_id: Option<ChannelId>,
    /// Scope: this team's conversations.
    pub team_id: Option<TeamId>,
    pub valid_from: Timestamp,
    /// Ends by itself then.
    pub valid_until: Option<Timestamp>,
    pub reason: String,
    /// None: the installation itself (bootstrap, command line).
    pub granted_by: Option<MemberId>,
    pub created_at: Timestamp,
    /// Revoked then.
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<MemberId>,
    /// Since when the role has been held there without a break. None: since this grant began.
    pub held_since: Option<Timestamp>,
    /// The grant as which what this one gave goes on.
    pub successor_id: Option<GrantId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
