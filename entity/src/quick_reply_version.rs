//! A quick reply as it was in force at some time. Kept for ever.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, ChannelId, MemberId, QuickReplyId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quick_reply_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub quick_reply_id: QuickReplyId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub title: String,
    pub shortcut: Option<String>,
    pub folder: Option<String>,
    pub content: String,
    pub author_id: Option<MemberId>,
    pub author_key_id: Option<ApiKeyId>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
