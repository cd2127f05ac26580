//! One thing that somebody holds, as it was when an access review began, and what became of it.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{AccessReviewId, AccessReviewItemId, ApiKeyId, GrantId, MemberId, TeamId, WorkspaceId};
use crate::time::Timestamp;

/// What it is that is held.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ItemKind {
    Grant,
    ApiKeyGrant,
    /// A place in a team, which opens its conversations.
    TeamMembership,
    /// What may be taken on in an emergency.
    EmergencyEligibility,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    Keep,
    Change,
    Revoke,
}

/// What came of it in the end.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Kept,
    Changed,
    Revoked,
    /// It had ended before the review was over.
    EndedMeanwhile,
    /// Another grant had taken its place, about which nobody decided; that stayed.
    Replaced,
    /// Nobody decided; it stayed.
    Unanswered,
    /// What was to be done was refused; it stayed.
    Refused,
    /// The review was called off; it stayed.
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_review_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: AccessReviewId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessReviewItemId,
    pub kind: ItemKind,
    /// Who holds it; none: a key does.
    pub member_id: Option<MemberId>,
    pub api_key_id: Option<ApiKeyId>,
    /// The grant or eligibility; none for a place in a team.
    pub title_id: Option<Uuid>,
    pub team_id: Option<TeamId>,
    /// Who is asked; none: nobody of the reviewers may be.
    pub reviewer_id: Option<MemberId>,
    /// JSON: what it was at the start.
    pub snapshot: String,
    pub decision: Option<Decision>,
    pub decision_reason: Option<String>,
    /// JSON: what it is to be changed to.
    pub amendment: Option<String>,
    pub decided_by: Option<MemberId>,
    pub decided_at: Option<Timestamp>,
    /// JSON: what was known when it was decided, or at the end.
    pub evidence: Option<String>,
    pub outcome: Option<Outcome>,
    pub outcome_at: Option<Timestamp>,
    /// Why what was to be done was refused.
    pub refusal: Option<String>,
    /// The grant that had taken its place, and that what was decided or came of it is about.
    pub successor_id: Option<GrantId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
