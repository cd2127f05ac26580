//! What the viewer may see of a member and do to them.

use async_graphql::Context;
use portaria_domain::granting::MemberAct;
use portaria_domain::permission::PermissionSet;
use portaria_entity::id::MemberId;
use portaria_guard::guarded;

use super::{Ability, by_ledger, reading};
use crate::error::Result;
use crate::request::Request;

/// What is held, and who it is.
pub struct MemberAbilities(pub PermissionSet, pub MemberId);

impl MemberAbilities {
    fn is_self(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(Request::of(ctx).viewer()?.is_member(self.1))
    }

    async fn ability(&self, ctx: &Context<'_>, act: MemberAct) -> Result<Ability> {
        by_ledger(ctx, act.permission(), |prospect| prospect.member(self.1, act)).await
    }
}

/// What the viewer may see of a member and do to them now.
#[guarded]
impl MemberAbilities {
    /// See e-mail and last use.
    #[authenticated]
    fn read_private(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, self.is_self(ctx)?, ("Member", "email"))
    }

    /// See which roles they hold, and where.
    #[authenticated]
    fn read_grants(&self, ctx: &Context<'_>) -> Result<Ability> {
        reading(ctx, self.0, self.is_self(ctx)?, ("Member", "grants"))
    }

    /// Shut them out for now: `suspendMember`.
    #[authenticated]
    async fn suspend(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Suspend).await
    }

    /// Let them in again: `reinstateMember`. What they would hold again is looked at then.
    #[authenticated]
    async fn reinstate(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Reinstate).await
    }

    /// End their membership: `removeMember`.
    #[authenticated]
    async fn remove(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Remove).await
    }

    /// Give them a role: `grantRole`. Which ones, is looked at then.
    #[authenticated]
    async fn grant_role(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::GrantRole).await
    }

    /// End their sessions here: `endMemberSessions`.
    #[authenticated]
    async fn end_sessions(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::EndSessions).await
    }

    /// Forget who they were, once they are removed: `eraseMember`.
    #[authenticated]
    async fn erase(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, MemberAct::Erase).await
    }
}
