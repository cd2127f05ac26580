//! Something that is sent to an endpoint.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{NotificationDeliveryId, NotificationEndpointId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotificationStatus {
    Queued,
    Delivered,
    Failed,
}

/// Why it did not come through.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotificationProblem {
    /// The answer took too long.
    TimedOut,
    /// No connection came to be.
    Unreachable,
    /// The name stands for an address that nothing is sent to.
    ForbiddenAddress,
    /// It points elsewhere, which is not followed.
    Redirected,
    /// It answered that it does not take it.
    Refused,
    /// It answered that it is no more.
    Gone,
    /// The endpoint was disabled, deleted or changed before it went out.
    Withdrawn,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationDeliveryId,
    pub endpoint_id: NotificationEndpointId,
    /// Whether somebody only tries out whether it arrives.
    pub is_test: bool,
    pub body: String,
    pub status: NotificationStatus,
    pub attempts: i32,
    pub next_attempt_at: Timestamp,
    pub leased_until: Option<Timestamp>,
    /// The HTTP status of the last answer.
    pub answered: Option<i32>,
    pub problem: Option<NotificationProblem>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
