//! What Meta tells of a phone number: each fact with the time it is of.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_facts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
    /// The last that was said of its quality: `FLAGGED`, `UNFLAGGED`, ...
    pub quality: Option<String>,
    pub quality_at: Option<Timestamp>,
    pub throughput: Option<String>,
    pub throughput_at: Option<Timestamp>,
    pub messaging_limit: Option<String>,
    pub messaging_limit_at: Option<Timestamp>,
    pub verified_name: Option<String>,
    pub verified_name_at: Option<Timestamp>,
    pub name_decision: Option<String>,
    pub name_decision_at: Option<Timestamp>,
    pub username: Option<String>,
    pub username_at: Option<Timestamp>,
    pub username_status: Option<String>,
    pub username_status_at: Option<Timestamp>,
    /// How far old chats have been taken over: `phase/progress`, or `refused`.
    pub history: Option<String>,
    pub history_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
