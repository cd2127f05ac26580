//! A group in which customers write. It is a contact of its own, so that its conversation is nobody's private one.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, ContactId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_groups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
    /// Meta's id. It contains the number of the business.
    pub group_id: String,
    pub subject: Option<String>,
    pub subject_at: Option<Timestamp>,
    /// `active`, `suspended` or `deleted`.
    pub status: Option<String>,
    pub status_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
