//! Campaigns that come again. Each is made once, by whichever process is first; of those that were missed, the latest.

use jiff::ToSpan;
use portaria_entity::access_review::ReviewPolicy;
use portaria_entity::access_review_schedule::{self, Model as Schedule};
use portaria_entity::id::{AccessReviewScheduleId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::beginning::{Beginning, begin};
use super::coverage::{Coverage, Names};
use super::recurrence::{Calendar, Occurrence, Recurrence};
use super::{
    checked_name, find_schedule, may_review, require_policy, require_reviewers, schedule_reviewers_of,
};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Authority, Change};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;
use crate::workspace;

/// How many days there may be to decide.
const DAYS: std::ops::RangeInclusive<i32> = 1..=90;
/// The first one comes within so many years.
const YEARS_AHEAD: i64 = 10;
/// The most schedules of a workspace.
const MOST: usize = 100;

/// A campaign that is to come again.
#[derive(Clone, Copy, Debug)]
pub struct NewSchedule<'a> {
    pub name: &'a str,
    pub coverage: Coverage,
    pub reviewers: &'a [MemberId],
    pub policy: ReviewPolicy,
    pub recurrence: Recurrence,
    /// The local day of the first one: `2026-03-31`; tomorrow if not said.
    pub first_on: Option<&'a str>,
    /// How many days there are to decide.
    pub days: i32,
}

/// Has a campaign come again. It is the workspace's: it goes on when who set it up leaves.
pub async fn schedule(
    installation: &Installation,
    viewer: &Viewer,
    new: NewSchedule<'_>,
) -> Result<Schedule> {
    let change = Change::by(installation, viewer, &[Permission::AccessReviewDecide]).await?;
    require_policy(&change, new.policy)?;
    require_reviewers(&change.ledger, new.reviewers, change.now)?;
    if !DAYS.contains(&new.days) || new.days >= new.recurrence.months() * 28 {
        return Err(Refusal::InvalidPeriod.into());
    }
    Names::of(&change).await?.of_coverage(new.coverage)?;
    let there = super::schedules(&change.transaction, change.workspace_id).await?;
    if there.iter().filter(|schedule| schedule.ended_at.is_none()).count() >= MOST {
        return Err(Refusal::TooMany.into());
    }
    let company = workspace::find(&change.transaction, change.workspace_id).await?;
    let (role_id, channel_id) = new.coverage.columns();
    let row = Schedule {
        workspace_id: change.workspace_id,
        id: installation.clock.new_id(),
        name: checked_name(new.name)?.to_owned(),
        scope: new.coverage.scope(),
        role_id,
        channel_id,
        policy: new.policy,
        every_months: new.recurrence.months(),
        first_on: first_day(&Calendar::of(&company)?, new.first_on, change.now)?,
        days: new.days,
        created_by: change.author().ok_or(Error::PersonRequired)?,
        created_at: change.now,
        ended_by: None,
        ended_at: None,
    };
    access_review_schedule::Entity::insert(access_review_schedule::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    for reviewer in new.reviewers {
        let sql = "INSERT INTO access_review_schedule_reviewers (workspace_id, schedule_id, member_id) \
                   VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        change.execute(sql, [row.id.0.into(), reviewer.0.into()]).await?;
    }
    let told = json!({ "name": row.name, "role": role_id, "channel": channel_id, "policy": <&str>::from(row.policy),
                       "everyMonths": row.every_months, "firstOn": row.first_on, "days": row.days,
                       "reviewers": new.reviewers });
    change.record("access_review.scheduled", row.id, (None, Some(told))).await?;
    change.transaction.commit().await?;
    Ok(row)
}

/// Not today: its hour may have passed. Nor when nobody here will know of it any more.
fn first_day(calendar: &Calendar, said: Option<&str>, now: Timestamp) -> Result<String> {
    let tomorrow = calendar.today(now)?.checked_add(1.day()).map_err(Error::internal)?;
    let Some(said) = said else { return Ok(tomorrow.to_string()) };
    let day: jiff::civil::Date =
        said.parse().map_err(|_| Error::BadInput(format!("{said} is not a day such as 2026-03-31")))?;
    let latest = tomorrow.checked_add(YEARS_AHEAD.years()).map_err(Error::internal)?;
    if day < tomorrow || day > latest {
        return Err(Refusal::InvalidPeriod.into());
    }
    Ok(day.to_string())
}

/// No campaign comes of it any more. One that runs goes on. Takes all that an administrator holds, or to have made it oneself,
/// unless silence takes away.
pub async fn end_schedule(
    installation: &Installation,
    viewer: &Viewer,
    id: AccessReviewScheduleId,
) -> Result<Schedule> {
    let change = Change::by(installation, viewer, &[Permission::AccessReviewDecide]).await?;
    let found = find_schedule(&change.transaction, (change.workspace_id, id)).await?;
    let own = change.author() == Some(found.created_by);
    require_policy(&change, if own { found.policy } else { ReviewPolicy::Revoke })?;
    if found.ended_at.is_some() {
        return Err(Refusal::AlreadyEnded.into());
    }
    let sql = "UPDATE access_review_schedules SET ended_at = $3, ended_by = $4 \
               WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL";
    let by = change.author();
    change.execute(sql, [id.0.into(), change.now.0.into(), by.map(|by| by.0).into()]).await?;
    change.record("access_review.schedule_ended", id, (Some(json!({ "name": found.name })), None)).await?;
    let ended = Schedule { ended_at: Some(change.now), ended_by: by, ..found };
    change.transaction.commit().await?;
    Ok(ended)
}

/// Starts the campaigns of a workspace that are due. Answers how many were started by this process.
pub async fn start_due(installation: &Installation, workspace_id: WorkspaceId) -> Result<u64> {
    let reader = installation.database.reader();
    let running = access_review_schedule::Entity::find()
        .filter(access_review_schedule::Column::WorkspaceId.eq(workspace_id))
        .filter(access_review_schedule::Column::EndedAt.is_null())
        .order_by_asc(access_review_schedule::Column::Id)
        .all(reader)
        .await?;
    if running.is_empty() {
        return Ok(0);
    }
    let calendar = Calendar::of(&workspace::find(reader, workspace_id).await?)?;
    let mut started = 0;
    for schedule in running {
        // One that fails does not keep the others from theirs.
        match start_if_due(installation, &schedule, &calendar).await {
            Ok(done) => started += u64::from(done),
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) => {
                tracing::error!(workspace = %workspace_id, schedule = %schedule.id, %error, "an access review could not be started");
            }
        }
    }
    Ok(started)
}

