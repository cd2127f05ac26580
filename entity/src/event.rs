//! What happened: the outbox. Written in the transaction of the change, numbered after it by the relay.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{ApiKeyId, BotId, ConversationId, EventId, MemberId, MessageId, TeamId, WorkspaceId};
use crate::routing_decision::RoutingCause;
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
    ConversationAssigned,
    AccessChanged,
}

/// Why a conversation went from one to another.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AssignmentCause {
    NewEpisode,
    Drain,
    AccessLost,
    AssigneeAway,
    Escalated,
    /// Somebody took it from the queue.
    Claimed,
    /// It was given by who may assign it.
    Assigned,
    /// Who had it gave it to somebody else.
    Transferred,
    /// Who had it gave it back to the queue.
    Declined,
    /// It was put back into the queue by somebody else.
    Returned,
    /// It was handed over to another team.
    HandedOver,
    /// Its contact was merged with another, or that was undone.
    Merged,
    /// A bot was given it.
    HandedToBot,
    /// A bot handed it to people, or it was taken from one.
    FromBot,
}

impl From<RoutingCause> for AssignmentCause {
    fn from(cause: RoutingCause) -> Self {
        match cause {
            RoutingCause::NewEpisode => Self::NewEpisode,
            RoutingCause::Drain => Self::Drain,
            RoutingCause::AccessLost => Self::AccessLost,
            RoutingCause::AssigneeAway => Self::AssigneeAway,
            RoutingCause::Escalated => Self::Escalated,
            RoutingCause::Transferred => Self::HandedOver,
            RoutingCause::FromBot => Self::FromBot,
        }
    }
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
    pub was_bot_id: Option<BotId>,
    /// Of an assigned conversation: who has it, why, by which rule of routing, and who did it, if not the installation.
    pub assignee_id: Option<MemberId>,
    pub cause: Option<AssignmentCause>,
    pub choice: Option<String>,
    pub by_member_id: Option<MemberId>,
    pub by_api_key_id: Option<ApiKeyId>,
    pub at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
