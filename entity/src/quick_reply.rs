//! A text that was approved beforehand, as it is now.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, ChannelId, MemberId, QuickReplyId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quick_replies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: QuickReplyId,
    /// For the conversations of that number; neither this nor a team: for all.
    pub channel_id: Option<ChannelId>,
    /// For that team's conversations.
    pub team_id: Option<TeamId>,
    pub title: String,
    /// What it is called up by, without the slash.
    pub shortcut: Option<String>,
    pub folder: Option<String>,
    /// JSON: its texts by language, and what is asked for to fill them.
    pub content: String,
    pub version: i32,
    /// Orders lists: the title without capitals and accents.
    pub sort_key: String,
    /// Is searched in, the same way.
    pub search_text: String,
    /// The shortcut with where it holds, while it is in use: two of one place cannot have the same.
    pub taken_shortcut: Option<String>,
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
