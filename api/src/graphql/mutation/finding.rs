//! Saying something of findings, and doing something about them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::audit::finding::action::{Taking, take};
use portaria_domain::audit::finding::deciding::{Decision, decide};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::FindingId;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::finding::{Finding, FindingAction};
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct FindingMutation;

impl Subject for FindingMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Which finding.
#[derive(InputObject)]
pub struct AcknowledgeFindingInput {
    /// Which one (`find_...`).
    finding_id: ID,
}

payload! {
    /// What came of acknowledging a finding.
    AcknowledgeFindingPayload [authenticated] {
        /// The finding as it is now; null when it was refused.
        finding: Finding
    }
    AcknowledgeFindingUserError, AcknowledgeFindingErrorCode {
        /// It is about the viewer, or about something that they did, and somebody else may decide on it.
        OwnFinding = OwnFinding at "findingId",
        /// Somebody is at it already.
        AlreadyAcknowledged = AlreadyAcknowledged at "findingId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "findingId",
    }
}

/// Which finding, until when, and why.
#[derive(InputObject)]
pub struct DismissFindingInput {
    /// Which one (`find_...`).
    finding_id: ID,
    /// Until when nothing is to be done: at most 366 days from now.
    until: DateTime,
    /// Why, in at most 1000 characters.
    reason: String,
}

payload! {
    /// What came of dismissing a finding.
    DismissFindingPayload [authenticated] {
        /// The finding as it is now; null when it was refused.
        finding: Finding
    }
    DismissFindingUserError, DismissFindingErrorCode {
        /// It is about the viewer, or about something that they did, and somebody else may decide on it.
        OwnFinding = OwnFinding at "findingId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "findingId",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
        /// It would have ended already.
        InvalidPeriod = InvalidPeriod at "until",
        /// It would last for more than 366 days.
        EndsTooLate = EndsTooLate at "until",
    }
}

/// Which finding, and perhaps how.
#[derive(InputObject)]
pub struct ResolveFindingInput {
    /// Which one (`find_...`).
    finding_id: ID,
    /// What was done, for the activity log, in at most 1000 characters.
    reason: Option<String>,
}

payload! {
    /// What came of resolving a finding.
    ResolveFindingPayload [authenticated] {
        /// The finding as it is now; null when it was refused.
        finding: Finding
    }
    ResolveFindingUserError, ResolveFindingErrorCode {
        /// It is about the viewer, or about something that they did, and somebody else may decide on it.
        OwnFinding = OwnFinding at "findingId",
        /// It is resolved already.
        AlreadyResolved = AlreadyResolved at "findingId",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
    }
}

/// Which finding.
#[derive(InputObject)]
pub struct ReopenFindingInput {
    /// Which one (`find_...`).
    finding_id: ID,
}

payload! {
    /// What came of reopening a finding.
    ReopenFindingPayload [authenticated] {
        /// The finding as it is now; null when it was refused.
        finding: Finding
    }
    ReopenFindingUserError, ReopenFindingErrorCode {
        /// It is open.
        StillOpen = StillOpen at "findingId",
        /// Its cause is gone: it opens by itself when that returns.
        AlreadyResolved = AlreadyResolved at "findingId",
    }
}

/// About which finding, and what.
#[derive(InputObject)]
pub struct TakeFindingActionInput {
    /// Which one (`find_...`).
    finding_id: ID,
    /// What to do: one of the finding's `actions`.
    action: FindingAction,
    /// Why, in at most 1000 characters. Needed for grants.
    reason: Option<String>,
    /// For SHORTEN_GRANTS: when they shall end.
    until: Option<DateTime>,
}

