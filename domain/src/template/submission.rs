//! What is to be done with a template at Meta, in line: created, edited or deleted there. Each is claimed with a lease and
//! written down as begun before it is; when it is not known what came of it, Meta is asked what it has before anything is
//! sent again.

use std::collections::BTreeSet;
use std::time::Duration;

use portaria_entity::id::{TemplateId, TemplateVersionId, WorkspaceId};
use portaria_entity::template_submission::{
    self, Column, Model, SubmissionState as State, TemplateOperation,
};
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, template, template_version};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::definition::Definition;
use super::desk::Desk;
use crate::error::{Error, Result};
use crate::installation::Installation;

/// A process that died in the middle keeps it so long: longer than all its calls may take.
const LEASE: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Meta takes so many new templates of an account in an hour.
const CREATIONS_AN_HOUR: u64 = 100;
/// An approved template may be edited once a day, and so often in thirty.
const EDITS_IN_30_DAYS: usize = 10;

/// Something to be done, with what it takes.
#[derive(Clone, Debug)]
pub struct Job {
    pub submission: Model,
    pub template: template::Model,
    /// None: it is to be deleted.
    pub definition: Option<Definition>,
    /// Numbers of the account, one of whose tokens is to be used.
    pub channels: Vec<channel::Model>,
    /// It may have been done already: ask first.
    pub ask_first: bool,
}

/// Puts something in line.
pub(super) async fn queue(
    desk: &Desk<'_>,
    operation: TemplateOperation,
    version: Option<TemplateVersionId>,
) -> Result<()> {
    let due_at = match operation {
        TemplateOperation::Edit => earliest_edit(desk).await?,
        TemplateOperation::Create | TemplateOperation::Delete => desk.now,
    };
    let row = template_submission::ActiveModel {
        workspace_id: Set(desk.row.workspace_id),
        id: Set(desk.installation.clock.new_id()),
        template_id: Set(desk.row.id),
        version_id: Set(version),
        waba_id: Set(desk.row.waba_id.clone()),
        operation: Set(operation),
        state: Set(State::Queued),
        attempts: Set(0),
        due_at: Set(due_at),
        leased_until: Set(Timestamp(0)),
        began_at: Set(None),
        ended_at: Set(None),
        error_code: Set(None),
        error: Set(None),
        requested_by: Set(desk.viewer.member_id()),
        created_at: Set(desk.now),
    };
    template_submission::Entity::insert(row).exec_without_returning(&desk.transaction).await?;
    Ok(())
}

/// When Meta takes another edit of an approved template.
async fn earliest_edit(desk: &Desk<'_>) -> Result<Timestamp> {
    if !matches!(
        desk.row.status,
        Some(template::TemplateStatus::Approved | template::TemplateStatus::Flagged)
    ) {
        return Ok(desk.now);
    }
    let edits = template_submission::Entity::find()
        .filter(Column::WorkspaceId.eq(desk.row.workspace_id))
        .filter(Column::TemplateId.eq(desk.row.id))
        .filter(Column::Operation.eq(TemplateOperation::Edit))
        .filter(Column::State.eq(State::Done))
        .order_by_desc(Column::Id)
        .limit(EDITS_IN_30_DAYS as u64)
        .all(&desk.transaction)
        .await?;
    let begun: Vec<Timestamp> = edits.iter().filter_map(|edit| edit.began_at).collect();
    let day = begun.first().map_or(desk.now, |last| *last + DAY);
    let month = begun.get(EDITS_IN_30_DAYS - 1).map_or(desk.now, |tenth| *tenth + DAY * 30);
    Ok(desk.now.max(day).max(month))
}

/// Takes what waits out of the line; false when it has begun.
pub(super) async fn cancel(desk: &Desk<'_>) -> Result<bool> {
    let cancelled = template_submission::ActiveModel {
        state: Set(State::Cancelled),
        ended_at: Set(Some(desk.now)),
        ..Default::default()
    };
    let done = template_submission::Entity::update_many()
        .set(cancelled)
        .filter(Column::WorkspaceId.eq(desk.row.workspace_id))
        .filter(Column::TemplateId.eq(desk.row.id))
        .filter(Column::EndedAt.is_null())
        .filter(Column::State.eq(State::Queued))
        .exec(&desk.transaction)
        .await?;
    Ok(done.rows_affected > 0)
}

/// What is in line for a template.
pub async fn open_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    template: TemplateId,
) -> Result<Option<Model>> {
    let find = template_submission::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::TemplateId.eq(template))
        .filter(Column::EndedAt.is_null());
    Ok(find.one(connection).await?)
}

/// What was done last with a template, or is to be.
pub async fn last_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    template: TemplateId,
) -> Result<Option<Model>> {
    let find = template_submission::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::TemplateId.eq(template))
        .order_by_desc(Column::Id);
    Ok(find.one(connection).await?)
}

