//! Giving roles, changing where and for how long they hold, and taking them back.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::grant::{self, Amendment, Giving};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::grant as grant_entity;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::grant::{Grant, GrantScopeInput};
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::role::Role;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct GrantMutation;

impl Subject for GrantMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Who gets which role, where, for how long, and why.
#[derive(InputObject)]
pub struct GrantRoleInput {
    /// Which member (`mem_...`).
    member_id: ID,
    /// Which role (`role_...`).
    role_id: ID,
    /// Where it holds.
    scope: GrantScopeInput,
    /// When it begins; now if not said.
    valid_from: Option<DateTime>,
    /// When it ends by itself; never if not said.
    valid_until: Option<DateTime>,
    /// Why.
    reason: String,
}

payload! {
    /// What came of granting a role.
    GrantRolePayload [authenticated] {
        /// The new grant; null when it was refused.
        grant: Grant
    }
    GrantRoleUserError, GrantRoleErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "roleId",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "validUntil",
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The role allows nothing in that scope.
        NothingConferred = NothingConferred at "scope",
        /// It would end before it begins, or has ended already.
        InvalidPeriod = InvalidPeriod at "validUntil",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The member is not active.
        NotActive = NotActive at "memberId",
    }
}

/// Which grant, and all that shall hold of it instead.
#[derive(InputObject)]
pub struct ChangeGrantInput {
    /// Which grant (`grant_...`).
    grant_id: ID,
    /// Where it holds.
    scope: GrantScopeInput,
    /// When it begins; now if not said.
    valid_from: Option<DateTime>,
    /// When it ends by itself; never if not said.
    valid_until: Option<DateTime>,
    /// Why.
    reason: String,
}

payload! {
    /// What came of changing a grant.
    ChangeGrantPayload [authenticated] {
        /// The grant that replaces it; null when it was refused.
        grant: Grant
    }
    ChangeGrantUserError, ChangeGrantErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "scope",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "validUntil",
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "grantId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "grantId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator,
        /// The role allows nothing in that scope.
        NothingConferred = NothingConferred at "scope",
        /// It would end before it begins, or has ended already.
        InvalidPeriod = InvalidPeriod at "validUntil",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The member is not active.
        NotActive = NotActive at "grantId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "grantId",
    }
}

/// Which grant, and why.
#[derive(InputObject)]
pub struct RevokeGrantInput {
    /// Which grant (`grant_...`).
    grant_id: ID,
    /// Why.
    reason: String,
}

payload! {
    /// What came of revoking a grant.
    RevokeGrantPayload [authenticated] {
        /// The grant that has ended; null when it was refused.
        grant: Grant
    }
    RevokeGrantUserError, RevokeGrantErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "grantId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "grantId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator,
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "grantId",
    }
}

/// A grant with its role.
pub(super) async fn grant_now(
    request: &Request,
    row: grant_entity::Model,
) -> portaria_domain::Result<Option<Grant>> {
    let viewer = request.viewer()?;
    let reader = request.installation.database.reader();
    let role = portaria_domain::role::find(reader, viewer.workspace_id, row.role_id).await?;
    let own = viewer.is_member(row.member_id);
    Ok(Some(Grant { role: Role { row: role, own }, row }))
}

#[guarded]
impl GrantMutation {
    /// Gives a member a role somewhere, from and until when it shall hold. One gives only what one holds there, for no longer,
    /// never to oneself, and not to who holds more.
    #[requires(RoleAssign)]
    async fn grant_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who gets which role, where, for how long, and why.")] input: GrantRoleInput,
    ) -> Result<GrantRolePayload> {
        let request = Request::of(ctx);
        let giving = Giving {
            member_id: parse(&input.member_id)?,
            role_id: parse(&input.role_id)?,
            scope: input.scope.parse()?,
            valid_from: input.valid_from.map(|at| at.0),
            valid_until: input.valid_until.map(|at| at.0),
            reason: &input.reason,
        };
        let outcome = async {
            let mut change = begin(request, Permission::RoleAssign).await?;
            let row = grant::give(&mut change, giving).await?;
            change.finish().await?;
            grant_now(request, row).await
        };
        GrantRolePayload::new(outcome.await)
    }

    /// Replaces a grant by one of the same role with another scope or period. The one before stays on record.
    #[requires(RoleAssign)]
    async fn change_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which grant, and all that shall hold of it instead.")] input: ChangeGrantInput,
    ) -> Result<ChangeGrantPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.grant_id)?;
        let amendment = Amendment {
            scope: input.scope.parse()?,
            valid_from: input.valid_from.map(|at| at.0),
            valid_until: input.valid_until.map(|at| at.0),
            reason: &input.reason,
        };
        let outcome = async {
            let mut change = begin(request, Permission::RoleAssign).await?;
            let row = grant::change(&mut change, id, amendment).await?;
            change.finish().await?;
            grant_now(request, row).await
        };
        ChangeGrantPayload::new(outcome.await)
    }

    /// Ends a grant, in force at once. It stays on record.
    #[requires(RoleAssign)]
    async fn revoke_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which grant, and why.")] input: RevokeGrantInput,
    ) -> Result<RevokeGrantPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.grant_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::RoleAssign).await?;
            let row = grant::revoke(&mut change, id, &input.reason).await?;
            change.finish().await?;
            grant_now(request, row).await
        };
        RevokeGrantPayload::new(outcome.await)
    }
}
