//! What the viewer may do with an API key.

use async_graphql::Context;
use portaria_domain::permission::Permission;
use portaria_entity::id::ApiKeyId;
use portaria_guard::guarded;

use super::{Ability, by_ledger};
use crate::error::Result;

/// Which key.
pub struct ApiKeyAbilities(pub ApiKeyId);

/// What the viewer may do with an API key now.
#[guarded]
impl ApiKeyAbilities {
    /// End it: `revokeApiKey`.
    #[authenticated]
    async fn revoke(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::ApiKeyManage, |prospect| prospect.api_key(self.0)).await
    }

    /// Give it a new secret: `rotateApiKey`. Whether it outlasts them is looked at then.
    #[authenticated]
    async fn rotate(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::ApiKeyManage, |prospect| prospect.api_key(self.0)).await
    }

    /// Say where it may be used from: `setApiKeyAddresses`.
    #[authenticated]
    async fn set_addresses(&self, ctx: &Context<'_>) -> Result<Ability> {
        by_ledger(ctx, Permission::ApiKeyManage, |prospect| prospect.api_key(self.0)).await
    }
}
