//! Reading the log, newest first.

use portaria_entity::id::{ActivityId, ApiKeyId, DirectoryCredentialId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{activity, activity_detail, session};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

use super::Details;
use crate::error::Result;

/// Which activities; what is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct ActivityFilter {
    pub member_id: Option<MemberId>,
    pub api_key_id: Option<ApiKeyId>,
    pub directory_id: Option<DirectoryCredentialId>,
    /// E.g. `grant.made`, or with a dot at the end all of a kind: `grant.`.
    pub action: Option<String>,
    /// External id of what it was done to.
    pub subject: Option<String>,
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
}

/// Where a page goes on: after this one.
pub type ActivityCursor = ActivityId;

/// Something that was done, with its details if they are not erased.
#[derive(Clone, Debug)]
pub struct Activity {
    pub row: activity::Model,
    pub details: Details,
    pub erased: bool,
}

pub async fn page(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    filter: &ActivityFilter,
    after: Option<ActivityCursor>,
    limit: u64,
) -> Result<Vec<Activity>> {
    use activity::Column;
    let mut find = activity::Entity::find().filter(Column::WorkspaceId.eq(workspace));
    if let Some(member) = filter.member_id {
        find = find.filter(Column::ActorMemberId.eq(member));
    }
    if let Some(key) = filter.api_key_id {
        find = find.filter(Column::ActorApiKeyId.eq(key));
    }
    if let Some(directory) = filter.directory_id {
        find = find.filter(Column::ActorDirectoryId.eq(directory));
    }
    match filter.action.as_deref() {
        Some(kind) if kind.ends_with('.') => find = find.filter(Column::Action.starts_with(kind)),
        Some(action) => find = find.filter(Column::Action.eq(action)),
        None => {}
    }
    if let Some(subject) = &filter.subject {
        find = find.filter(Column::Subject.eq(subject));
    }
    if let Some(from) = filter.from {
        find = find.filter(Column::At.gte(from));
    }
    if let Some(until) = filter.until {
        find = find.filter(Column::At.lt(until));
    }
    if let Some(cursor) = after {
        find = find.filter(Column::Id.lt(cursor));
    }
    let rows = find.order_by_desc(Column::Id).limit(limit).all(connection).await?;
    with_details(connection, workspace, rows).await
}

async fn with_details(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    rows: Vec<activity::Model>,
) -> Result<Vec<Activity>> {
    let details = activity_detail::Entity::find()
        .filter(activity_detail::Column::WorkspaceId.eq(workspace))
        .filter(activity_detail::Column::ActivityId.is_in(rows.iter().map(|row| row.id)))
        .all(connection)
        .await?;
    let mut details: HashMap<ActivityId, activity_detail::Model> =
        details.into_iter().map(|row| (row.activity_id, row)).collect();
    // Where a session was opened from is where its deeds came from, unless they say otherwise.
    let sessions = session::Entity::find()
        .filter(session::Column::WorkspaceId.eq(workspace))
        .filter(session::Column::Id.is_in(rows.iter().filter_map(|row| row.session_id)))
        .all(connection)
        .await?;
    let addresses: HashMap<_, _> = sessions.into_iter().map(|row| (row.id, row.address)).collect();
    let whole = |row: activity::Model| {
        let found = details.remove(&row.id);
        let erased = row.details_hash.is_some() && found.is_none();
        let told = match found {
            Some(found) => Details { before: found.before, after: found.after, address: found.address },
            None => {
                Details { before: row.before.clone(), after: row.after.clone(), address: row.address.clone() }
            }
        };
        let of_session = || row.session_id.and_then(|id| addresses.get(&id).cloned()).filter(|_| !erased);
        let address = told.address.clone().or_else(of_session);
        Activity { details: Details { address, ..told }, erased, row }
    };
    Ok(rows.into_iter().map(whole).collect())
}
