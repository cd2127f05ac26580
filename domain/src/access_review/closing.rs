//! Closing a review: decisions are taken no more, what was decided is carried out, and the document is fixed.

use std::time::Duration;

use portaria_entity::access_review::{self, Model as Review, ReviewPolicy};
use portaria_entity::id::{AccessReviewId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::carrying_out::carry_out;
use super::document::{self, Digesting};
use super::finder::{is_reviewer, visible};
use super::unanswerable::set_aside;
use super::{decidable, letter, progress};
use crate::activity::{Actor, Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// The activity that tells the digest of a document.
pub(super) const CLOSED: &str = "access_review.closed";

/// Whoever closes a review goes on for so long; what is left by then is done by the schedule, in as many goes as it takes, so
/// that nothing else waits for it.
const AT_ONE_GO: Duration = Duration::from_secs(10);

/// Closes a review before its end, by a reviewer, once everything is answered. A large one may be closing still when this
/// answers.
pub async fn close(installation: &Installation, viewer: &Viewer, id: AccessReviewId) -> Result<Review> {
    viewer.require_everywhere(Permission::AccessReviewDecide, installation.clock.now())?;
    let me = viewer.session()?.member_id;
    let reader = installation.database.reader();
    let review = visible(reader, viewer, id).await?;
    if !is_reviewer(reader, installation, &review, me).await? {
        return Err(Refusal::NotAReviewer.into());
    }
    let unanswered = "NOT EXISTS (SELECT 1 FROM access_review_items i WHERE i.workspace_id = access_reviews.workspace_id \
                      AND i.review_id = access_reviews.id AND i.reviewer_id IS NOT NULL AND i.decision IS NULL AND i.outcome IS NULL)";
    if !begin_to_close(installation, &review, (Some(me), unanswered)).await? {
        let review = visible(reader, viewer, id).await?;
        let refusal = if review.closing_at.is_some() { Refusal::ReviewClosed } else { Refusal::Unanswered };
        return Err(refusal.into());
    }
    finish(installation, &review).await?;
    visible(reader, viewer, id).await
}

/// Refuses who may not close a review before its end now.
pub async fn closable(installation: &Installation, viewer: &Viewer, review: &Review) -> Result<()> {
    decidable(installation, viewer, review).await?;
    let database = &installation.database;
    let sql = "SELECT COUNT(*) FROM access_review_items WHERE workspace_id = $1 AND review_id = $2 \
               AND reviewer_id IS NOT NULL AND decision IS NULL AND outcome IS NULL";
    let values = [review.workspace_id.0.into(), review.id.0.into()];
    let row = database.reader().query_one_raw(database.statement(sql, values)).await?;
    let left: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if left == 0 { Ok(()) } else { Err(Refusal::Unanswered.into()) }
}

/// Closes the reviews of a workspace whose end has come, and goes on with those that somebody was interrupted in. Answers
/// how many were closed by this.
pub async fn close_due(installation: &Installation, workspace: WorkspaceId) -> Result<u64> {
    let now = installation.clock.now();
    let due = Condition::any()
        .add(access_review::Column::EndsAt.lte(now))
        .add(access_review::Column::ClosingAt.is_not_null());
    let reviews = access_review::Entity::find()
        .filter(access_review::Column::WorkspaceId.eq(workspace))
        .filter(access_review::Column::ClosedAt.is_null())
        .filter(due)
        .order_by_asc(access_review::Column::Id)
        .all(installation.database.reader())
        .await?;
    let mut closed = 0;
    for review in reviews {
        // One that fails does not keep the others from being closed.
        match close_one(installation, &review).await {
            Ok(done) => closed += u64::from(done),
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) => {
                tracing::error!(workspace = %workspace, review = %review.id, %error, "an access review could not be closed");
            }
        }
    }
    Ok(closed)
}

async fn close_one(installation: &Installation, review: &Review) -> Result<bool> {
    begin_to_close(installation, review, (None, "ends_at <= $4")).await?;
    finish(installation, review).await
}

/// From now on nothing is decided; false: that is so already, or the condition does not hold. Who could still have answered
/// is looked at now, before anything is carried out.
async fn begin_to_close(
    installation: &Installation,
    review: &Review,
    (by, condition): (Option<MemberId>, &str),
) -> Result<bool> {
    let sql = format!(
        "UPDATE access_reviews SET closing_at = $4, closed_by = $3 \
         WHERE workspace_id = $1 AND id = $2 AND closing_at IS NULL AND closed_at IS NULL AND {condition}"
    );
    let (database, now) = (&installation.database, installation.clock.now());
    let by = by.map(|member| member.0);
    let values = [review.workspace_id.0.into(), review.id.0.into(), by.into(), now.0.into()];
    let transaction = database.begin().await?;
    if transaction.execute_raw(database.statement(&sql, values)).await?.rows_affected() == 0 {
        return Ok(false);
    }
    if review.policy == ReviewPolicy::Revoke {
        set_aside(&transaction, installation, review).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Carries out what was decided and fixes the document; whether it was this process that did the latter.
async fn finish(installation: &Installation, review: &Review) -> Result<bool> {
    if !carry_out(installation, review, installation.clock.now() + AT_ONE_GO).await? {
        return Ok(false);
    }
    let (database, now) = (&installation.database, installation.clock.now());
    let transaction = database.begin().await?;
    let lock = "UPDATE access_reviews SET closing_at = closing_at WHERE workspace_id = $1 AND id = $2 AND closed_at IS NULL";
    let values = [review.workspace_id.0.into(), review.id.0.into()];
    if transaction.execute_raw(database.statement(lock, values)).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let closed = seal_document(&transaction, installation, review, now).await?;
    transaction.commit().await?;
    tracing::info!(workspace = %closed.workspace_id, review = %closed.id, "access review closed");
    Ok(true)
}

/// Fixes the document of a review of which every item is settled, has its digest sealed, and tells people that it is over. The
/// row is locked by the caller.
pub(super) async fn seal_document(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    review: &Review,
    now: Timestamp,
) -> Result<Review> {
    let found = access_review::Entity::find_by_id((review.workspace_id, review.id)).one(transaction).await?;
    let mut closed = Review { closed_at: Some(now), ..found.ok_or(Error::NotFound)? };
    document::name_people(transaction, &closed).await?;
    let mut digesting = Digesting::default();
    document::write_content(transaction, &closed, &mut |part| digesting.add(part)).await?;
    let digest = digesting.finish();
    let progress = progress(transaction, &installation.database, &closed, None).await?;
    let deed = Deed {
        workspace_id: closed.workspace_id,
        actor: Actor::Installation,
        action: CLOSED,
        subject: closed.id.to_string(),
        before: None,
        after: Some(json!({
            "digest": document::hex(&digest), "items": progress.total, "kept": progress.kept, "changed": progress.changed,
            "revoked": progress.revoked, "revokedUnanswered": progress.revoked_unanswered, "endedMeanwhile": progress.ended_meanwhile,
            "unanswered": progress.unanswered, "refused": progress.refused, "replaced": progress.replaced,
            "cancelled": progress.cancelled, "closedBy": closed.closed_by,
        })),
        address: None,
    };
    record(transaction, &installation.clock, deed).await?;
    letter::closed(transaction, installation, (&closed, &progress)).await?;
    fix(transaction, installation, (&closed, &digest), now).await?;
    closed.digest = Some(digest);
    Ok(closed)
}

/// The last change of a review's row: from now on the database refuses any.
async fn fix(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (review, digest): (&Review, &[u8]),
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE access_reviews SET closed_at = $3, digest = $4 WHERE workspace_id = $1 AND id = $2";
    let values = [review.workspace_id.0.into(), review.id.0.into(), now.0.into(), digest.to_vec().into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}
