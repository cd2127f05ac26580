//! All that was said between one contact and one channel, for ever.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{
    BotId, ChannelId, ContactId, ConversationId, EpisodeId, MemberId, MessageId, TeamId, WorkspaceId,
};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConversationStatus {
    Open,
    Snoozed,
    Resolved,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversationId,
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
    /// Team that is responsible for it.
    pub team_id: Option<TeamId>,
    pub status: ConversationStatus,
    pub assignee_id: Option<MemberId>,
    /// Which bot has it; then no member does, and it waits in no queue.
    pub bot_id: Option<BotId>,
    /// The stretch it is in, or was last in.
    pub episode_id: Option<EpisodeId>,
    pub last_message_id: Option<MessageId>,
    /// Orders the inbox; never goes back.
    pub last_activity_at: Timestamp,
    /// When the customer last wrote: opens the customer-service window.
    pub last_inbound_at: Option<Timestamp>,
    /// Since when the customer waits for an answer.
    pub waiting_since: Option<Timestamp>,
    /// Inbound messages since the assignee last read.
    pub unread_count: i32,
    /// Who had it last, or has it: the customer stays with them if they can.
    pub last_assignee_id: Option<MemberId>,
    /// Put off until then.
    pub snoozed_until: Option<Timestamp>,
    /// Since when it is for who receives escalations.
    pub escalated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Which it became part of when its contact was merged; then nobody sees it, and it has nothing.
    pub merged_into_id: Option<ConversationId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
