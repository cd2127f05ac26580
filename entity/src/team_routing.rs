//! How a team's conversations are routed, and what it means to achieve.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{TeamId, WorkspaceId};

/// Who of those who may have a conversation gets it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RoutingRule {
    /// Who has fewest open conversations.
    LeastLoaded,
    /// Who waited longest for the last one, however many they have.
    RoundRobin,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "team_routings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: TeamId,
    pub rule: RoutingRule,
    /// Whether customers stay with who had them before.
    pub sticky: bool,
    pub waiting_alert_minutes: Option<i32>,
    pub first_response_minutes: Option<i32>,
    pub resolution_minutes: Option<i32>,
    pub at_risk_percent: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
