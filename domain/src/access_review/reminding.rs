//! Reminding reviewers of what they have not decided: when half of the time is over, three days and one day before the end.

use portaria_entity::access_review::{self, Model as Review};
use portaria_entity::id::WorkspaceId;
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::letter;
use super::recurrence::Calendar;
use crate::error::Result;
use crate::installation::Installation;
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
    for review in running {
        if let Some(due) = due(&calendar, &review, now)? {
            letters += send(installation, &review, due).await?;
        }
    }
    Ok(letters)
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
