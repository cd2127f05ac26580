//! How customers are to be answered, in writing, as it is now.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, ChannelId, GuidelineId, MemberId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guidelines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GuidelineId,
    /// For the conversations of that number; neither this nor a team: for all.
    pub channel_id: Option<ChannelId>,
    /// For that team's conversations.
    pub team_id: Option<TeamId>,
    /// For customers who write in that language; none: in any.
    pub language: Option<String>,
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Orders lists.
    pub position: i32,
    pub version: i32,
    /// The first version whose reading counts.
    pub counts_from: i32,
    pub created_by: Option<MemberId>,
    pub created_by_key: Option<ApiKeyId>,
    pub created_at: Timestamp,
    pub updated_by: Option<MemberId>,
    pub updated_by_key: Option<ApiKeyId>,
    pub updated_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
