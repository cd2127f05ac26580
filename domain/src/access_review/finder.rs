//! Which reviews somebody sees: all, who reads access audits; else those in which they decide.

use portaria_entity::access_review::{self, Model as Review};
use portaria_entity::access_review_item::{self, Decision, Model, Outcome};
use portaria_entity::id::{
    AccessReviewId, AccessReviewItemId, AccessReviewScheduleId, MemberId, WorkspaceId,
};
use portaria_entity::{access_review_reviewer, access_review_schedule};
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// The reviews that a viewer may know of.
fn seen(viewer: &Viewer) -> Select<access_review::Entity> {
    let find =
        access_review::Entity::find().filter(access_review::Column::WorkspaceId.eq(viewer.workspace_id));
    let held = viewer.access.everywhere();
    match viewer.member_id() {
        _ if held.contains(Permission::AccessAuditRead) => find,
        Some(member) if held.contains(Permission::AccessReviewDecide) => {
            let decides_in = Query::select()
                .column(access_review_reviewer::Column::ReviewId)
                .from(access_review_reviewer::Entity)
                .and_where(access_review_reviewer::Column::WorkspaceId.eq(viewer.workspace_id))
                .and_where(access_review_reviewer::Column::MemberId.eq(member))
                .to_owned();
            find.filter(access_review::Column::Id.in_subquery(decides_in))
        }
        Some(_) | None => find.filter(access_review::Column::Id.is_null()),
    }
}

pub(super) async fn visible(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: AccessReviewId,
) -> Result<Review> {
    let find = seen(viewer).filter(access_review::Column::Id.eq(id));
    find.one(connection).await?.ok_or(Error::NotFound)
}

/// A review that the viewer may know of.
pub async fn find(connection: &impl ConnectionTrait, viewer: &Viewer, id: AccessReviewId) -> Result<Review> {
    visible(connection, viewer, id).await
}

/// Reviews, the newest first: all, or those that are closed (false) or not (true).
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    open: Option<bool>,
    (after, limit): (Option<AccessReviewId>, u64),
) -> Result<Vec<Review>> {
    let mut find = seen(viewer);
    match open {
        Some(true) => find = find.filter(access_review::Column::ClosedAt.is_null()),
        Some(false) => find = find.filter(access_review::Column::ClosedAt.is_not_null()),
        None => {}
    }
    if let Some(after) = after {
        find = find.filter(access_review::Column::Id.lt(after));
    }
    Ok(find.order_by_desc(access_review::Column::Id).limit(limit).all(connection).await?)
}

/// Who decides in a review.
pub async fn reviewers_of(
    connection: &impl ConnectionTrait,
    database: &Database,
    review: &Review,
) -> Result<Vec<MemberId>> {
    let sql = "SELECT member_id FROM access_review_reviewers WHERE workspace_id = $1 AND review_id = $2 ORDER BY member_id";
    members(connection, database, sql, (review.workspace_id, review.id.0)).await
}

/// Who will decide in the reviews of a schedule.
pub async fn schedule_reviewers_of(
    connection: &impl ConnectionTrait,
    database: &Database,
    schedule: &access_review_schedule::Model,
) -> Result<Vec<MemberId>> {
    let sql = "SELECT member_id FROM access_review_schedule_reviewers \
               WHERE workspace_id = $1 AND schedule_id = $2 ORDER BY member_id";
    members(connection, database, sql, (schedule.workspace_id, schedule.id.0)).await
}

async fn members(
    connection: &impl ConnectionTrait,
    database: &Database,
    sql: &str,
    (workspace, id): (WorkspaceId, uuid::Uuid),
) -> Result<Vec<MemberId>> {
    let rows = connection.query_all_raw(database.statement(sql, [workspace.0.into(), id.into()])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

pub(super) async fn is_reviewer(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    review: &Review,
    member: MemberId,
) -> Result<bool> {
    Ok(reviewers_of(connection, &installation.database, review).await?.contains(&member))
}

/// Which items are wanted; what is `None` or false does not narrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// Only those that this reviewer is asked about.
    pub reviewer: Option<MemberId>,
    /// Only those that nobody has decided, and that have not ended.
    pub undecided: bool,
    /// Only what this member holds.
    pub member: Option<MemberId>,
    /// Only what came to that.
    pub outcome: Option<Outcome>,
}

/// The items of a review that was found for the viewer, in the order of their holders.
pub async fn items(
    connection: &impl ConnectionTrait,
    review: &Review,
    filter: ItemFilter,
    (after, limit): (Option<AccessReviewItemId>, u64),
) -> Result<Vec<Model>> {
    use access_review_item::Column;
    let mut find = access_review_item::Entity::find()
        .filter(Column::WorkspaceId.eq(review.workspace_id))
        .filter(Column::ReviewId.eq(review.id));
    if let Some(reviewer) = filter.reviewer {
        find = find.filter(Column::ReviewerId.eq(reviewer));
    }
    if filter.undecided {
        find = find.filter(Column::Decision.is_null()).filter(Column::Outcome.is_null());
    }
    if let Some(member) = filter.member {
        find = find.filter(Column::MemberId.eq(member));
    }
    if let Some(outcome) = filter.outcome {
        find = find.filter(Column::Outcome.eq(outcome));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.gt(after));
    }
    Ok(find.order_by_asc(Column::Id).limit(limit).all(connection).await?)
}

