//! What the viewer may do with a grant, and with an eligibility for an emergency role.

use async_graphql::Context;
use portaria_domain::permission::Permission;
use portaria_entity::{emergency_eligibility, grant};
use portaria_guard::guarded;

use super::{Ability, by_ledger};
use crate::error::Result;
use crate::request::Request;

/// Which grant.
pub struct GrantAbilities(pub grant::Model);

/// What the viewer may do with a grant now.
#[guarded]
impl GrantAbilities {
    /// Give it another scope or period: `changeGrant`. Which, is looked at then.
    #[authenticated]
    async fn change(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::RoleAssign, |prospect| prospect.change_grant(&self.0)).await
    }

    /// Take it back: `revokeGrant`.
    #[authenticated]
    async fn revoke(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::RoleAssign, |prospect| prospect.revoke_grant(&self.0)).await
    }
}

/// Which eligibility.
pub struct EmergencyEligibilityAbilities(pub emergency_eligibility::Model);

/// What the viewer may do with an eligibility for an emergency role now.
#[guarded]
impl EmergencyEligibilityAbilities {
    /// Take the role on: `activateEmergencyAccess`. That it is active already is told then.
    #[authenticated]
    async fn activate(&self, ctx: &Context<'_>) -> Result<Ability> {
        if !Request::of(ctx).viewer()?.is_member(self.0.member_id) {
            return Ok(Ability::No);
        }
        by_ledger(ctx, Permission::MemberRead, |prospect| prospect.activate(&self.0)).await
    }

    /// Take it back: `disallowEmergencyAccess`.
    #[authenticated]
    async fn disallow(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::RoleAssign, |prospect| prospect.disallow(&self.0)).await
    }
}
