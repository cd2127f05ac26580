//! Forgetting who a removed member was.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::member;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ErasureMutation;

impl Subject for ErasureMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Which member, and why.
#[derive(InputObject)]
pub struct EraseMemberInput {
    /// Which member (`mem_...`): one who has been removed.
    member_id: ID,
    /// Why, such as the request that is answered by it. It stays on record.
    reason: String,
}

pub struct MemberErasure(member::Erased);

impl From<member::Erased> for MemberErasure {
    fn from(erased: member::Erased) -> Self {
        Self(erased)
    }
}

/// What was forgotten of a person.
#[guarded]
impl MemberErasure {
    /// Of how many activities the details were erased. That something was done stays, and the log's chain holds.
    #[authenticated]
    fn activities(&self) -> i32 {
        i32::try_from(self.0.activities).unwrap_or(i32::MAX)
    }

    /// Whether name and e-mail address went too. They stay while the person belongs to another workspace.
    #[authenticated]
    fn account(&self) -> bool {
        self.0.account
    }
}

payload! {
    /// What came of forgetting a member.
    EraseMemberPayload [authenticated] {
        /// What was forgotten; null when it was refused.
        erasure: MemberErasure
    }
    EraseMemberUserError, EraseMemberErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The member has to be removed first.
        NotRemoved = NotRemoved at "memberId",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
    }
}

#[guarded]
impl ErasureMutation {
    /// Forgets who a removed member was: name, addresses, and the details of the activities by and about them. That
    /// something was done, and by the same person, stays.
    #[requires(PrivacyManage)]
    async fn erase_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member, and why.")] input: EraseMemberInput,
    ) -> Result<EraseMemberPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::PrivacyManage).await?;
            let erased = member::erase(&mut change, id, &input.reason).await?;
            change.finish().await?;
            Ok(Some(erased))
        };
        EraseMemberPayload::new(outcome.await)
    }
}
