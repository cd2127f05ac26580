//! When a team, or who answers a number, is there.

use sea_orm::entity::prelude::*;

use crate::id::{BusinessHoursId, ChannelId, TeamId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "business_hours")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BusinessHoursId,
    pub team_id: Option<TeamId>,
    pub channel_id: Option<ChannelId>,
    /// IANA name.
    pub time_zone: String,
    /// JSON: spans of the week.
    pub weekly: String,
    /// JSON: days that differ.
    pub exceptions: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
