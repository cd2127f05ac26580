//! How a workspace routes.

use sea_orm::entity::prelude::*;

use crate::id::WorkspaceId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workspace_routings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    /// Who is not there for so long is offline. None: nobody is taken for away.
    pub absent_after_minutes: Option<i32>,
    /// Who is offline for so long gives back whom they owe an answer.
    pub give_back_after_minutes: i32,
    /// Of what is no team's.
    pub waiting_alert_minutes: Option<i32>,
    /// For so long a conversation waits for somebody with the skill it needs.
    pub skill_wait_minutes: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
