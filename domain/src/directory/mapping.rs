//! What groups of a directory stand for. To say so is to grant it to whoever the directory puts there: one says only what
//! one could grant for good, and what the directory is approved for.

use portaria_entity::id::{DirectoryGroupId, DirectoryMappingId, GrantId, RoleId, TeamId, WorkspaceId};
use portaria_entity::{directory_group, directory_mapping, team};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::group::{self, GroupSearch, Presence};
use super::require;
use super::settling::settle;
use super::user::Window;
use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::grant::require_scope;
use crate::granting::{Change, Conferral};
use crate::permission::Permission;

/// What a group stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Who is in it is in the team.
    Team(TeamId),
    /// Who is in it holds the role there.
    Role(RoleId, Scope),
}

/// Which group.
#[derive(Clone, Copy, Debug)]
pub enum GroupRef<'a> {
    Id(DirectoryGroupId),
    /// By its name, whether or not the directory has sent it yet.
    Name(&'a str),
}

/// What a row says that a group stands for.
pub fn meaning(row: &directory_mapping::Model) -> Result<Meaning> {
    match (row.joins_team_id, row.role_id) {
        (Some(team), _) => Ok(Meaning::Team(team)),
        (None, Some(role)) => Ok(Meaning::Role(role, Scope::of_grant(row.channel_id, row.team_id))),
        (None, None) => Err(Error::internal("a mapping to nothing")),
    }
}

/// Says what a group stands for, from now on and for all who are in it.
pub async fn map(
    change: &mut Change<'_>,
    group: GroupRef<'_>,
    meaning: Meaning,
) -> Result<directory_mapping::Model> {
    require(change)?;
    require_permitted(change, meaning).await?;
    let group = group_of(change, group).await?;
    let of_group = of_groups(&change.transaction, change.workspace_id, &[group.id]).await?;
    if of_group.iter().any(|row| self::meaning(row).is_ok_and(|other| other == meaning)) {
        return Err(Refusal::AlreadyActive.into());
    }
    let (joins_team_id, role_id, scope) = match meaning {
        Meaning::Team(team) => (Some(team), None, Scope::Workspace),
        Meaning::Role(role, scope) => (None, Some(role), scope),
    };
    let (channel_id, team_id) = scope.columns();
    let row = directory_mapping::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        group_id: group.id,
        joins_team_id,
        role_id,
        channel_id,
        team_id,
        created_by: change.author().ok_or(Error::PersonRequired)?,
        created_at: change.now,
        closed_at: None,
        closed_by: None,
    };
    directory_mapping::Entity::insert(directory_mapping::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    change.record("directory_mapping.made", row.id, (None, Some(told(&row, &group)))).await?;
    settle_group(change, group.id).await?;
    Ok(row)
}

/// Ends what a group stands for, with all that came of it.
pub async fn unmap(change: &mut Change<'_>, id: DirectoryMappingId) -> Result<directory_mapping::Model> {
    require(change)?;
    let find = directory_mapping::Entity::find_by_id((change.workspace_id, id));
    let mut row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    if row.closed_at.is_some() {
        return Err(Refusal::AlreadyEnded.into());
    }
    let group = group::find(&change.transaction, change.workspace_id, row.group_id).await?;
    (row.closed_at, row.closed_by) = (Some(change.now), change.author());
    close(change, "id = $2", id.0.into()).await?;
    change.record("directory_mapping.ended", id, (Some(told(&row, &group)), None)).await?;
    settle_group(change, row.group_id).await?;
    Ok(row)
}

async fn require_permitted(change: &Change<'_>, meaning: Meaning) -> Result<()> {
    match meaning {
        Meaning::Team(id) => {
            change.require(Permission::TeamManage)?;
            let find = team::Entity::find_by_id((change.workspace_id, id));
            let find = find.filter(team::Column::DeletedAt.is_null());
            find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
            change.admit_anybody(id)?;
            if change.ledger.directories.is_empty() { Err(Refusal::NotApproved.into()) } else { Ok(()) }
        }
        Meaning::Role(role, scope) => {
            let permissions = change.ledger.role(role)?.permissions;
            require_scope(change, scope).await?;
            if scope.narrow(permissions).is_empty() {
                return Err(Refusal::NothingConferred.into());
            }
            let what = Conferral { scope, permissions, until: None };
            change.confer_to_anybody(what)?;
            change.require_approval(what)
        }
    }
}

async fn group_of(change: &Change<'_>, group: GroupRef<'_>) -> Result<directory_group::Model> {
    match group {
        GroupRef::Id(id) => group::find(&change.transaction, change.workspace_id, id).await,
        GroupRef::Name(name) => {
            let search = GroupSearch { name: Some(name.trim().to_owned()), ..GroupSearch::default() };
            let found = group::page(&change.transaction, change.workspace_id, &search, Window::ONE).await?;
            match found.into_iter().next() {
                Some(row) => Ok(row),
                None => group::insert(change, name, Presence::Awaited).await,
            }
        }
    }
}

