//! An access review that comes again every so many months.

use sea_orm::entity::prelude::*;

use crate::access_review::{ReviewPolicy, ReviewScope};
use crate::id::{AccessReviewScheduleId, ChannelId, MemberId, RoleId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_review_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessReviewScheduleId,
    pub name: String,
    pub scope: ReviewScope,
    pub role_id: Option<RoleId>,
    pub channel_id: Option<ChannelId>,
    pub policy: ReviewPolicy,
    pub every_months: i32,
    /// The local day of the first one, as `2026-03-31`.
    pub first_on: String,
    /// How long there is time to decide.
    pub days: i32,
    pub created_by: MemberId,
    pub created_at: Timestamp,
    pub ended_by: Option<MemberId>,
    pub ended_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
