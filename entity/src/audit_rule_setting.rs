//! Whether a rule of the auditor is on in a workspace; it is, where there is no row.

use sea_orm::entity::prelude::*;

use crate::finding::AuditRule;
use crate::id::{MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_rule_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule: AuditRule,
    pub is_enabled: bool,
    pub changed_at: Timestamp,
    pub changed_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
