//! When administrators of a workspace are told at once. A workspace without a row has the defaults.

use sea_orm::entity::prelude::*;

use crate::finding::Severity;
use crate::id::WorkspaceId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_policies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// Whether there are quiet hours at all.
    pub is_quiet: bool,
    /// Local minute of the day at which they begin.
    pub quiet_from: i32,
    /// Local minute of the day at which they end, perhaps of the next one.
    pub quiet_until: i32,
    /// What is as severe as this, and what is less, waits for their end.
    pub quiet_severity: Severity,
    /// So many notices within an hour, and as many of what is high, and of what is critical.
    pub notices_an_hour: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
