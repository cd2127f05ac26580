//! Writing guidelines. A change is in force at once, and each version is kept with who wrote it.

use portaria_entity::id::GuidelineId;
use portaria_entity::time::Timestamp;
use portaria_entity::{guideline, guideline_version};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::{GuidelineRow, TURN, scope_of};
use crate::access::Scope;
use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::guidance::{
    MANAGE, author, language_tag, may_write, one_line, require_scope, require_write, sees,
};
use crate::installation::Installation;
use crate::turn;
use crate::viewer::Viewer;

const LONGEST_TITLE: usize = 120;
const LONGEST_BODY: usize = 20_000;
/// So many a workspace may have in force.
const MOST: u64 = 500;

/// A guideline as somebody writes it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub scope: Scope,
    pub language: Option<String>,
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Orders lists, the lowest first.
    pub position: i32,
}

/// Whether a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Everybody reads it again.
    Material,
    /// A slip of the pen: who had read it has read it.
    Minor,
}

impl Draft {
    fn checked(self) -> Result<Self> {
        let title = one_line(&self.title);
        if title.is_empty() {
            return Err(Refusal::TitleMissing.into());
        }
        let kept = |c: &char| *c == '\n' || *c == '\t' || !c.is_control();
        let body: String = self.body.replace("\r\n", "\n").chars().filter(kept).collect();
        let body = body.trim_end().to_owned();
        if body.trim().is_empty() {
            return Err(Refusal::TextMissing.into());
        }
        if title.chars().count() > LONGEST_TITLE || body.chars().count() > LONGEST_BODY {
            return Err(Refusal::TextTooLong.into());
        }
        let language = self.language.as_deref().map(language_tag).transpose()?;
        Ok(Self { title, body, language, ..self })
    }

    fn write_to(self, row: &mut guideline::Model) {
        (row.channel_id, row.team_id) = self.scope.columns();
        row.language = self.language;
        row.title = self.title;
        row.body = self.body;
        row.position = self.position;
    }
}

/// Refuses who may not change a guideline that they see. Touches no database.
pub fn may_change(viewer: &Viewer, row: &GuidelineRow, now: Timestamp) -> Result<()> {
    may_write(viewer, row.scope(), now)?;
    if row.row.archived_at.is_some() { Err(Refusal::Archived.into()) } else { Ok(()) }
}

/// Writes a new one.
pub async fn create(installation: &Installation, viewer: &Viewer, draft: Draft) -> Result<GuidelineRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    require_scope(&transaction, viewer.workspace_id, draft.scope).await?;
    require_write(viewer, draft.scope, now)?;
    let in_force = guideline::Entity::find()
        .filter(guideline::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(guideline::Column::ArchivedAt.is_null());
    if in_force.count(&transaction).await? >= MOST {
        return Err(Refusal::TooMany.into());
    }
    let (created_by, created_by_key) = author(viewer);
    let mut row = guideline::Model {
        workspace_id: viewer.workspace_id,
        id: installation.clock.new_id(),
        channel_id: None,
        team_id: None,
        language: None,
        title: String::new(),
        body: String::new(),
        position: 0,
        version: 1,
        counts_from: 1,
        created_by,
        created_by_key,
        created_at: now,
        updated_by: created_by,
        updated_by_key: created_by_key,
        updated_at: now,
        archived_at: None,
    };
    draft.checked()?.write_to(&mut row);
    guideline::Entity::insert(guideline::ActiveModel::from(row.clone()))
        .exec_without_returning(&transaction)
        .await?;
    keep_version(&transaction, &row, Weight::Material).await?;
    note(&transaction, (installation, viewer), "guideline.created", (row.id, None, Some(told(&row)))).await?;
    transaction.commit().await?;
    Ok(GuidelineRow::seen_by(viewer, None, row))
}

