//! What the viewer may do with a role.

use async_graphql::Context;
use portaria_domain::permission::Permission;
use portaria_entity::id::RoleId;
use portaria_guard::guarded;

use super::{Ability, by_ledger};
use crate::error::Result;

/// Which role.
pub struct RoleAbilities(pub RoleId);

impl RoleAbilities {
    async fn ability(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::RoleManage, |prospect| prospect.role(self.0)).await
    }
}

/// What the viewer may do with a role now.
#[guarded]
impl RoleAbilities {
    /// Edit it: `updateRole`. What is added is looked at then.
    #[authenticated]
    async fn edit(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx).await
    }

    /// Delete it: `deleteRole`.
    #[authenticated]
    async fn delete(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx).await
    }
}
