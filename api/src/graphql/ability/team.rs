//! What the viewer may do with a team.

use async_graphql::Context;
use portaria_domain::permission::Permission;
use portaria_entity::id::TeamId;
use portaria_guard::guarded;

use super::{Ability, by_ledger, everywhere};
use crate::error::Result;

/// Which team.
pub struct TeamAbilities(pub TeamId);

impl TeamAbilities {
    async fn ability(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::TeamManage, |prospect| prospect.team(self.0)).await
    }
}

/// What the viewer may do with a team now.
#[guarded]
impl TeamAbilities {
    /// Call it something else: `renameTeam`.
    #[authenticated]
    fn rename(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::TeamManage)
    }

    /// Take members in and out: `addTeamMember`, `removeTeamMember`. Whom, is looked at then.
    #[authenticated]
    fn change_members(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::TeamManage)
    }

    /// Make it serve other phone numbers: `addTeamChannel`, `removeTeamChannel`. What that gives its members is looked at
    /// then.
    #[authenticated]
    async fn change_channels(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx).await
    }

    /// End it: `deleteTeam`.
    #[authenticated]
    async fn delete(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx).await
    }
}
