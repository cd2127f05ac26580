//! Reminding reviewers of what they have not decided: when half of the time is over, three days and one day before the end.
//! What was asked of who may decide no more is asked of others first, and administrators are told when there is no reviewer left.

use std::collections::HashMap;

use portaria_entity::access_review::{self, Model as Review};
use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::recurrence::Calendar;
use super::unanswerable::hand_over;
use super::{letter, progress, reviewers_of};
use crate::access::Access;
use crate::error::Result;
use crate::grant::access_of_members;
use crate::installation::Installation;
use crate::permission::Permission;
use crate::workspace;

/// Sends the reminders of a workspace that are due; of those that were missed the latest. Answers how many letters were
/// queued by this process.
pub async fn remind(installation: &Installation, workspace_id: WorkspaceId) -> Result<u64> {
    let now = installation.clock.now();
    let reader = installation.database.reader();
    let running = access_review::Entity::find()
        .filter(access_review::Column::WorkspaceId.eq(workspace_id))
        .filter(access_review::Column::ClosedAt.is_null())
        .filter(access_review::Column::ClosingAt.is_null())
        .filter(access_review::Column::EndsAt.gt(now))
        .order_by_asc(access_review::Column::Id)
        .all(reader)
        .await?;
    if running.is_empty() {
        return Ok(0);
    }
    let calendar = Calendar::of(&workspace::find(reader, workspace_id).await?)?;
    let mut letters = 0;
    let access = access_of_members(reader, &installation.database, workspace_id, now).await?;
    for review in running {
        // One that fails does not keep the others from theirs.
        match look_after(installation, &review, (&calendar, &access)).await {
            Ok(sent) => letters += sent,
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) => {
                tracing::error!(workspace = %workspace_id, review = %review.id, %error, "nobody could be reminded of an access review");
            }
        }
    }
    Ok(letters)
}

async fn look_after(
    installation: &Installation,
    review: &Review,
    (calendar, access): (&Calendar, &HashMap<MemberId, Access>),
) -> Result<u64> {
    let (reader, now) = (installation.database.reader(), installation.clock.now());
    let reviewers = reviewers_of(reader, &installation.database, review).await?;
    let able = |reviewer: &MemberId| {
        let held = access.get(reviewer).map(Access::everywhere).unwrap_or_default();
        held.contains(Permission::AccessReviewDecide)
    };
    let (able, gone): (Vec<MemberId>, Vec<MemberId>) = reviewers.into_iter().partition(able);
    // Where there was none from the start, that was told at the start.
    if able.is_empty() && !gone.is_empty() {
        return abandoned(installation, review).await;
    }
    let letters = hand_over(installation, review, (&gone, &able)).await?;
    match due(calendar, review, now)? {
        Some(due) => Ok(letters + send(installation, review, due).await?),
        None => Ok(letters),
    }
}

/// Told once, of what is not answered.
async fn abandoned(installation: &Installation, review: &Review) -> Result<u64> {
    let reader = installation.database.reader();
    let left = progress(reader, &installation.database, review, None).await?.undecided;
    if left == 0 {
        return Ok(0);
    }
    let transaction = installation.database.begin().await?;
    letter::abandoned(&transaction, installation, (review, left)).await?;
    transaction.commit().await?;
    Ok(0)
}

/// The latest reminder that has come, unless it went out.
fn due(calendar: &Calendar, review: &Review, now: Timestamp) -> Result<Option<Timestamp>> {
    let latest = reminders(calendar, review)?.into_iter().rfind(|at| *at <= now);
    Ok(latest.filter(|at| review.reminded_at.is_none_or(|sent| sent < *at)))
}

/// In order, each later than the start and earlier than the end.
fn reminders(calendar: &Calendar, review: &Review) -> Result<Vec<Timestamp>> {
    let half = Timestamp(review.started_at.0 + (review.ends_at.0 - review.started_at.0) / 2);
    let mut all =
        vec![half, calendar.days_after(review.ends_at, -3)?, calendar.days_after(review.ends_at, -1)?];
    all.retain(|at| *at > review.started_at && *at < review.ends_at);
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

async fn send(installation: &Installation, review: &Review, due: Timestamp) -> Result<u64> {
    let transaction = installation.database.begin().await?;
    let sql = "UPDATE access_reviews SET reminded_at = $3 WHERE workspace_id = $1 AND id = $2 \
               AND closing_at IS NULL AND (reminded_at IS NULL OR reminded_at < $3)";
    let values = [review.workspace_id.0.into(), review.id.0.into(), due.0.into()];
    let claimed = transaction.execute_raw(installation.database.statement(sql, values)).await?;
    if claimed.rows_affected() == 0 {
        return Ok(0);
    }
    let letters = letter::reminder(&transaction, installation, (review, due)).await?;
    transaction.commit().await?;
    Ok(letters)
}
