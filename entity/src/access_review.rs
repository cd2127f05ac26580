//! A campaign in which reviewers decide about what people and keys hold. Closed, it is never changed.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{AccessReviewId, AccessReviewScheduleId, ChannelId, MemberId, RoleId, WorkspaceId};
use crate::time::Timestamp;

/// What a campaign asks about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReviewScope {
    Everybody,
    Role,
    Channel,
}

/// What no answer means.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReviewPolicy {
    /// It is taken away.
    Revoke,
    /// It stays, and administrators are told.
    Tell,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_reviews")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessReviewId,
    pub name: String,
    pub scope: ReviewScope,
    pub role_id: Option<RoleId>,
    pub channel_id: Option<ChannelId>,
    /// What role or channel was called at the start.
    pub scope_name: Option<String>,
    pub policy: ReviewPolicy,
    pub schedule_id: Option<AccessReviewScheduleId>,
    /// The local day that it was due on.
    pub scheduled_for: Option<String>,
    /// None: a schedule did.
    pub started_by: Option<MemberId>,
    pub started_at: Timestamp,
    pub ends_at: Timestamp,
    /// When the reminder that went out last was due.
    pub reminded_at: Option<Timestamp>,
    /// Since when nothing is decided any more.
    pub closing_at: Option<Timestamp>,
    /// Before its end; none: it had come to it.
    pub closed_by: Option<MemberId>,
    pub closed_at: Option<Timestamp>,
    /// SHA-256 of the document's content; the activity `access_review.closed` tells it, which the chain seals.
    pub digest: Option<Vec<u8>>,
    /// Why it was called off, by who closed it; none: it was not.
    pub cancellation_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