async fn settle_group(change: &mut Change<'_>, id: DirectoryGroupId) -> Result<()> {
    let inside = group::members_of(&change.transaction, change.workspace_id, &[id]).await?;
    settle(change, &inside.into_values().flatten().collect::<Vec<_>>()).await
}

async fn close(change: &Change<'_>, which: &str, value: sea_orm::Value) -> Result<()> {
    let sql = format!(
        "UPDATE directory_mappings SET closed_at = $3, closed_by = $4 WHERE workspace_id = $1 AND {which} AND closed_at IS NULL"
    );
    let by = change.author().map(|member| member.0);
    change.execute(&sql, [value, change.now.0.into(), by.into()]).await?;
    Ok(())
}

/// Ends what a group stood for that is gone.
pub(super) async fn close_of_group(change: &Change<'_>, id: DirectoryGroupId) -> Result<()> {
    close(change, "group_id = $2", id.0.into()).await
}

/// Goes on with a grant that took the place of one which the directory had made.
pub(crate) async fn grant_replaced(change: &Change<'_>, old: GrantId, new: GrantId) -> Result<()> {
    let sql = "UPDATE directory_effects SET grant_id = $3 WHERE workspace_id = $1 AND grant_id = $2";
    change.execute(sql, [old.0.into(), new.0.into()]).await?;
    Ok(())
}

/// Ends what stood for a role that is gone, or makes it stand for the one in its place.
pub(crate) async fn role_deleted(
    change: &Change<'_>,
    role: RoleId,
    replacement: Option<RoleId>,
) -> Result<()> {
    match replacement {
        Some(replacement) => {
            let of_role = directory_mapping::Entity::find()
                .filter(directory_mapping::Column::WorkspaceId.eq(change.workspace_id))
                .filter(directory_mapping::Column::RoleId.eq(role))
                .filter(directory_mapping::Column::ClosedAt.is_null())
                .order_by_asc(directory_mapping::Column::Id);
            for row in of_role.all(&change.transaction).await? {
                stand_for(change, row, replacement).await?;
            }
            Ok(())
        }
        None => {
            forget_effects(change, "role_id = $2", role.0.into()).await?;
            close(change, "role_id = $2", role.0.into()).await
        }
    }
}

/// Makes a group stand for another role there, which is as much as to say so anew.
async fn stand_for(change: &Change<'_>, before: directory_mapping::Model, role: RoleId) -> Result<()> {
    let permissions = change.ledger.role(role)?.permissions;
    let scope = Scope::of_grant(before.channel_id, before.team_id);
    change.confer_to_anybody(Conferral { scope, permissions, until: None })?;
    let sql = "UPDATE directory_mappings SET role_id = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [before.id.0.into(), role.0.into()]).await?;
    let group = group::find(&change.transaction, change.workspace_id, before.group_id).await?;
    let after = directory_mapping::Model { role_id: Some(role), ..before.clone() };
    let told = (Some(told(&before, &group)), Some(told(&after, &group)));
    change.record("directory_mapping.made", before.id, told).await
}

/// Ends what stood for a team that is gone, or for something in its conversations.
pub(crate) async fn team_deleted(change: &Change<'_>, team: TeamId) -> Result<()> {
    const OF_TEAM: &str = "(joins_team_id = $2 OR team_id = $2)";
    forget_effects(change, OF_TEAM, team.0.into()).await?;
    close(change, OF_TEAM, team.0.into()).await
}

/// Of mappings whose effects have ended already.
async fn forget_effects(change: &Change<'_>, which: &str, value: sea_orm::Value) -> Result<()> {
    let sql = format!(
        "DELETE FROM directory_effects WHERE workspace_id = $1 AND mapping_id IN \
         (SELECT id FROM directory_mappings WHERE workspace_id = $1 AND {which})"
    );
    change.execute(&sql, [value]).await?;
    Ok(())
}

/// What some groups stand for.
pub async fn of_groups(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    groups: &[DirectoryGroupId],
) -> Result<Vec<directory_mapping::Model>> {
    let find = directory_mapping::Entity::find()
        .filter(directory_mapping::Column::WorkspaceId.eq(workspace))
        .filter(directory_mapping::Column::GroupId.is_in(groups.iter().copied()))
        .filter(directory_mapping::Column::ClosedAt.is_null())
        .order_by_asc(directory_mapping::Column::Id);
    Ok(find.all(connection).await?)
}

/// A mapping as the activity log tells it.
fn told(row: &directory_mapping::Model, group: &directory_group::Model) -> Value {
    json!({
        "group": group.id,
        "groupName": group.name,
        "joinsTeam": row.joins_team_id,
        "role": row.role_id,
        "channel": row.channel_id,
        "team": row.team_id,
    })
}
