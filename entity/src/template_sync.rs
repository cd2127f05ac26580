//! When the templates of an account are read from Meta next, and how it went last.

use sea_orm::entity::prelude::*;

use crate::id::WorkspaceId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "template_syncs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub waba_id: String,
    pub due_at: Timestamp,
    pub leased_until: Timestamp,
    pub began_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// How many Meta had.
    pub templates: Option<i32>,
    /// What was wrong, in words.
    pub error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