async fn start_if_due(installation: &Installation, schedule: &Schedule, calendar: &Calendar) -> Result<bool> {
    let last = last_of(installation, schedule).await?;
    match calendar.due(schedule, last.as_deref(), installation.clock.now())? {
        Some(occurrence) => start(installation, schedule, (calendar, occurrence)).await,
        None => Ok(false),
    }
}

async fn last_of(installation: &Installation, schedule: &Schedule) -> Result<Option<String>> {
    let database = &installation.database;
    let sql = "SELECT MAX(scheduled_for) FROM access_reviews WHERE workspace_id = $1 AND schedule_id = $2";
    let values = [schedule.workspace_id.0.into(), schedule.id.0.into()];
    let row = database.reader().query_one_raw(database.statement(sql, values)).await?;
    row.map_or(Ok(None), |row| Ok(row.try_get_by_index(0)?))
}

async fn start(
    installation: &Installation,
    schedule: &Schedule,
    (calendar, occurrence): (&Calendar, Occurrence),
) -> Result<bool> {
    let change = Change::begin(installation, schedule.workspace_id, Authority::Installation).await?;
    let mut reviewers = Vec::new();
    for reviewer in schedule_reviewers_of(&change.transaction, &installation.database, schedule).await? {
        // Who may decide no more is left out; when that is everybody, administrators are told that nobody is asked.
        if may_review(&change.ledger, reviewer, change.now)? {
            reviewers.push(reviewer);
        }
    }
    let beginning = Beginning {
        name: &schedule.name,
        coverage: Coverage::of_columns(schedule.role_id, schedule.channel_id),
        reviewers: &reviewers,
        ends_at: calendar.days_after(change.now, i64::from(schedule.days))?,
        policy: schedule.policy,
        schedule: Some((schedule.id, occurrence.day)),
    };
    match begin(&change, beginning).await {
        Ok(Some(review)) => {
            change.transaction.commit().await?;
            tracing::info!(workspace = %review.workspace_id, review = %review.id, "access review started");
            Ok(true)
        }
        Ok(None) => Ok(false),
        // The role it was about is gone, and it with it.
        Err(Error::NotFound) => {
            let sql = "UPDATE access_review_schedules SET ended_at = $3 WHERE workspace_id = $1 AND id = $2";
            change.execute(sql, [schedule.id.0.into(), change.now.0.into()]).await?;
            let told = Some(json!({ "name": schedule.name }));
            change.record("access_review.schedule_ended", schedule.id, (told, None)).await?;
            change.transaction.commit().await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
