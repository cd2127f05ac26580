//! Calling a review off: nothing more is carried out, and its document says so.

use portaria_entity::access_review::{Model as Review, ReviewPolicy};
use portaria_entity::id::{AccessReviewId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::closing::seal_document;
use super::finder::visible;
use super::{REASON_CHARS, policy_allowed};
use crate::database::Database;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, stated};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// Calls a review off that is not closed, whatever was decided in it; what had been carried out by then stays so. Takes all that an
/// administrator holds, or that one began it oneself and nobody else has decided against anything yet.
pub async fn cancel(
    installation: &Installation,
    viewer: &Viewer,
    id: AccessReviewId,
    reason: &str,
) -> Result<Review> {
    let change = Change::by(installation, viewer, &[Permission::AccessReviewDecide]).await?;
    // Nobody begins to carry it out while it is looked at.
    let hold = "UPDATE access_reviews SET closing_at = closing_at WHERE workspace_id = $1 AND id = $2 AND closed_at IS NULL";
    change.execute(hold, [id.0.into()]).await?;
    let review = visible(&change.transaction, viewer, id).await?;
    let by = change.author().ok_or(Error::PersonRequired)?;
    let held = change.ledger.member(by)?.access(change.now).everywhere();
    may_call_off(&change.transaction, &installation.database, &review, (by, held)).await?;
    let reason = stated(reason, Refusal::ReasonMissing)?;
    if reason.chars().count() > REASON_CHARS {
        return Err(Refusal::TextTooLong.into());
    }
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
pub async fn cancellable(
    installation: &Installation,
    viewer: &Viewer,
    review: &Review,
    now: Timestamp,
) -> Result<()> {
    let by = viewer.session()?.member_id;
    viewer.ask_everywhere(Permission::AccessReviewDecide, now)?;
    let database = &installation.database;
    may_call_off(database.reader(), database, review, (by, viewer.access.everywhere())).await?;
    if review.closed_at.is_none() { Ok(()) } else { Err(Refusal::ReviewClosed.into()) }
}

/// What others have decided against access is called off by who could have begun any review. And nobody calls off what is
/// about to be done to their own access.
async fn may_call_off(
    connection: &impl ConnectionTrait,
    database: &Database,
    review: &Review,
    (by, held): (MemberId, PermissionSet),
) -> Result<()> {
    let sql = "SELECT COALESCE(SUM(CASE WHEN decided_by <> $3 THEN 1 ELSE 0 END), 0), \
                      COALESCE(SUM(CASE WHEN member_id = $3 AND outcome IS NULL THEN 1 ELSE 0 END), 0) \
               FROM access_review_items WHERE workspace_id = $1 AND review_id = $2 AND decision IN ('change', 'revoke')";
    let values = [review.workspace_id.0.into(), review.id.0.into(), by.0.into()];
    let row = connection.query_one_raw(database.statement(sql, values)).await?;
    let (others, own): (i64, i64) = match row {
        Some(row) => (row.try_get_by_index(0)?, row.try_get_by_index(1)?),
        None => (0, 0),
    };
    let began_alone = review.started_by == Some(by) && others == 0;
    if review.policy == ReviewPolicy::Revoke || !began_alone {
        policy_allowed(held, ReviewPolicy::Revoke)?;
    }
    if review.closing_at.is_some() && own > 0 { Err(Refusal::OwnAccess.into()) } else { Ok(()) }
}
