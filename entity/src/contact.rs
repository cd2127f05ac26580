//! A customer.

use sea_orm::entity::prelude::*;

use crate::id::{ContactId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contacts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContactId,
    /// Profile name as WhatsApp last gave it.
    pub name: Option<String>,
    /// Guessed from what the customer writes, or set.
    pub language: Option<String>,
    pub email: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Who stayed when this was found to be the same person: never one that was itself merged.
    pub merged_into_id: Option<ContactId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
