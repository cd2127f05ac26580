//! An emergency role that was taken on, with the reason and the grant that it made.

use sea_orm::entity::prelude::*;

use crate::id::{EmergencyActivationId, EmergencyEligibilityId, GrantId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "emergency_activations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EmergencyActivationId,
    pub eligibility_id: EmergencyEligibilityId,
    pub grant_id: GrantId,
    pub reason: String,
    pub activated_at: Timestamp,
    pub ends_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