payload! {
    /// What came of doing something about a finding.
    TakeFindingActionPayload [authenticated] {
        /// The finding as it is now: acknowledged, and resolved by the next audit if that helped. Null when it was refused.
        finding: Finding
    }
    TakeFindingActionUserError, TakeFindingActionErrorCode {
        /// That cannot be done about this finding.
        ActionNotFitting = ActionNotFitting at "action",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "findingId",
        /// The member was asked within the last day.
        AskedAlready = AskedAlready at "action",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
        /// It is not said until when grants shall last, that is over, or none of them lasts longer.
        InvalidPeriod = InvalidPeriod at "until",
        /// Nobody changes their own access, or asks themselves.
        OwnAccess = OwnAccess at "findingId",
        /// Somebody whose access this changes, or the key, holds what the viewer does not.
        HoldsMore = HoldsMore at "findingId",
        /// The viewer does not hold there what a grant gives.
        NotHeld = NotHeld at "findingId",
        /// The viewer does not hold for so long what a grant gives.
        OutlastsGranter = OutlastsGranter at "until",
        /// A role allows nothing there any more.
        NothingConferred = NothingConferred at "findingId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator at "findingId",
        /// The member is not active.
        NotActive = NotActive at "findingId",
        /// The key, or all of the grants, have ended already.
        AlreadyEnded = AlreadyEnded at "findingId",
    }
}

/// Puts down what the viewer says of a finding.
async fn said(
    request: &Request,
    id: FindingId,
    decision: Decision<'_>,
) -> portaria_domain::Result<Option<Finding>> {
    let row = decide(&request.installation, request.viewer()?, id, decision).await?;
    Ok(Some(Finding::one(request, row).await?))
}

#[guarded]
impl FindingMutation {
    /// Says that somebody is at a finding; a dismissal of it ends. For people, as all that is said of findings.
    #[requires(FindingResolve)]
    async fn acknowledge_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which finding.")] input: AcknowledgeFindingInput,
    ) -> Result<AcknowledgeFindingPayload> {
        let id = parse(&input.finding_id)?;
        AcknowledgeFindingPayload::new(said(Request::of(ctx), id, Decision::Acknowledge).await)
    }

    /// Says that nothing is to be done about a finding for a while. It is open again at the first audit after that if it is still
    /// there, or as soon as it is more severe. In place of a dismissal that there was.
    #[requires(FindingResolve)]
    async fn dismiss_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which finding, until when, and why.")] input: DismissFindingInput,
    ) -> Result<DismissFindingPayload> {
        let id = parse(&input.finding_id)?;
        let decision = Decision::Dismiss { until: input.until.0, reason: &input.reason };
        DismissFindingPayload::new(said(Request::of(ctx), id, decision).await)
    }

    /// Says that a finding is resolved. It is open again when something about it changes, when it returns, or when it is still
    /// there after eight days. Most are resolved by themselves, when their cause is gone.
    #[requires(FindingResolve)]
    async fn resolve_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which finding, and perhaps how.")] input: ResolveFindingInput,
    ) -> Result<ResolveFindingPayload> {
        let id = parse(&input.finding_id)?;
        let decision = Decision::Resolve { reason: input.reason.as_deref() };
        ResolveFindingPayload::new(said(Request::of(ctx), id, decision).await)
    }

    /// Takes back that a finding was acknowledged, dismissed or resolved by somebody.
    #[requires(FindingResolve)]
    async fn reopen_finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which finding.")] input: ReopenFindingInput,
    ) -> Result<ReopenFindingPayload> {
        let id = parse(&input.finding_id)?;
        ReopenFindingPayload::new(said(Request::of(ctx), id, Decision::Reopen).await)
    }

    /// Does something about a finding, as by hand: by the same rules, with the same activities, and needing the permission that it
    /// takes by hand beside `finding:resolve`. The finding is acknowledged by it.
    #[requires(FindingResolve)]
    async fn take_finding_action(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "About which finding, and what.")] input: TakeFindingActionInput,
    ) -> Result<TakeFindingActionPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.finding_id)?;
        let taking = Taking {
            action: input.action.into(),
            reason: input.reason.as_deref(),
            until: input.until.map(|at| at.0),
        };
        let outcome = async {
            let row = take(&request.installation, request.viewer()?, id, taking).await?;
            Ok(Some(Finding::one(request, row).await?))
        };
        TakeFindingActionPayload::new(outcome.await)
    }
}
