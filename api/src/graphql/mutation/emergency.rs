//! Emergency access: authorised beforehand, taken on with a reason, told to every administrator.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::emergency::{self, Emergency, NewEligibility};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::emergency_eligibility::Model;
use portaria_guard::guarded;

use super::begin;
use super::grant::grant_now;
use crate::error::Result;
use crate::graphql::emergency::EmergencyEligibility;
use crate::graphql::grant::{Grant, GrantScopeInput};
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::role::Role;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct EmergencyMutation;

impl Subject for EmergencyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Who may take on which role, where, for how long at most, and why.
#[derive(InputObject)]
pub struct AllowEmergencyAccessInput {
    /// Which member (`mem_...`).
    member_id: ID,
    /// Which role (`role_...`).
    role_id: ID,
    /// Where it would hold.
    scope: GrantScopeInput,
    /// The longest that one activation may last, from 1 to 72 hours.
    max_hours: i32,
    /// Why.
    reason: String,
}

payload! {
    /// What came of authorising somebody for emergencies.
    AllowEmergencyAccessPayload [authenticated] {
        /// The eligibility; null when it was refused.
        eligibility: EmergencyEligibility
    }
    AllowEmergencyAccessUserError, AllowEmergencyAccessErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "roleId",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "roleId",
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The role allows nothing in that scope.
        NothingConferred = NothingConferred at "scope",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The member is not active.
        NotActive = NotActive at "memberId",
        /// It may not last so long.
        TooLong = TooLong at "maxHours",
    }
}

/// Which eligibility.
#[derive(InputObject)]
pub struct DisallowEmergencyAccessInput {
    /// Which eligibility (`elig_...`).
    eligibility_id: ID,
}

payload! {
    /// What came of taking an authorisation for emergencies back.
    DisallowEmergencyAccessPayload [authenticated] {
        /// The eligibility that has ended; null when it was refused.
        eligibility: EmergencyEligibility
    }
    DisallowEmergencyAccessUserError, DisallowEmergencyAccessErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "eligibilityId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "eligibilityId",
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "eligibilityId",
    }
}

/// Which eligibility, for how long, and why.
#[derive(InputObject)]
pub struct ActivateEmergencyAccessInput {
    /// Which eligibility (`elig_...`); one's own.
    eligibility_id: ID,
    /// For how many hours, at most those that the eligibility allows.
    hours: i32,
    /// What the emergency is. Every administrator reads it.
    reason: String,
}

payload! {
    /// What came of taking on a role in an emergency.
    ActivateEmergencyAccessPayload [authenticated] {
        /// The grant, which ends by itself; null when it was refused.
        grant: Grant
    }
    ActivateEmergencyAccessUserError, ActivateEmergencyAccessErrorCode {
        /// The member is not active.
        NotActive = NotActive,
        /// It may not last so long.
        TooLong = TooLong at "hours",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// It is active already.
        AlreadyActive = AlreadyActive at "eligibilityId",
    }
}

async fn with_role(request: &Request, row: Model) -> portaria_domain::Result<Option<EmergencyEligibility>> {
    let viewer = request.viewer()?;
    let reader = request.installation.database.reader();
    let role = portaria_domain::role::find(reader, viewer.workspace_id, row.role_id).await?;
    let own = viewer.is_member(row.member_id);
    Ok(Some(EmergencyEligibility { role: Role { row: role, own }, row }))
}

#[guarded]
impl EmergencyMutation {
    /// Authorises a member to take on a role in an emergency. This is granting it, by the same rules.
    #[requires(RoleAssign)]
    async fn allow_emergency_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who may take on which role, where, for how long at most, and why.")]
        input: AllowEmergencyAccessInput,
    ) -> Result<AllowEmergencyAccessPayload> {
        let request = Request::of(ctx);
        let new = NewEligibility {
            member_id: parse(&input.member_id)?,
            role_id: parse(&input.role_id)?,
            scope: input.scope.parse()?,
            max_hours: input.max_hours,
            reason: &input.reason,
        };
        let outcome = async {
            let mut change = begin(request, Permission::RoleAssign).await?;
            let row = emergency::allow(&mut change, new).await?;
            change.finish().await?;
            with_role(request, row).await
        };
        AllowEmergencyAccessPayload::new(outcome.await)
    }

    /// Takes the authorisation for emergencies back. A role that was taken on already is a grant, and is revoked as one.
    #[requires(RoleAssign)]
    async fn disallow_emergency_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which eligibility.")] input: DisallowEmergencyAccessInput,
    ) -> Result<DisallowEmergencyAccessPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.eligibility_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::RoleAssign).await?;
            let row = emergency::disallow(&mut change, id).await?;
            change.finish().await?;
            with_role(request, row).await
        };
        DisallowEmergencyAccessPayload::new(outcome.await)
    }

    /// Takes on a role in an emergency, for some hours. Every administrator is told at once. Needs a stepped-up session where
    /// the role allows what is sensitive.
    #[authenticated]
    async fn activate_emergency_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which eligibility, for how long, and why.")] input: ActivateEmergencyAccessInput,
    ) -> Result<Option<ActivateEmergencyAccessPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let emergency = Emergency {
            eligibility_id: parse(&input.eligibility_id)?,
            hours: input.hours,
            reason: &input.reason,
        };
        let outcome = async {
            let row = emergency::activate(&request.installation, viewer, emergency).await?;
            grant_now(request, row).await
        };
        ActivateEmergencyAccessPayload::new(outcome.await).map(Some)
    }
}
