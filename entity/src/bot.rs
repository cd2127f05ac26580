//! A program that answers customers: an API key, with what it is told to do.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, BotId, MemberId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bots")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BotId,
    pub api_key_id: ApiKeyId,
    pub name: String,
    pub description: String,
    /// Whether it has what customers begin, before anybody else.
    pub answers_first: bool,
    /// Whose a conversation is that it hands to people and that is no team's.
    pub fallback_team_id: Option<TeamId>,
    /// After so long without an answer a conversation is taken from it.
    pub silent_minutes: i32,
    /// After so many messages of the customer a conversation is taken from it.
    pub most_messages: i32,
    /// JSON: what customers say who want a person.
    pub handover_words: String,
    pub created_by: Option<MemberId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Since when it is none any more. It stays for what it did.
    pub disconnected_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
