//! That a bot had a conversation: since when and why, until when and why not any longer.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{BotId, BotTurnId, ChannelId, ConversationId, MemberId, WorkspaceId};
use crate::time::Timestamp;

/// Why a bot has a conversation no longer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TurnEnd {
    /// The bot itself handed it to people.
    HandedOver,
    /// Somebody took it from the bot.
    TakenOver,
    /// The customer asked for a person.
    Asked,
    /// The bot did not answer.
    Silent,
    /// The customer wrote more than the bot is to answer.
    TooLong,
    /// Its key has ended, it may not have the conversation any longer, or it was disconnected.
    AccessLost,
    /// The conversation was resolved.
    Resolved,
    /// Its contact was merged with another.
    Merged,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bot_turns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BotTurnId,
    pub bot_id: BotId,
    pub conversation_id: ConversationId,
    pub channel_id: ChannelId,
    pub started_at: Timestamp,
    /// None: it answered first.
    pub started_by: Option<MemberId>,
    pub reason: Option<String>,
    /// None: it has it.
    pub ended_at: Option<Timestamp>,
    /// None: the bot itself, or time.
    pub ended_by: Option<MemberId>,
    pub end_cause: Option<TurnEnd>,
    pub end_reason: Option<String>,
    /// What the bot says of the conversation, for whoever goes on.
    pub summary: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
