//! Members.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use portaria_domain::member::MemberRow;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::ability::MemberAbilities;
use super::emergency::EmergencyEligibility;
use super::grant::Grant;
use super::label::{Label, labels};
use super::least_privilege::LeastPrivilege;
use super::permission_use::PermissionUse;
use super::role::Role;
use super::session::OpenSession;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::loader::{EligibilityWithRole, GrantWithRole};
use crate::request::Request;

/// Whether somebody may use the workspace.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::member::MemberStatus")]
pub enum MemberStatus {
    /// May sign in.
    Active,
    /// May not sign in for now; history and authorship stay.
    Suspended,
    /// No longer a member; history and authorship stay.
    Removed,
}

/// Whether somebody takes conversations at the moment.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::member::Availability")]
pub enum Availability {
    /// New conversations may be routed to them.
    Available,
    /// At work, but no new conversations, please.
    Busy,
    /// Not at work.
    Offline,
}

pub struct Member(pub Arc<MemberRow>);

impl Subject for Member {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        viewer.is_member(self.0.member.id)
    }
}

/// A person in the workspace.
#[guarded]
impl Member {
    /// Starts with `mem_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.0.member.id.into()
    }

    /// What they are called.
    #[requires(MemberRead)]
    fn name(&self) -> &str {
        &self.0.user.name
    }

    /// Whether they may use the workspace.
    #[requires(MemberRead)]
    fn status(&self) -> MemberStatus {
        self.0.member.status.into()
    }

    /// Whether they take conversations at the moment.
    #[requires(MemberRead)]
    fn availability(&self) -> Availability {
        self.0.member.availability.into()
    }

    /// Whether their screen is connected: a socket at `/graphql/ws` is open, or was within a minute and a half.
    #[requires(MemberRead)]
    async fn is_online(&self, ctx: &Context<'_>) -> Result<bool> {
        Request::of(ctx).loaders()?.people.is_online(self.0.member.id).await
    }

    /// What they are good at: conversations so labelled are theirs to be given.
    #[requires(MemberRead)]
    async fn skills(&self, ctx: &Context<'_>) -> Result<Vec<Label>> {
        labels(ctx, &Request::of(ctx).loaders()?.routing.skills(self.0.member.id).await?).await
    }

    /// The address with which they sign in.
    #[requires(MemberReadPrivate, or_self)]
    fn email(&self) -> &str {
        &self.0.user.email
    }

    /// When they last used the workspace, to the minute; null if never.
    #[requires(MemberReadPrivate, or_self)]
    fn last_active_at(&self) -> Option<DateTime> {
        self.0.member.last_active_at.map(Into::into)
    }

    /// When they became a member. `members` is in that order, and their id tells it too.
    #[requires(MemberRead)]
    fn created_at(&self) -> DateTime {
        self.0.member.created_at.into()
    }

    /// What the viewer may see of them and do to them now.
    #[authenticated]
    fn viewer_can(&self, ctx: &Context<'_>) -> Result<MemberAbilities> {
        let viewer = Request::of(ctx).viewer()?;
        Ok(MemberAbilities(self.held(viewer), self.0.member.id))
    }

    /// The roles they hold now, and where.
    #[requires(RoleRead, or_self)]
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<Grant>> {
        let request = Request::of(ctx);
        let own = self.is_self(request.viewer()?);
        let grants = request.loaders()?.grants(self.0.member.id).await?;
        let grant =
            |(row, role): &GrantWithRole| Grant { role: Role { row: role.clone(), own }, row: row.clone() };
        Ok(grants.iter().map(grant).collect())
    }

    /// The roles that they will hold later, and where.
    #[requires(RoleRead, or_self)]
    async fn planned_grants(&self, ctx: &Context<'_>) -> Result<Vec<Grant>> {
        let request = Request::of(ctx);
        let own = self.is_self(request.viewer()?);
        let grants = request.loaders()?.people.planned_grants(self.0.member.id).await?;
        let grant =
            |(row, role): &GrantWithRole| Grant { role: Role { row: role.clone(), own }, row: row.clone() };
        Ok(grants.iter().map(grant).collect())
    }

    /// The roles that they may take on in an emergency.
    #[requires(RoleRead, or_self)]
    async fn emergency_eligibilities(&self, ctx: &Context<'_>) -> Result<Vec<EmergencyEligibility>> {
        let request = Request::of(ctx);
        let own = self.is_self(request.viewer()?);
        let rows = request.loaders()?.people.eligibilities(self.0.member.id).await?;
        let with_role = |(row, role): &EligibilityWithRole| EmergencyEligibility {
            role: Role { row: role.clone(), own },
            row: row.clone(),
        };
        Ok(rows.iter().map(with_role).collect())
    }

    /// Their open sessions in this workspace, last used first.
    #[requires(SessionRevoke, or_self)]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<OpenSession>> {
        let rows = Request::of(ctx).loaders()?.people.sessions(self.0.member.id).await?;
        Ok(rows.iter().cloned().map(OpenSession).collect())
    }

    /// Which of their permissions they have used, since uses are recorded.
    #[requires(AccessAuditRead, or_self)]
    async fn permission_uses(&self, ctx: &Context<'_>) -> Result<Vec<PermissionUse>> {
        let uses = Request::of(ctx).loaders()?.advice.uses_of_member(self.0.member.id).await?;
        Ok(uses.iter().copied().map(PermissionUse).collect())
    }

    /// Which of their permissions they used lately, and what would have sufficed; null for who is not active.
    #[requires(AccessAuditRead)]
    async fn least_privilege(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many days are looked at, from 30 to 366; 90 if not said.")] days: Option<i32>,
    ) -> Result<Option<LeastPrivilege>> {
        let lookback = LeastPrivilege::lookback(days)?;
        let found = Request::of(ctx).loaders()?.advice.of_member(self.0.member.id, lookback).await?;
        Ok(found.map(LeastPrivilege))
    }

    /// How many open conversations routing may give them at once.
    #[requires(MemberManage, MemberReadPrivate, or_self)]
    fn capacity(&self) -> i32 {
        self.0.member.capacity
    }
}
