//! What came of a kind that Portaria does not know: how often, and when. The content itself is among the changes.

use sea_orm::entity::prelude::*;

use crate::id::WorkspaceId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "unknown_contents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub field: String,
    /// The type, status or event within the field; empty where the field itself is not known.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    pub occurrences: i64,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
