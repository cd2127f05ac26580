//! Moving somebody to where less does.

use async_graphql::{Context, ID, InputObject, OneofObject};
use portaria_domain::least_privilege::{Applied, apply};
use portaria_domain::permission::PermissionSet;
use portaria_domain::permission_use::Whose;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::least_privilege::LeastPrivilege;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct LeastPrivilegeMutation;

impl Subject for LeastPrivilegeMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A member or an API key: exactly one of these.
#[derive(OneofObject)]
pub enum PrincipalInput {
    /// Which member (`mem_...`).
    MemberId(ID),
    /// Which API key (`key_...`).
    ApiKeyId(ID),
}

/// Whom to move, and what was seen of it.
#[derive(InputObject)]
pub struct ApplyLeastPrivilegeInput {
    /// Who.
    principal: PrincipalInput,
    /// The days of `leastPrivilege(days:)` that was looked at; 90 if not said.
    days: Option<i32>,
    /// `previewToken` of what was looked at: nothing else is done.
    preview_token: String,
    /// Why.
    reason: String,
}

payload! {
    /// What came of moving somebody to where less does.
    ApplyLeastPrivilegePayload [authenticated] {
        /// What was closed and given; null when it was refused.
        applied: AppliedLeastPrivilege
    }
    ApplyLeastPrivilegeUserError, ApplyLeastPrivilegeErrorCode {
        /// Something was granted, revoked, changed or used since that makes it another proposal: look again.
        ChangedMeanwhile = ChangedMeanwhile at "previewToken",
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld,
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter,
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "principal",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore,
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator,
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The key has ended.
        AlreadyEnded = AlreadyEnded at "principal",
    }
}

pub struct AppliedLeastPrivilege(Applied);

impl From<Applied> for AppliedLeastPrivilege {
    fn from(applied: Applied) -> Self {
        Self(applied)
    }
}

/// What was done, all of it at once.
#[guarded]
impl AppliedLeastPrivilege {
    /// Ids of the grants that were closed (`grant_...`).
    #[authenticated]
    fn closed_grant_ids(&self) -> Vec<ID> {
        self.0.closed.iter().copied().map(ID::from).collect()
    }

    /// Ids of the grants that were made (`grant_...`).
    #[authenticated]
    fn made_grant_ids(&self) -> Vec<ID> {
        self.0.given.iter().copied().map(ID::from).collect()
    }
}

#[guarded]
impl LeastPrivilegeMutation {
    /// Gives a member or an API key the roles that would have sufficed in the place of those they have, as `leastPrivilege` proposed it: all
    /// of it or nothing, in force at once. By the same rules as granting and revoking by hand. A member takes `role:assign`, a key
    /// `api_key:manage`.
    #[requires(RoleAssign, ApiKeyManage)]
    async fn apply_least_privilege(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to move, and what was seen of it.")] input: ApplyLeastPrivilegeInput,
    ) -> Result<ApplyLeastPrivilegePayload> {
        let request = Request::of(ctx);
        let whose = match &input.principal {
            PrincipalInput::MemberId(member) => Whose::Member(parse(member)?),
            PrincipalInput::ApiKeyId(key) => Whose::ApiKey(parse(key)?),
        };
        let about = (whose, LeastPrivilege::lookback(input.days)?);
        let seen = (input.preview_token.as_str(), input.reason.as_str());
        let outcome = apply(&request.installation, request.viewer()?, about, seen).await;
        ApplyLeastPrivilegePayload::new(outcome.map(Some))
    }
}
