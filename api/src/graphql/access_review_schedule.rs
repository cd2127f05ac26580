//! Access reviews that come again.

use async_graphql::{Context, Enum, ID};
use portaria_domain::access_review::{Recurrence, next_on, schedule_reviewers_of};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace;
use portaria_entity::access_review_schedule::Model;
use portaria_guard::guarded;

use super::access_review::{AccessReviewPolicy, AccessReviewScope, member, members};
use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// How often a review comes again.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Recurrence")]
pub enum AccessReviewRecurrence {
    /// Each month.
    Monthly,
    /// Every three months.
    Quarterly,
    /// Every six months.
    HalfYearly,
    /// Each year.
    Yearly,
}

pub struct AccessReviewSchedule(pub Model);

impl From<Model> for AccessReviewSchedule {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

impl Subject for AccessReviewSchedule {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// An access review that comes again by itself, at the hour of the workspace's audit. It is the workspace's, and goes on
/// when who set it up leaves.
#[guarded]
impl AccessReviewSchedule {
    /// Starts with `revsched_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What its reviews are called.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// What they ask about.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope(&self) -> AccessReviewScope {
        self.0.scope.into()
    }

    /// Id of the role or phone number that they ask about; null: about everybody.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn scope_id(&self) -> Option<ID> {
        self.0.role_id.map(ID::from).or(self.0.channel_id.map(ID::from))
    }

    /// What it means that nobody answers.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn policy(&self) -> AccessReviewPolicy {
        self.0.policy.into()
    }

    /// How often.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn recurrence(&self) -> AccessReviewRecurrence {
        Recurrence::of_months(self.0.every_months).into()
    }

    /// How many days there are to decide.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn days(&self) -> i32 {
        self.0.days
    }

    /// When the next one begins; null once there is none.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn next_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let request = Request::of(ctx);
        let company = workspace::find(request.installation.database.reader(), self.0.workspace_id).await?;
        Ok(next_on(&self.0, &company, request.now)?.map(Into::into))
    }

    /// Who decides. Who may no longer is left out when one begins.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn reviewers(&self, ctx: &Context<'_>) -> Result<Vec<Member>> {
        let database = &Request::of(ctx).installation.database;
        members(ctx, schedule_reviewers_of(database.reader(), database, &self.0).await?).await
    }

    /// Who set it up.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, Some(self.0.created_by)).await
    }

    /// When.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Since when no review comes of it any more; null while it goes on.
    #[requires(AccessReviewDecide, AccessAuditRead)]
    fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(Into::into)
    }
}
