//! Calling a review off: nothing more is carried out, and its document says so.

use portaria_entity::access_review::Model as Review;
use portaria_entity::id::AccessReviewId;
use portaria_entity::time::Timestamp;
use serde_json::json;

use super::closing::seal_document;
use super::finder::visible;
use super::{REASON_CHARS, policy_allowed, require_policy};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, stated};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Calls a review off that is not closed, whatever was decided in it; what had been carried out by then stays so. Needs what it takes to
/// start one like it.
pub async fn cancel(
    installation: &Installation,
    viewer: &Viewer,
    id: AccessReviewId,
    reason: &str,
) -> Result<Review> {
    let change = Change::by(installation, viewer, &[Permission::AccessReviewDecide]).await?;
    let review = visible(&change.transaction, viewer, id).await?;
    require_policy(&change, review.policy)?;
    let reason = stated(reason, Refusal::ReasonMissing)?;
    if reason.chars().count() > REASON_CHARS {
        return Err(Refusal::TextTooLong.into());
    }
    let by = change.author().ok_or(Error::PersonRequired)?;
    let claim = "UPDATE access_reviews SET closing_at = COALESCE(closing_at, $3), closed_by = $4, cancellation_reason = $5 \
                 WHERE workspace_id = $1 AND id = $2 AND closed_at IS NULL";
    let values = [id.0.into(), change.now.0.into(), by.0.into(), reason.into()];
    if change.execute(claim, values).await? == 0 {
        return Err(Refusal::ReviewClosed.into());
    }
    let leave = "UPDATE access_review_items SET outcome = 'cancelled', outcome_at = $3 \
                 WHERE workspace_id = $1 AND review_id = $2 AND outcome IS NULL";
    let left = change.execute(leave, [id.0.into(), change.now.0.into()]).await?;
    let told = json!({ "name": review.name, "reason": reason, "left": left });
    change.record("access_review.cancelled", id, (None, Some(told))).await?;
    let closed = seal_document(&change.transaction, installation, &review, change.now).await?;
    change.transaction.commit().await?;
    Ok(closed)
}

/// Refuses who may not call a review off now.
pub fn cancellable(viewer: &Viewer, review: &Review, now: Timestamp) -> Result<()> {
    viewer.session()?;
    viewer.ask_everywhere(Permission::AccessReviewDecide, now)?;
    policy_allowed(viewer.access.everywhere(), review.policy)?;
    if review.closed_at.is_none() { Ok(()) } else { Err(Refusal::ReviewClosed.into()) }
}
