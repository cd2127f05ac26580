//! One stretch of a conversation, from open to resolved.

use sea_orm::entity::prelude::*;

use crate::id::{ConversationId, EpisodeId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "episodes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EpisodeId,
    pub conversation_id: ConversationId,
    pub opened_at: Timestamp,
    /// When the customer wrote what opened it, by WhatsApp's clock.
    pub called_at: Option<Timestamp>,
    pub first_assigned_at: Option<Timestamp>,
    pub first_response_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub resolved_by: Option<MemberId>,
    /// Why nobody could be found for it last: verdicts, separated by commas.
    pub waiting_reason: Option<String>,
    pub first_response_due_at: Option<Timestamp>,
    pub resolution_due_at: Option<Timestamp>,
    /// From when on somebody should be told.
    pub first_response_risk_at: Option<Timestamp>,
    pub resolution_risk_at: Option<Timestamp>,
    /// Since when the time stands still.
    pub put_off_at: Option<Timestamp>,
    /// What the targets were then.
    pub put_off_targets: Option<String>,
    /// For how long it stood still before, of time in which somebody works there.
    pub put_off_micros: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
