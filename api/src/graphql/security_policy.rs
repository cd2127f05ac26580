//! What a workspace demands of its people before they may do anything.

use async_graphql::{Context, Enum};
use portaria_domain::role;
use portaria_domain::security_policy::SecurityPolicy as Policy;
use portaria_guard::guarded;

use super::role::Role;
use crate::error::Result;
use crate::request::Request;

/// Of whom a second factor is demanded.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::security_policy::SecondFactorDemand")]
pub enum SecondFactorRequirement {
    /// Of nobody. What is sensitive needs one all the same.
    Nobody,
    /// Of who holds one of the policy's roles, in whatever scope.
    Roles,
    /// Of everybody.
    Everyone,
}

pub struct SecurityPolicy(Policy);

impl From<Policy> for SecurityPolicy {
    fn from(policy: Policy) -> Self {
        Self(policy)
    }
}

/// What a workspace demands of its people before they may do anything.
#[guarded]
impl SecurityPolicy {
    /// Of whom a second factor is demanded: an authenticator app, a passkey, or one that a single sign-on vouches for.
    #[authenticated]
    fn require_second_factor(&self) -> SecondFactorRequirement {
        self.0.second_factor.into()
    }

    /// For ROLES: whose holders must have one. Empty otherwise.
    #[authenticated]
    async fn roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        if self.0.roles.is_empty() {
            return Ok(Vec::new());
        }
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = role::all(request.installation.database.reader(), workspace).await?;
        let named = rows.into_iter().filter(|row| self.0.roles.contains(&row.role.id));
        Ok(named.map(|row| Role { row, own: false }).collect())
    }
}
