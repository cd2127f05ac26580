//! That one contact became part of another, because they are one person.

use sea_orm::entity::prelude::*;

use crate::id::{ContactId, ContactMergeId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_merges")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContactMergeId,
    /// Who stayed.
    pub into_id: ContactId,
    /// Who was merged.
    pub contact_id: ContactId,
    pub reason: Option<String>,
    /// None: an API key did.
    pub merged_by: Option<MemberId>,
    pub merged_at: Timestamp,
    pub undone_by: Option<MemberId>,
    pub undone_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
