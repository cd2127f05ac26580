//! A WhatsApp Business account, as Meta tells of it: each fact with the time it is of.

use sea_orm::entity::prelude::*;

use crate::id::{BusinessAccountId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "business_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BusinessAccountId,
    pub waba_id: String,
    /// `active`, `restricted`, `scheduled_for_disable`, `disabled`, `offboarded`, `deleted`.
    pub status: Option<String>,
    pub status_at: Option<Timestamp>,
    /// JSON list of `{kind, until}`.
    pub restrictions: Option<String>,
    pub restrictions_at: Option<Timestamp>,
    pub review: Option<String>,
    pub review_at: Option<Timestamp>,
    pub messaging_limit: Option<String>,
    pub messaging_limit_at: Option<Timestamp>,
    pub last_event: Option<String>,
    pub last_event_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
