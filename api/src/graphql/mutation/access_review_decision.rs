//! Deciding in access reviews.

use async_graphql::{Context, Enum, ID, InputObject};
use portaria_domain::access_review::{self, Decisions, Terms, Verdict, VerdictKind};
use portaria_domain::error::Refusal;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::access_review_item::{AccessReviewDecision, AccessReviewItem};
use crate::graphql::grant::GrantScopeInput;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AccessReviewDecisionMutation;

impl Subject for AccessReviewDecisionMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// What a grant shall be instead.
#[derive(InputObject)]
pub struct AccessReviewChangeInput {
    /// Which role (`role_...`): the one that it has, or another.
    role_id: ID,
    /// Where it holds.
    scope: GrantScopeInput,
    /// When it ends by itself, after the review; never if not said.
    valid_until: Option<DateTime>,
}

/// What is decided about one item.
#[derive(InputObject)]
pub struct AccessReviewDecisionInput {
    /// Which item (`revitem_...`).
    item_id: ID,
    /// What is decided.
    decision: AccessReviewDecision,
    /// Why, in at most 1,000 characters; needed unless it is kept.
    reason: Option<String>,
    /// What it shall be instead; with `CHANGE`, and only then.
    change: Option<AccessReviewChangeInput>,
    /// `decidedAt` of another reviewer's decision that this one replaces.
    replaces: Option<DateTime>,
}

impl AccessReviewDecisionInput {
    fn parse(self) -> Result<Verdict> {
        let kind = match (self.decision, self.change) {
            (AccessReviewDecision::Keep, None) => VerdictKind::Keep,
            (AccessReviewDecision::Revoke, None) => VerdictKind::Revoke,
            (AccessReviewDecision::Change, Some(change)) => VerdictKind::Change(Terms {
                role_id: parse(&change.role_id)?,
                scope: change.scope.parse()?,
                valid_until: change.valid_until.map(|until| until.0),
            }),
            (AccessReviewDecision::Change, None)
            | (AccessReviewDecision::Keep | AccessReviewDecision::Revoke, Some(_)) => {
                return Err(Problem::BadUserInput(
                    "`change` is said with `CHANGE`, and only then.".to_owned(),
                ));
            }
        };
        let replaces = self.replaces.map(|at| at.0);
        Ok(Verdict { item_id: parse(&self.item_id)?, kind, reason: self.reason, replaces })
    }
}

/// In which review, and what.
#[derive(InputObject)]
pub struct DecideAccessReviewItemsInput {
    /// Which review (`review_...`).
    review_id: ID,
    /// At most 100 decisions, each about another item.
    decisions: Vec<AccessReviewDecisionInput>,
}

/// Why something was not decided.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum AccessReviewRefusalCode {
    /// Nobody decides about their own access.
    OwnAccess,
    /// The holder, or the key, holds what the viewer does not.
    HoldsMore,
    /// Taking it away by hand would need a permission that the viewer does not hold: who may not has no say about it.
    MayNotTakeAway,
    /// The workspace would be left without an administrator for good.
    LastAdministrator,
    /// It has ended, or was replaced, meanwhile.
    AlreadyEnded,
    /// Another reviewer has decided: read it again, and give their `decidedAt` as `replaces`.
    ChangedMeanwhile,
    /// A reason is needed.
    ReasonMissing,
    /// The reason is too long.
    TextTooLong,
    /// Only a member's grant can be changed.
    NotChangeable,
    /// The viewer does not hold there what this would give.
    NotHeld,
    /// The viewer does not hold for so long what this would give.
    OutlastsGranter,
    /// The role allows nothing in that scope.
    NothingConferred,
    /// It would end before it begins, or before the review does.
    InvalidPeriod,
    /// The member is not active.
    NotActive,
}

