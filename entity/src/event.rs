//! What happened: the outbox. Written in the transaction of the change, numbered after it by the relay.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ConversationId, EventId, MemberId, MessageId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    MessageReceived,
    MessageUpdated,
    ConversationChanged,
    AccessChanged,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    /// Position in the one order that cursors, subscriptions and polls use.
    pub seq: Option<i64>,
    pub kind: EventKind,
    pub conversation_id: Option<ConversationId>,
    pub message_id: Option<MessageId>,
    /// Of a changed conversation: whether it was open, and whose it was, before. None for what is new.
    pub was_open: Option<bool>,
    pub was_team_id: Option<TeamId>,
    pub was_assignee_id: Option<MemberId>,
    pub at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