/// The id of an item is its place: items are written in the order of their holders.
pub fn item_cursor(item: &Model) -> [u8; 16] {
    *item.id.0.as_bytes()
}

/// How far a review has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub total: i64,
    /// Decided by somebody, whatever came of it.
    pub decided: i64,
    /// That are to be decided still.
    pub undecided: i64,
    /// That nobody of the reviewers may decide.
    pub without_reviewer: i64,
    pub kept: i64,
    pub changed: i64,
    pub revoked: i64,
    /// Of these, those that nobody had decided: they were taken away because nobody answered.
    pub revoked_unanswered: i64,
    pub ended_meanwhile: i64,
    pub unanswered: i64,
    pub refused: i64,
    /// That another grant had taken the place of, about which nobody decided.
    pub replaced: i64,
    /// That stayed because the review was called off.
    pub cancelled: i64,
}

/// Of a whole review, or of what one reviewer is asked. While a review runs, kept, changed and revoked are what was decided.
pub async fn progress(
    connection: &impl ConnectionTrait,
    database: &Database,
    review: &Review,
    reviewer: Option<MemberId>,
) -> Result<Progress> {
    let mut sql = "SELECT decision, outcome, CASE WHEN reviewer_id IS NULL THEN 1 ELSE 0 END, COUNT(*) \
                   FROM access_review_items WHERE workspace_id = $1 AND review_id = $2"
        .to_owned();
    let mut values: Vec<sea_orm::Value> = vec![review.workspace_id.0.into(), review.id.0.into()];
    if let Some(reviewer) = reviewer {
        sql += " AND reviewer_id = $3";
        values.push(reviewer.0.into());
    }
    sql += " GROUP BY decision, outcome, CASE WHEN reviewer_id IS NULL THEN 1 ELSE 0 END";
    let mut progress = Progress::default();
    for row in connection.query_all_raw(database.statement(&sql, values)).await? {
        let decision = row.try_get_by_index::<Option<String>>(0)?;
        let decision = decision.map(|text| Decision::try_from_value(&text)).transpose()?;
        let outcome = row.try_get_by_index::<Option<String>>(1)?;
        let outcome = outcome.map(|text| Outcome::try_from_value(&text)).transpose()?;
        let nobody = row.try_get_by_index::<i32>(2)? == 1;
        progress.add((decision, outcome), nobody, row.try_get_by_index(3)?);
    }
    Ok(progress)
}

impl Progress {
    fn add(&mut self, (decision, outcome): (Option<Decision>, Option<Outcome>), nobody: bool, count: i64) {
        self.total += count;
        if decision.is_some() {
            self.decided += count;
        } else if outcome.is_none() {
            self.undecided += count;
        }
        if nobody {
            self.without_reviewer += count;
        }
        if (outcome, decision) == (Some(Outcome::Revoked), None) {
            self.revoked_unanswered += count;
        }
        let counted = match (outcome, decision) {
            (Some(Outcome::Kept), _) | (None, Some(Decision::Keep)) => &mut self.kept,
            (Some(Outcome::Changed), _) | (None, Some(Decision::Change)) => &mut self.changed,
            (Some(Outcome::Revoked), _) | (None, Some(Decision::Revoke)) => &mut self.revoked,
            (Some(Outcome::EndedMeanwhile), _) => &mut self.ended_meanwhile,
            (Some(Outcome::Unanswered), _) => &mut self.unanswered,
            (Some(Outcome::Refused), _) => &mut self.refused,
            (Some(Outcome::Replaced), _) => &mut self.replaced,
            (Some(Outcome::Cancelled), _) => &mut self.cancelled,
            (None, None) => return,
        };
        *counted += count;
    }
}

/// The schedules of a workspace, those that have ended included, the newest first.
pub async fn schedules(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<access_review_schedule::Model>> {
    let find = access_review_schedule::Entity::find()
        .filter(access_review_schedule::Column::WorkspaceId.eq(workspace))
        .order_by_desc(access_review_schedule::Column::Id);
    Ok(find.all(connection).await?)
}

pub async fn find_schedule(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, AccessReviewScheduleId),
) -> Result<access_review_schedule::Model> {
    let find = access_review_schedule::Entity::find_by_id((workspace, id));
    find.one(connection).await?.ok_or(Error::NotFound)
}