impl AccessReviewRefusalCode {
    fn of(refusal: Refusal) -> Result<Self> {
        Ok(match refusal {
            Refusal::OwnAccess => Self::OwnAccess,
            Refusal::HoldsMore => Self::HoldsMore,
            Refusal::MayNotTakeAway => Self::MayNotTakeAway,
            Refusal::LastAdministrator => Self::LastAdministrator,
            Refusal::AlreadyEnded => Self::AlreadyEnded,
            Refusal::ChangedMeanwhile => Self::ChangedMeanwhile,
            Refusal::ReasonMissing => Self::ReasonMissing,
            Refusal::TextTooLong => Self::TextTooLong,
            Refusal::NotChangeable => Self::NotChangeable,
            Refusal::NotHeld => Self::NotHeld,
            Refusal::OutlastsGranter => Self::OutlastsGranter,
            Refusal::NothingConferred => Self::NothingConferred,
            Refusal::InvalidPeriod => Self::InvalidPeriod,
            Refusal::NotActive => Self::NotActive,
            unknown => return Err(portaria_domain::Error::internal(unknown).into()),
        })
    }
}

pub struct AccessReviewRefusal {
    item: AccessReviewItem,
    code: AccessReviewRefusalCode,
    message: String,
}

/// An item that was not decided, and why.
#[guarded]
impl AccessReviewRefusal {
    /// Which item.
    #[authenticated]
    fn item(&self) -> &AccessReviewItem {
        &self.item
    }

    /// Why: programs go by this.
    #[authenticated]
    fn code(&self) -> AccessReviewRefusalCode {
        self.code
    }

    /// In a sentence of English, for developers.
    #[authenticated]
    fn message(&self) -> &str {
        &self.message
    }
}

pub struct AccessReviewDecisions {
    decided: Vec<AccessReviewItem>,
    refused: Vec<AccessReviewRefusal>,
}

impl AccessReviewDecisions {
    async fn of(request: &Request, decisions: Decisions) -> Result<Self> {
        let decided = AccessReviewItem::all_of(request, decisions.decided).await?;
        let (rows, refusals): (Vec<_>, Vec<_>) = decisions.refused.into_iter().unzip();
        let items = AccessReviewItem::all_of(request, rows).await?;
        let refused = items.into_iter().zip(refusals).map(|(item, refusal)| {
            let code = AccessReviewRefusalCode::of(refusal)?;
            Ok(AccessReviewRefusal { item, code, message: refusal.to_string() })
        });
        Ok(Self { decided, refused: refused.collect::<Result<_>>()? })
    }
}

/// What was decided, and what was not. Each item is looked at for itself.
#[guarded]
impl AccessReviewDecisions {
    /// The items that are decided now.
    #[authenticated]
    fn decided(&self) -> &[AccessReviewItem] {
        &self.decided
    }

    /// Those that are not, and why.
    #[authenticated]
    fn refused(&self) -> &[AccessReviewRefusal] {
        &self.refused
    }
}

payload! {
    /// What came of deciding.
    DecideAccessReviewItemsPayload [authenticated] {
        /// What was decided and what was not; null when nothing was looked at.
        decisions: AccessReviewDecisions
    }
    DecideAccessReviewItemsUserError, DecideAccessReviewItemsErrorCode {
        /// The viewer is none of its reviewers.
        NotAReviewer = NotAReviewer at "reviewId",
        /// It is over.
        ReviewClosed = ReviewClosed at "reviewId",
        /// At least 1 and at most 100 are decided in one go.
        TooMany = TooMany at "decisions",
    }
}

#[guarded]
impl AccessReviewDecisionMutation {
    /// Decides about items of an access review, each for itself. It is carried out when the review closes, and can be decided
    /// otherwise until then; what cannot wait is taken away by `revokeGrant`. What could not be carried out is refused now.
    #[requires(AccessReviewDecide)]
    async fn decide_access_review_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In which review, and what.")] input: DecideAccessReviewItemsInput,
    ) -> Result<DecideAccessReviewItemsPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.review_id)?;
        let verdicts =
            input.decisions.into_iter().map(AccessReviewDecisionInput::parse).collect::<Result<Vec<_>>>()?;
        let outcome = access_review::decide(&request.installation, request.viewer()?, id, &verdicts).await;
        let outcome = match outcome {
            Ok(decisions) => Ok(Some(AccessReviewDecisions::of(request, decisions).await?)),
            Err(error) => Err(error),
        };
        DecideAccessReviewItemsPayload::new(outcome)
    }
}
