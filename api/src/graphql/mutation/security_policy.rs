//! What the workspace demands of its people.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::security_policy::{self, SecurityPolicy as Policy};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::security_policy::{SecondFactorRequirement, SecurityPolicy};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct SecurityPolicyMutation;

impl Subject for SecurityPolicyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What is demanded from now on.
#[derive(InputObject)]
pub struct UpdateSecurityPolicyInput {
    /// Of whom a second factor is demanded.
    require_second_factor: SecondFactorRequirement,
    /// For ROLES: whose holders must have one (`role_...`), in whatever scope they hold it. Leave it empty otherwise.
    #[graphql(default)]
    role_ids: Vec<ID>,
}

payload! {
    /// What came of changing the policy.
    UpdateSecurityPolicyPayload [authenticated] {
        /// The policy as it is now; null when it was refused.
        security_policy: SecurityPolicy
    }
    UpdateSecurityPolicyUserError, UpdateSecurityPolicyErrorCode {
        /// ROLES without any role would demand it of nobody: say NOBODY.
        RolesMissing = RolesMissing at "roleIds",
    }
}

#[guarded]
impl SecurityPolicyMutation {
    /// Says of whom a second factor is demanded, in force at once. Who must have one and has none can do nothing but set one
    /// up: everything else is STEP_UP_REQUIRED, because of SECURITY_POLICY. API keys are not affected.
    #[requires(SecurityPolicyManage)]
    async fn update_security_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is demanded.")] input: UpdateSecurityPolicyInput,
    ) -> Result<UpdateSecurityPolicyPayload> {
        let request = Request::of(ctx);
        let roles = input.role_ids.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let policy = Policy { second_factor: input.require_second_factor.into(), roles };
        let outcome = async {
            let mut change = begin(request, Permission::SecurityPolicyManage).await?;
            let policy = security_policy::update(&mut change, policy).await?;
            change.finish().await?;
            Ok(Some(policy))
        };
        UpdateSecurityPolicyPayload::new(outcome.await)
    }
}
