//! Groups of a directory: kept with whoever is in them. They confer what mappings say, and nothing without.

use std::collections::{BTreeSet, HashMap};

use portaria_entity::id::{DirectoryGroupId, DirectoryUserId, WorkspaceId};
use portaria_entity::{directory_group, directory_group_member, directory_user};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde_json::json;

use super::mapping;
use super::profile::checked;
use super::settling::settle;
use super::user::{self, Search, Window, known};
use crate::error::{Error, Refusal, Result};
use crate::granting::Change;

/// A statement has only so many values.
const ROWS_AT_ONCE: usize = 1_000;

/// Which groups; what is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct GroupSearch {
    pub id: Option<DirectoryGroupId>,
    pub name: Option<String>,
    pub external_id: Option<String>,
}

/// What a directory wants to hold of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedGroup {
    pub name: String,
    pub external_id: Option<String>,
    pub members: BTreeSet<DirectoryUserId>,
}

fn selection(workspace: WorkspaceId, search: &GroupSearch) -> Select<directory_group::Entity> {
    use directory_group::Column;
    let mut find = directory_group::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::DeletedAt.is_null());
    if let Some(id) = search.id {
        find = find.filter(Column::Id.eq(id));
    }
    if let Some(name) = &search.name {
        find = find.filter(Column::NameKey.eq(name.to_lowercase()));
    }
    if let Some(id) = &search.external_id {
        find = find.filter(Column::ExternalId.eq(id));
    }
    find
}

/// Groups in the order in which they came.
pub async fn page(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    search: &GroupSearch,
    window: Window,
) -> Result<Vec<directory_group::Model>> {
    let find = selection(workspace, search).order_by_asc(directory_group::Column::Id);
    Ok(find.offset(window.offset).limit(window.limit).all(connection).await?)
}

pub async fn count(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    search: &GroupSearch,
) -> Result<u64> {
    Ok(selection(workspace, search).count(connection).await?)
}

/// All groups, by name.
pub async fn all(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<directory_group::Model>> {
    let find = selection(workspace, &GroupSearch::default()).order_by_asc(directory_group::Column::NameKey);
    Ok(find.all(connection).await?)
}

pub async fn find(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: DirectoryGroupId,
) -> Result<directory_group::Model> {
    let search = GroupSearch { id: Some(id), ..GroupSearch::default() };
    selection(workspace, &search).one(connection).await?.ok_or(Error::NotFound)
}

/// Who is in some groups.
pub async fn members_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    groups: &[DirectoryGroupId],
) -> Result<HashMap<DirectoryGroupId, BTreeSet<DirectoryUserId>>> {
    let rows = directory_group_member::Entity::find()
        .filter(directory_group_member::Column::WorkspaceId.eq(workspace))
        .filter(directory_group_member::Column::GroupId.is_in(groups.iter().copied()))
        .all(connection)
        .await?;
    let mut of: HashMap<_, BTreeSet<_>> = HashMap::new();
    for row in rows {
        of.entry(row.group_id).or_default().insert(row.user_id);
    }
    Ok(of)
}

