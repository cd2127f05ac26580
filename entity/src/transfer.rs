//! That a conversation went from one team to another, or became nobody's: by whom, and with what words.

use sea_orm::entity::prelude::*;

use crate::id::{ConversationId, EpisodeId, MemberId, TeamId, TransferId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TransferId,
    pub conversation_id: ConversationId,
    pub episode_id: Option<EpisodeId>,
    /// None: an API key did.
    pub member_id: Option<MemberId>,
    pub from_team_id: Option<TeamId>,
    pub to_team_id: Option<TeamId>,
    pub note: Option<String>,
    pub transferred_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
