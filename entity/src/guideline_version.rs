//! A guideline as it was in force at some time. Kept for ever.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, ChannelId, GuidelineId, MemberId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guideline_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub guideline_id: GuidelineId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub language: Option<String>,
    pub title: String,
    pub body: String,
    /// It changed nothing that matters: who had read the one before need not read it.
    pub is_minor: bool,
    pub author_id: Option<MemberId>,
    pub author_key_id: Option<ApiKeyId>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
