//! Taking away the second factor of a colleague who has lost it.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::second_factor::reset::reset;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use super::member::member_now;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::member::Member;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct SecondFactorResetMutation;

impl Subject for SecondFactorResetMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Whose second factor, and why.
#[derive(InputObject)]
pub struct ResetMemberSecondFactorInput {
    /// Which member (`mem_...`).
    member_id: ID,
    /// Why, for the activity log: how it is known that the person asked for it.
    reason: String,
}

payload! {
    /// What came of taking a second factor away.
    ResetMemberSecondFactorPayload [authenticated] {
        /// The member as they are now; null when it was refused.
        member: Member
    }
    ResetMemberSecondFactorUserError, ResetMemberSecondFactorErrorCode {
        /// Nobody resets their own.
        OwnAccess = OwnAccess at "memberId",
        /// The member holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The person is in another workspace too: only they themselves, or who has the machine, may do it.
        InAnotherWorkspace = InAnotherWorkspace at "memberId",
        /// They are no member any more.
        NotActive = NotActive at "memberId",
        /// The member has no second factor.
        NoSecondFactor = NoSecondFactor at "memberId",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
    }
}

#[guarded]
impl SecondFactorResetMutation {
    /// Takes away the authenticator app, passkeys and recovery codes of a member who has lost them, and ends their sessions.
    /// They sign in with their password and set up a new one. They and all who administer members are told by mail at once;
    /// the auditor reminds of it for a week, and until there is a new one.
    #[requires(MemberManage)]
    async fn reset_member_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and why.")] input: ResetMemberSecondFactorInput,
    ) -> Result<ResetMemberSecondFactorPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            reset(&mut change, id, &input.reason).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        ResetMemberSecondFactorPayload::new(outcome.await)
    }
}
