//! Quick replies: texts that were approved beforehand, for who may not write to customers freely, and for who would rather
//! not type. Which there are, where they are offered, and what they say.

mod content;
mod editing;
mod filling;
mod sent;
mod value;

use portaria_entity::id::{QuickReplyId, WorkspaceId};
use portaria_entity::quick_reply::{self, Column};
use portaria_entity::quick_reply_version;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::access::Scope;
use crate::error::{Error, Result};
use crate::guidance::{self, Place, folded};
use crate::permission::PermissionSet;
use crate::viewer::Viewer;

pub use content::{Content, Known, LONGEST_FREE, Piece, Placeholder, PlaceholderKind, Translation, pieces};
pub use editing::{Draft, Status, create, may_change, set_status, update};
pub use filling::{Filled, Filling, Preview, fill, preview};
pub use sent::{of_messages, remember};
pub use value::{Flaw, FlawKind, Value};

/// Words that are searched for at once.
const MOST_WORDS: usize = 6;
const PLACE: (Column, Column) = (Column::ChannelId, Column::TeamId);

/// A quick reply that a viewer may see, with what they may do towards it.
#[derive(Clone, Debug)]
pub struct QuickReplyRow {
    pub row: quick_reply::Model,
    pub content: Content,
    pub held: PermissionSet,
}

impl QuickReplyRow {
    fn of(row: quick_reply::Model, held: PermissionSet) -> Result<Self> {
        Ok(Self { content: read(&row.content)?, held, row })
    }

    pub fn scope(&self) -> Scope {
        Scope::of_grant(self.row.channel_id, self.row.team_id)
    }
}

fn read(content: &str) -> Result<Content> {
    serde_json::from_str(content).map_err(|error| Error::internal(format!("a quick reply: {error}")))
}

/// What a version said.
pub fn said_by(version: &quick_reply_version::Model) -> Result<Content> {
    read(&version.content)
}

/// Which quick replies are wanted. What is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct QuickReplyFilter {
    /// Only those offered there.
    pub place: Option<Place>,
    /// Only those of exactly that scope.
    pub scope: Option<Scope>,
    /// Only those that say all these words somewhere; one that begins with a slash is the beginning of a shortcut.
    pub search: Option<String>,
    pub folder: Option<String>,
    /// Only those that have been archived, of those that the viewer may write.
    pub archived: Option<Archived>,
}

/// Asks for what has been archived.
#[derive(Clone, Copy, Debug)]
pub struct Archived;

/// Which of them a viewer may see here: in a conversation all that is offered there.
fn seen(viewer: &Viewer, filter: &QuickReplyFilter) -> Condition {
    let mut seen = Condition::all().add(Column::WorkspaceId.eq(viewer.workspace_id));
    seen = match (filter.place, filter.archived) {
        (Some(place), None) => seen.add(place.condition(PLACE)),
        (None, None) => seen.add(guidance::visible(&viewer.access, PLACE)),
        (Some(place), Some(Archived)) => {
            seen.add(place.condition(PLACE)).add(guidance::writable(&viewer.access, PLACE))
        }
        (None, Some(Archived)) => seen.add(guidance::writable(&viewer.access, PLACE)),
    };
    if let Some(scope) = filter.scope {
        seen = seen.add(guidance::exactly(scope, PLACE));
    }
    match filter.archived {
        Some(Archived) => seen.add(Column::ArchivedAt.is_not_null()),
        None => seen.add(Column::ArchivedAt.is_null()),
    }
}

/// A page of quick replies, by title.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &QuickReplyFilter,
    (after, limit): (Option<QuickReplyId>, u64),
) -> Result<Vec<QuickReplyRow>> {
    let seen = seen(viewer, filter);
    let mut find = quick_reply::Entity::find().filter(seen.clone());
    if let Some(search) = &filter.search {
        find = find.filter(searched(search));
    }
    if let Some(folder) = &filter.folder {
        find = find.filter(Column::Folder.eq(folder.as_str()));
    }
    if let Some(after) = after {
        // The cursor names one of the same list, so that its title tells nothing that the list does not.
        let last =
            quick_reply::Entity::find().filter(seen).filter(Column::Id.eq(after)).one(connection).await?;
        let gone = || Error::BadInput("what `after` names is not in this list any more".to_owned());
        let last = last.ok_or_else(gone)?;
        let same = Condition::all().add(Column::SortKey.eq(last.sort_key.as_str())).add(Column::Id.gt(after));
        find = find.filter(Condition::any().add(Column::SortKey.gt(last.sort_key.as_str())).add(same));
    }
    let rows =
        find.order_by_asc(Column::SortKey).order_by_asc(Column::Id).limit(limit).all(connection).await?;
    rows.into_iter().map(|row| seen_by(viewer, filter.place, row)).collect()
}

/// With what the viewer may do: what is offered in a conversation that they answer is theirs to read.
fn seen_by(viewer: &Viewer, place: Option<Place>, row: quick_reply::Model) -> Result<QuickReplyRow> {
    let mut held = guidance::held(&viewer.access, Scope::of_grant(row.channel_id, row.team_id));
    if place.is_some() {
        held = held.union(PermissionSet::of(&[crate::permission::Permission::QuickReplyRead]));
    }
    QuickReplyRow::of(row, held)
}

fn searched(search: &str) -> Condition {
    let search = folded(search);
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like = |column: Column, pattern: String| {
        column.like(sea_orm::sea_query::LikeExpr::new(pattern).escape('\\'))
    };
    if let Some(shortcut) = search.trim().strip_prefix('/') {
        return Condition::all().add(like(Column::Shortcut, format!("{}%", escaped(shortcut))));
    }
    search
        .split_whitespace()
        .take(MOST_WORDS)
        .fold(Condition::all(), |all, word| all.add(like(Column::SearchText, format!("%{}%", escaped(word)))))
}

/// One quick reply, archived or not; `NotFound` when there is none or the viewer may not know that there is.
pub async fn find(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: QuickReplyId,
) -> Result<QuickReplyRow> {
    let row = by_id(connection, (viewer.workspace_id, id)).await?;
    if !guidance::sees(&viewer.access, Scope::of_grant(row.channel_id, row.team_id)) {
        return Err(Error::NotFound);
    }
    seen_by(viewer, None, row)
}

async fn by_id(
    connection: &impl ConnectionTrait,
    key: (WorkspaceId, QuickReplyId),
) -> Result<quick_reply::Model> {
    quick_reply::Entity::find_by_id(key).one(connection).await?.ok_or(Error::NotFound)
}

/// How it read before and now, the latest first.
pub async fn versions(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, QuickReplyId),
    limit: u64,
) -> Result<Vec<quick_reply_version::Model>> {
    let find = quick_reply_version::Entity::find()
        .filter(quick_reply_version::Column::WorkspaceId.eq(workspace))
        .filter(quick_reply_version::Column::QuickReplyId.eq(id))
        .order_by_desc(quick_reply_version::Column::Version)
        .limit(limit);
    Ok(find.all(connection).await?)
}
