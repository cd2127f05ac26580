//! Guidelines: how customers are to be answered, in writing, and who has read them.

mod acknowledging;
mod editing;

use portaria_entity::guideline::{self, Column};
use portaria_entity::guideline_version;
use portaria_entity::id::{GuidelineId, WorkspaceId};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::access::Scope;
use crate::error::{Error, Result};
use crate::guidance::{self, Place, language_tag, same_language};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

pub use acknowledging::{Acknowledgements, acknowledge, acknowledged, acknowledgements};
pub use editing::{Draft, Weight, archive, create, may_change, update};

/// Those who write, and those who say that they have read, take turns by this name.
const TURN: &str = "guidelines";
const PLACE: (Column, Column) = (Column::ChannelId, Column::TeamId);

/// A guideline that a viewer may see, with what they may do towards it.
#[derive(Clone, Debug)]
pub struct GuidelineRow {
    pub row: guideline::Model,
    pub held: PermissionSet,
}

impl GuidelineRow {
    /// What is offered in a conversation that they answer is theirs to read.
    fn seen_by(viewer: &Viewer, place: Option<Place>, row: guideline::Model) -> Self {
        let mut held = guidance::held(&viewer.access, scope_of(&row));
        if place.is_some() {
            held = held.union(PermissionSet::of(&[Permission::QuickReplyRead]));
        }
        Self { row, held }
    }

    pub fn scope(&self) -> Scope {
        scope_of(&self.row)
    }
}

fn scope_of(row: &guideline::Model) -> Scope {
    Scope::of_grant(row.channel_id, row.team_id)
}

/// Which guidelines are wanted. What is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct GuidelineFilter {
    /// Only those that hold there.
    pub place: Option<Place>,
    /// Only those of exactly that scope.
    pub scope: Option<Scope>,
    /// Only those for customers of that language, and those for all.
    pub language: Option<String>,
}

/// Where a page goes on: after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuidelineCursor {
    pub position: i32,
    pub id: GuidelineId,
}

/// A page of the guidelines in force, in their order.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &GuidelineFilter,
    (after, limit): (Option<GuidelineCursor>, u64),
) -> Result<Vec<GuidelineRow>> {
    let seen = match filter.place {
        Some(place) => place.condition(PLACE),
        None => guidance::visible(&viewer.access, PLACE),
    };
    let mut find = guideline::Entity::find()
        .filter(Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(Column::ArchivedAt.is_null())
        .filter(seen);
    if let Some(scope) = filter.scope {
        find = find.filter(guidance::exactly(scope, PLACE));
    }
    if let Some(language) = &filter.language {
        let language = language_tag(language)?;
        let known = languages(connection, viewer.workspace_id).await?;
        let fitting = known.into_iter().filter(|tag| same_language(tag, &language));
        find = find
            .filter(Condition::any().add(Column::Language.is_null()).add(Column::Language.is_in(fitting)));
    }
    if let Some(cursor) = after {
        let same = Condition::all().add(Column::Position.eq(cursor.position)).add(Column::Id.gt(cursor.id));
        find = find.filter(Condition::any().add(Column::Position.gt(cursor.position)).add(same));
    }
    let rows =
        find.order_by_asc(Column::Position).order_by_asc(Column::Id).limit(limit).all(connection).await?;
    Ok(rows.into_iter().map(|row| GuidelineRow::seen_by(viewer, filter.place, row)).collect())
}

/// The languages that there are guidelines for.
async fn languages(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<String>> {
    let find = guideline::Entity::find()
        .select_only()
        .column(Column::Language)
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::Language.is_not_null())
        .distinct();
    Ok(find.into_tuple().all(connection).await?)
}

/// One guideline, archived or not; `NotFound` when there is none or the viewer may not know that there is.
pub async fn find(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: GuidelineId,
) -> Result<GuidelineRow> {
    let row = guideline::Entity::find_by_id((viewer.workspace_id, id)).one(connection).await?;
    let row = row.filter(|row| guidance::sees(&viewer.access, scope_of(row))).ok_or(Error::NotFound)?;
    Ok(GuidelineRow::seen_by(viewer, None, row))
}

/// How it read before and now, the latest first.
pub async fn versions(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, GuidelineId),
    limit: u64,
) -> Result<Vec<guideline_version::Model>> {
    let find = guideline_version::Entity::find()
        .filter(guideline_version::Column::WorkspaceId.eq(workspace))
        .filter(guideline_version::Column::GuidelineId.eq(id))
        .order_by_desc(guideline_version::Column::Version)
        .limit(limit);
    Ok(find.all(connection).await?)
}
