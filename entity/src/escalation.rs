//! That a conversation was escalated: why, and by whom.

use sea_orm::entity::prelude::*;

use crate::id::{ConversationId, EpisodeId, EscalationId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "escalations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EscalationId,
    pub conversation_id: ConversationId,
    pub episode_id: Option<EpisodeId>,
    /// None: an API key did.
    pub member_id: Option<MemberId>,
    pub reason: String,
    pub escalated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
