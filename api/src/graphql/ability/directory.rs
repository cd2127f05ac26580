//! What the viewer may do with a directory credential.

use async_graphql::Context;
use portaria_domain::permission::Permission;
use portaria_entity::id::DirectoryCredentialId;
use portaria_guard::guarded;

use super::{Ability, by_ledger};
use crate::error::Result;

pub struct DirectoryCredentialAbilities {
    pub id: DirectoryCredentialId,
    /// By itself, or by somebody.
    pub ended: bool,
}

/// What the viewer may do with a directory credential now.
#[guarded]
impl DirectoryCredentialAbilities {
    /// End it: `revokeDirectoryCredential`.
    #[authenticated]
    async fn revoke(&self, ctx: &Context<'_>) -> Result<Ability> {
        if self.ended {
            return Ok(Ability::No);
        }
        by_ledger(ctx, Permission::IntegrationManage, |prospect| prospect.directory(self.id)).await
    }
}
