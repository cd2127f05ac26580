//! Why a conversation went to whom it went, or to nobody.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ConversationId, EpisodeId, MemberId, RoutingDecisionId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RoutingCause {
    NewEpisode,
    Drain,
    AccessLost,
    /// Who had it was away for too long.
    AssigneeAway,
    Escalated,
    /// It was handed to another team.
    Transferred,
    /// A bot handed it to people, or it was taken from one.
    FromBot,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "routing_decisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoutingDecisionId,
    pub conversation_id: ConversationId,
    pub episode_id: EpisodeId,
    pub at: Timestamp,
    pub cause: RoutingCause,
    /// None: nobody could have it, and it waits.
    pub assignee_id: Option<MemberId>,
    /// Each member that was considered, with the verdict on them.
    pub candidates: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