/// How many are in each of some groups.
pub async fn sizes_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    groups: &[DirectoryGroupId],
) -> Result<HashMap<DirectoryGroupId, i64>> {
    use directory_group_member::Column;
    let rows: Vec<(DirectoryGroupId, i64)> = directory_group_member::Entity::find()
        .select_only()
        .column(Column::GroupId)
        .column_as(Column::UserId.count(), "size")
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::GroupId.is_in(groups.iter().copied()))
        .group_by(Column::GroupId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Takes note of a new group, or of one that was awaited by its name.
pub async fn create(change: &mut Change<'_>, wanted: WantedGroup) -> Result<DirectoryGroupId> {
    let name = stated_name(&wanted.name)?.to_owned();
    let search = GroupSearch { name: Some(name), ..GroupSearch::default() };
    match selection(change.workspace_id, &search).one(&change.transaction).await? {
        Some(awaited) if awaited.awaited => {
            let id = awaited.id;
            replace(change, (awaited, BTreeSet::new()), wanted).await?;
            Ok(id)
        }
        Some(_) => Err(Refusal::NameTaken.into()),
        None => {
            let row = insert(change, &wanted.name, Presence::Sent).await?;
            change
                .record("directory_group.created", row.id, (None, Some(json!({ "name": row.name }))))
                .await?;
            let id = row.id;
            replace(change, (row, BTreeSet::new()), wanted).await?;
            Ok(id)
        }
    }
}

/// Whether the directory has sent a group yet.
pub(super) enum Presence {
    Sent,
    Awaited,
}

pub(super) async fn insert(
    change: &Change<'_>,
    name: &str,
    presence: Presence,
) -> Result<directory_group::Model> {
    let name = stated_name(name)?;
    let row = directory_group::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        external_id: None,
        awaited: matches!(presence, Presence::Awaited),
        created_at: change.now,
        updated_at: change.now,
        deleted_at: None,
    };
    directory_group::Entity::insert(directory_group::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    Ok(row)
}

/// Makes a group what the directory now says, and its mappings come true for who has come and gone.
pub async fn replace(
    change: &mut Change<'_>,
    (before, had): (directory_group::Model, BTreeSet<DirectoryUserId>),
    wanted: WantedGroup,
) -> Result<()> {
    let name = stated_name(&wanted.name)?;
    if let Some(external_id) = &wanted.external_id {
        checked(external_id)?;
    }
    let search = GroupSearch { name: Some(name.to_owned()), ..GroupSearch::default() };
    let other = selection(change.workspace_id, &search).one(&change.transaction).await?;
    if other.is_some_and(|other| other.id != before.id) {
        return Err(Refusal::NameTaken.into());
    }
    let sql = "UPDATE directory_groups SET name = $3, name_key = $4, external_id = $5, awaited = $6, updated_at = $7 \
               WHERE workspace_id = $1 AND id = $2";
    let values = [
        before.id.0.into(),
        name.into(),
        name.to_lowercase().into(),
        wanted.external_id.clone().into(),
        false.into(),
        change.now.0.into(),
    ];
    change.execute(sql, values).await?;
    let come: Vec<_> = wanted.members.difference(&had).copied().collect();
    let gone: Vec<_> = had.difference(&wanted.members).copied().collect();
    require_known(change, &come).await?;
    for some in come.chunks(ROWS_AT_ONCE) {
        let rows = some.iter().map(|user| directory_group_member::ActiveModel {
            workspace_id: Set(change.workspace_id),
            group_id: Set(before.id),
            user_id: Set(*user),
        });
        let insert = directory_group_member::Entity::insert_many(rows);
        insert.exec_without_returning(&change.transaction).await?;
    }
    leave(change, before.id, &gone).await?;
    if before.name != name || !come.is_empty() || !gone.is_empty() {
        let told =
            (Some(json!({ "name": before.name })), Some(json!({ "name": name, "come": come, "gone": gone })));
        change.record("directory_group.changed", before.id, told).await?;
    }
    settle(change, &[come, gone].concat()).await
}

/// Forgets a group, and ends what it stood for.
pub async fn remove(change: &mut Change<'_>, group: directory_group::Model) -> Result<()> {
    let inside = members_of(&change.transaction, change.workspace_id, &[group.id]).await?;
    let gone: Vec<_> = inside.into_values().flatten().collect();
    leave(change, group.id, &gone).await?;
    settle(change, &gone).await?;
    mapping::close_of_group(change, group.id).await?;
    let sql = "UPDATE directory_groups SET deleted_at = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [group.id.0.into(), change.now.0.into()]).await?;
    change.record("directory_group.removed", group.id, (Some(json!({ "name": group.name })), None)).await
}

async fn leave(change: &Change<'_>, group: DirectoryGroupId, gone: &[DirectoryUserId]) -> Result<()> {
    directory_group_member::Entity::delete_many()
        .filter(directory_group_member::Column::WorkspaceId.eq(change.workspace_id))
        .filter(directory_group_member::Column::GroupId.eq(group))
        .filter(directory_group_member::Column::UserId.is_in(gone.iter().copied()))
        .exec(&change.transaction)
        .await?;
    Ok(())
}

/// Refuses who is nobody. Of members who were there before the directory, it now knows.
async fn require_known(change: &Change<'_>, people: &[DirectoryUserId]) -> Result<()> {
    let rows = directory_user::Entity::find()
        .filter(directory_user::Column::WorkspaceId.eq(change.workspace_id))
        .filter(directory_user::Column::Id.is_in(people.iter().copied()))
        .all(&change.transaction)
        .await?;
    let there: BTreeSet<_> = rows.into_iter().map(|row| row.id).collect();
    let source = (&change.installation.database, change.workspace_id);
    for id in people.iter().filter(|id| !there.contains(id)) {
        let search = Search { id: Some(*id), ..Search::default() };
        let found = user::page(&change.transaction, source, &search, Window::ONE).await?.pop();
        let person = found.ok_or_else(|| Error::BadInput(format!("{id} is not a User")))?;
        known(change, &person).await?;
    }
    Ok(())
}

fn stated_name(name: &str) -> Result<&str> {
    checked(name)?;
    match name.trim() {
        "" => Err(Error::BadInput("displayName is needed".to_owned())),
        name => Ok(name),
    }
}