/// The same of some templates.
pub async fn last_of_each(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    templates: &[TemplateId],
) -> Result<Vec<Model>> {
    // Ids follow time; the database has no greatest of them by itself.
    let rows = template_submission::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::TemplateId.is_in(templates.iter().copied()))
        .order_by_desc(Column::Id)
        .all(connection)
        .await?;
    let mut seen = BTreeSet::new();
    Ok(rows.into_iter().filter(|row| seen.insert(row.template_id)).collect())
}

/// What is next in line.
#[derive(Debug)]
pub enum Claimed {
    Job(Box<Job>),
    /// It had to be put off: look again.
    PutOff,
    Nothing,
}

/// Takes the next thing that is due; nobody else does it meanwhile.
pub async fn claim(installation: &Installation) -> Result<Claimed> {
    let now = installation.clock.now();
    let transaction = installation.database.begin().await?;
    let skip = if installation.database.is_sqlite() { "" } else { " FOR UPDATE SKIP LOCKED" };
    let sql = format!(
        "SELECT workspace_id, id FROM template_submissions \
         WHERE ended_at IS NULL AND due_at <= $1 AND leased_until <= $1 ORDER BY due_at LIMIT 1{skip}"
    );
    let due = transaction.query_one_raw(installation.database.statement(&sql, [now.0.into()])).await?;
    let Some(due) = due else { return Ok(Claimed::Nothing) };
    let key = (due.try_get_by_index(0)?, due.try_get_by_index(1)?);
    let find = template_submission::Entity::find_by_id(key).one(&transaction);
    let mut row = find.await?.ok_or_else(|| Error::internal("what was due is gone"))?;
    let ask_first = matches!(row.state, State::Sending | State::Unclear);
    let is_new = row.operation == TemplateOperation::Create && row.began_at.is_none();
    if let Some(later) = if is_new { next_creation(&transaction, &row, now).await? } else { None } {
        let put_off = template_submission::ActiveModel { due_at: Set(later), ..Default::default() };
        update(&transaction, &row, put_off).await?;
        transaction.commit().await?;
        return Ok(Claimed::PutOff);
    }
    row.attempts += 1;
    row.began_at = row.began_at.or(Some(now));
    let taken = template_submission::ActiveModel {
        state: Set(State::Sending),
        attempts: Set(row.attempts),
        leased_until: Set(now + LEASE),
        began_at: Set(row.began_at),
        ..Default::default()
    };
    update(&transaction, &row, taken).await?;
    let job = read(&transaction, row, ask_first).await?;
    transaction.commit().await?;
    Ok(Claimed::Job(Box::new(job)))
}

/// When the account may have another template, if not now.
async fn next_creation(
    connection: &impl ConnectionTrait,
    row: &Model,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let lately = template_submission::Entity::find()
        .select_only()
        .column(Column::BeganAt)
        .filter(Column::WabaId.eq(row.waba_id.as_str()))
        .filter(Column::Operation.eq(TemplateOperation::Create))
        .filter(Column::BeganAt.gt(now - HOUR))
        .order_by_desc(Column::BeganAt)
        .limit(CREATIONS_AN_HOUR)
        .into_tuple::<Option<Timestamp>>()
        .all(connection)
        .await?;
    let full = u64::try_from(lately.len()).unwrap_or(u64::MAX) >= CREATIONS_AN_HOUR;
    Ok(lately.last().copied().flatten().filter(|_| full).map(|oldest| oldest + HOUR))
}

async fn read(connection: &impl ConnectionTrait, submission: Model, ask_first: bool) -> Result<Job> {
    let gone = || Error::internal("a template that is to be sent is gone");
    let key = (submission.workspace_id, submission.template_id);
    let template = template::Entity::find_by_id(key).one(connection).await?.ok_or_else(gone)?;
    let definition = match submission.version_id {
        None => None,
        Some(version) => {
            let find = template_version::Entity::find_by_id((submission.workspace_id, version));
            let version = find.one(connection).await?.ok_or_else(gone)?;
            Some(Definition::from_json(&version.definition)?)
        }
    };
    let channels = channel::Entity::find()
        .filter(channel::Column::WorkspaceId.eq(submission.workspace_id))
        .filter(channel::Column::WabaId.eq(submission.waba_id.as_str()))
        .order_by_asc(channel::Column::Id)
        .all(connection)
        .await?;
    Ok(Job { submission, template, definition, channels, ask_first })
}

pub(super) async fn update(
    connection: &impl ConnectionTrait,
    row: &Model,
    changed: template_submission::ActiveModel,
) -> Result<()> {
    settle(connection, row, changed).await.map(drop)
}

/// The same; false when somebody else has gone on with it since it was claimed.
pub(super) async fn settle(
    connection: &impl ConnectionTrait,
    row: &Model,
    changed: template_submission::ActiveModel,
) -> Result<bool> {
    let claimed = match changed.attempts {
        Set(attempts) => attempts - 1,
        _ => row.attempts,
    };
    let done = template_submission::Entity::update_many()
        .set(changed)
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::Id.eq(row.id))
        .filter(Column::EndedAt.is_null())
        .filter(Column::Attempts.eq(claimed))
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}
