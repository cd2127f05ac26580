//! Suspending, reinstating and removing members, and what else is set about them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::granting::Change;
use portaria_domain::member;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::MemberId;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::member::{Availability, Member};
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct MemberMutation;

impl Subject for MemberMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which member.
#[derive(InputObject)]
pub struct SuspendMemberInput {
    /// Which member (`mem_...`).
    member_id: ID,
}

payload! {
    /// What came of suspending a member.
    SuspendMemberPayload [authenticated] {
        /// The member as they are now; null when it was refused.
        member: Member
    }
    SuspendMemberUserError, SuspendMemberErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator at "memberId",
        /// The member is not active.
        NotActive = NotActive at "memberId",
    }
}

/// Which member.
#[derive(InputObject)]
pub struct ReinstateMemberInput {
    /// Which member (`mem_...`).
    member_id: ID,
}

payload! {
    /// What came of reinstating a member.
    ReinstateMemberPayload [authenticated] {
        /// The member as they are now; null when it was refused.
        member: Member
    }
    ReinstateMemberUserError, ReinstateMemberErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "memberId",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter,
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The member is not suspended.
        NotSuspended = NotSuspended at "memberId",
    }
}

/// Which member.
#[derive(InputObject)]
pub struct RemoveMemberInput {
    /// Which member (`mem_...`).
    member_id: ID,
}

payload! {
    /// What came of removing a member.
    RemoveMemberPayload [authenticated] {
        /// The member as they are now; null when it was refused.
        member: Member
    }
    RemoveMemberUserError, RemoveMemberErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator at "memberId",
        /// The member is not active.
        NotActive = NotActive at "memberId",
    }
}

/// Whose availability, and what it is.
#[derive(InputObject)]
pub struct SetAvailabilityInput {
    /// Whose (`mem_...`); the viewer's own if not said. Others' needs `member:manage`.
    member_id: Option<ID>,
    /// Whether they take conversations at the moment.
    availability: Availability,
}

payload! {
    /// What came of setting somebody's availability.
    SetAvailabilityPayload [authenticated] {
        /// The member as they are now; null when it was refused.
        member: Member
    }
    SetAvailabilityUserError, SetAvailabilityErrorCode {
        /// The member is not active.
        NotActive = NotActive at "memberId",
    }
}

/// Whose capacity, and what it is.
#[derive(InputObject)]
pub struct SetCapacityInput {
    /// Which member (`mem_...`).
    member_id: ID,
    /// How many open conversations routing may give them at once, from 0 to 1000.
    capacity: i32,
}

payload! {
    /// What came of setting somebody's capacity.
    SetCapacityPayload [authenticated] {
        /// The member as they are now; null when it was refused.
        member: Member
    }
    SetCapacityUserError, SetCapacityErrorCode {
        /// The member is not active.
        NotActive = NotActive at "memberId",
    }
}

/// A member as they are now.
pub(super) async fn member_now(request: &Request, id: MemberId) -> portaria_domain::Result<Option<Member>> {
    let workspace = request.viewer()?.workspace_id;
    let reader = request.installation.database.reader();
    let row = member::by_ids(reader, workspace, &[id]).await?.remove(&id);
    Ok(row.map(|row| Member(std::sync::Arc::new(row))))
}

#[guarded]
impl MemberMutation {
    /// Shuts a member out for now: sessions and subscriptions end at once, open conversations go back to the queue. History
    /// and authorship stay; grants wait.
    #[requires(MemberManage)]
    async fn suspend_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: SuspendMemberInput,
    ) -> Result<SuspendMemberPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            member::suspend(&mut change, id).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        SuspendMemberPayload::new(outcome.await)
    }

    /// Lets a suspended member in again, with the grants that have not ended meanwhile.
    #[requires(MemberManage)]
    async fn reinstate_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: ReinstateMemberInput,
    ) -> Result<ReinstateMemberPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            member::reinstate(&mut change, id).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        ReinstateMemberPayload::new(outcome.await)
    }

    /// Ends a membership: as suspending, and grants, eligibility for emergencies and teams end too. What they did stays theirs.
    #[requires(MemberManage)]
    async fn remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: RemoveMemberInput,
    ) -> Result<RemoveMemberPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            member::remove(&mut change, id).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        RemoveMemberPayload::new(outcome.await)
    }

    /// Says whether somebody takes conversations at the moment: oneself, or with `member:manage` anybody.
    #[authenticated]
    async fn set_availability(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose availability, and what it is.")] input: SetAvailabilityInput,
    ) -> Result<Option<SetAvailabilityPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let id = match parse_optional(input.member_id.as_ref())? {
            Some(id) => id,
            None => viewer.session()?.member_id,
        };
        let needed: &[Permission] = if viewer.is_member(id) { &[] } else { &[Permission::MemberManage] };
        let outcome = async {
            let mut change = Change::by(&request.installation, viewer, needed).await?;
            member::set_availability(&mut change, id, input.availability.into()).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        SetAvailabilityPayload::new(outcome.await).map(Some)
    }

    /// Says how many open conversations routing may give somebody at once.
    #[requires(MemberManage)]
    async fn set_capacity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose capacity, and what it is.")] input: SetCapacityInput,
    ) -> Result<SetCapacityPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            member::set_capacity(&mut change, id, input.capacity).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        SetCapacityPayload::new(outcome.await)
    }
}
