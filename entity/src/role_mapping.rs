//! A role that goes to everybody of whom an identity provider claims something. Closed with a time, never deleted.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, IdentityProviderId, MemberId, RoleId, RoleMappingId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_mappings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleMappingId,
    pub provider_id: IdentityProviderId,
    /// Name of the claim, or a path through objects, with dots.
    pub claim: String,
    /// What the claim must be, or have among its values.
    pub value: String,
    pub role_id: RoleId,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub configured_by: MemberId,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub closed_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