/// Writes it anew. `version` is the one that was read before: who overlooks a change of somebody else's is refused.
pub async fn update(
    installation: &Installation,
    viewer: &Viewer,
    (id, version): (GuidelineId, i32),
    (draft, weight): (Draft, Weight),
) -> Result<GuidelineRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    let before = changeable(&transaction, viewer, id, now).await?;
    require_scope(&transaction, viewer.workspace_id, draft.scope).await?;
    require_write(viewer, draft.scope, now)?;
    if before.version != version {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let mut row = before.clone();
    draft.checked()?.write_to(&mut row);
    if row == before {
        return Ok(GuidelineRow::seen_by(viewer, None, row));
    }
    let moved = guideline::Model { position: before.position, ..row.clone() } == before;
    row.updated_at = now;
    (row.updated_by, row.updated_by_key) = author(viewer);
    // Only another place in the list is no other text.
    if !moved {
        row.version += 1;
        if weight == Weight::Material {
            row.counts_from = row.version;
        }
        keep_version(&transaction, &row, weight).await?;
    }
    save(&transaction, &row).await?;
    let told = (row.id, Some(told(&before)), Some(told(&row)));
    note(&transaction, (installation, viewer), "guideline.updated", told).await?;
    transaction.commit().await?;
    Ok(GuidelineRow::seen_by(viewer, None, row))
}

/// Puts it out of force. It stays on record with who had read it.
pub async fn archive(installation: &Installation, viewer: &Viewer, id: GuidelineId) -> Result<GuidelineRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    let mut row = changeable(&transaction, viewer, id, now).await?;
    row.archived_at = Some(now);
    save(&transaction, &row).await?;
    note(&transaction, (installation, viewer), "guideline.archived", (row.id, Some(told(&row)), None))
        .await?;
    transaction.commit().await?;
    Ok(GuidelineRow::seen_by(viewer, None, row))
}

async fn begin(installation: &Installation, viewer: &Viewer) -> Result<DatabaseTransaction> {
    let transaction = installation.database.begin().await?;
    turn::take(installation, &transaction, viewer.workspace_id, [TURN]).await?;
    Ok(transaction)
}

async fn changeable(
    transaction: &DatabaseTransaction,
    viewer: &Viewer,
    id: GuidelineId,
    now: Timestamp,
) -> Result<guideline::Model> {
    let row = guideline::Entity::find_by_id((viewer.workspace_id, id)).one(transaction).await?;
    let row = row.filter(|row| sees(&viewer.access, scope_of(row))).ok_or(Error::NotFound)?;
    may_change(viewer, &GuidelineRow::seen_by(viewer, None, row.clone()), now)?;
    viewer.note_use(MANAGE);
    Ok(row)
}

async fn save(transaction: &DatabaseTransaction, row: &guideline::Model) -> Result<()> {
    guideline::Entity::update(guideline::ActiveModel::from(row.clone()).reset_all())
        .exec(transaction)
        .await?;
    Ok(())
}

async fn keep_version(
    transaction: &DatabaseTransaction,
    row: &guideline::Model,
    weight: Weight,
) -> Result<()> {
    let version = guideline_version::ActiveModel {
        workspace_id: Set(row.workspace_id),
        guideline_id: Set(row.id),
        version: Set(row.version),
        channel_id: Set(row.channel_id),
        team_id: Set(row.team_id),
        language: Set(row.language.clone()),
        title: Set(row.title.clone()),
        body: Set(row.body.clone()),
        is_minor: Set(weight == Weight::Minor),
        author_id: Set(row.updated_by),
        author_key_id: Set(row.updated_by_key),
        created_at: Set(row.updated_at),
    };
    guideline_version::Entity::insert(version).exec_without_returning(transaction).await?;
    Ok(())
}

/// The text stands in the versions, by which the log names it.
fn told(row: &guideline::Model) -> Value {
    json!({ "title": row.title, "language": row.language, "position": row.position, "version": row.version,
            "channel": row.channel_id, "team": row.team_id })
}

async fn note(
    transaction: &DatabaseTransaction,
    (installation, viewer): (&Installation, &Viewer),
    action: &str,
    (id, before, after): (GuidelineId, Option<Value>, Option<Value>),
) -> Result<()> {
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action,
        subject: id.to_string(),
        before,
        after,
        address: viewer.stated_address(),
    };
    record(transaction, &installation.clock, deed).await
}
