//! Founding and ending teams, who is in them, and which channels they serve. Each of these gives or takes access.

use portaria_entity::id::{ChannelId, MemberId, TeamId};
use portaria_entity::member::MemberStatus;
use portaria_entity::{channel, team, team_channel, team_member};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::{add_channel, add_member, channels_of, create, members_of};
use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Conferral, Holder, Holding};
use crate::permission::{Permission, PermissionSet};

/// Founds a team of nobody.
pub async fn found(change: &mut Change<'_>, name: &str) -> Result<team::Model> {
    let name = free_name(change, name, None).await?;
    let id = create(&change.transaction, change.installation, change.workspace_id, &name).await?;
    change.record("team.created", id, (None, Some(json!({ "name": name })))).await?;
    find(change, id).await
}

pub async fn rename(change: &mut Change<'_>, id: TeamId, name: &str) -> Result<team::Model> {
    let before = find(change, id).await?;
    let name = free_name(change, name, Some(id)).await?;
    let sql = "UPDATE teams SET name = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), name.clone().into()]).await?;
    let told = (Some(json!({ "name": before.name })), Some(json!({ "name": name })));
    change.record("team.renamed", id, told).await?;
    find(change, id).await
}

/// Lets a member into a team. Who is in it already stays.
pub async fn admit(change: &mut Change<'_>, id: TeamId, member: MemberId) -> Result<team::Model> {
    let team = find(change, id).await?;
    let standing = change.touch(member)?;
    if standing.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    if standing.member_of.contains(&id) {
        return Ok(team);
    }
    change.admit(member, id)?;
    add_member(&change.transaction, change.installation, (change.workspace_id, id), member).await?;
    change.record("team.member_added", id, (None, Some(json!({ "member": member })))).await?;
    change.reload().await?;
    Ok(team)
}

/// Takes a member out of a team.
pub async fn dismiss(change: &mut Change<'_>, id: TeamId, member: MemberId) -> Result<team::Model> {
    let team = find(change, id).await?;
    if !change.touch(member)?.member_of.contains(&id) {
        return Ok(team);
    }
    let which = (change.workspace_id, id, member);
    team_member::Entity::delete_by_id(which).exec(&change.transaction).await?;
    change.leaves(member, id);
    change.record("team.member_removed", id, (Some(json!({ "member": member })), None)).await?;
    change.reload().await?;
    Ok(team)
}

/// Makes a team serve a channel: its conversations may become the team's, for all who are in it or hold something there.
pub async fn serve(change: &mut Change<'_>, id: TeamId, channel: ChannelId) -> Result<team::Model> {
    let team = find(change, id).await?;
    find_channel(change, channel).await?;
    let which = (change.workspace_id, id, channel);
    if team_channel::Entity::find_by_id(which).one(&change.transaction).await?.is_some() {
        return Ok(team);
    }
    for (holder, holding) in touch_all(change, id).await? {
        let until = holding.until();
        let permissions = Scope::Team(id).narrow(holding.permissions);
        change.confer_to(holder, Conferral { scope: Scope::Channel(channel), permissions, until })?;
    }
    if reads_as_team(change, id).await? {
        let permissions = PermissionSet::of(&[Permission::ConversationReadAll]);
        change.confer(Conferral { scope: Scope::Channel(channel), permissions, until: None })?;
    }
    add_channel(&change.transaction, change.installation, (change.workspace_id, id), channel).await?;
    change.record("team.channel_added", id, (None, Some(json!({ "channel": channel })))).await?;
    Ok(team)
}

/// Makes a team no longer serve a channel.
pub async fn stop_serving(change: &mut Change<'_>, id: TeamId, channel: ChannelId) -> Result<team::Model> {
    let team = find(change, id).await?;
    find_channel(change, channel).await?;
    touch_all(change, id).await?;
    let which = (change.workspace_id, id, channel);
    if team_channel::Entity::delete_by_id(which).exec(&change.transaction).await?.rows_affected == 0 {
        return Ok(team);
    }
    change.record("team.channel_removed", id, (Some(json!({ "channel": channel })), None)).await?;
    Ok(team)
}

/// Ends a team: what was held for its conversations ends with it, and they are no team's any more.
pub async fn delete(change: &mut Change<'_>, id: TeamId) -> Result<TeamId> {
    let team = find(change, id).await?;
    let held = touch_all(change, id).await?;
    let before = told(change, &team, &held).await?;
    let (at, by) = (change.now.0, change.author().map(|author| author.0));
    for table in
        ["grants", "emergency_eligibilities", "api_key_grants", "directory_approvals", "role_mappings"]
    {
        let sql = format!(
            "UPDATE {table} SET closed_at = $3, closed_by = $4 \
             WHERE workspace_id = $1 AND team_id = $2 AND closed_at IS NULL"
        );
        change.execute(&sql, [id.0.into(), at.into(), by.into()]).await?;
    }
    crate::directory::mapping::team_deleted(change, id).await?;
    for sql in [
        "DELETE FROM team_members WHERE workspace_id = $1 AND team_id = $2",
        "DELETE FROM team_channels WHERE workspace_id = $1 AND team_id = $2",
        "UPDATE channels SET team_id = NULL WHERE workspace_id = $1 AND team_id = $2",
        "UPDATE conversations SET team_id = NULL WHERE workspace_id = $1 AND team_id = $2",
    ] {
        change.execute(sql, [id.0.into()]).await?;
    }
    // The name with the id cannot be another's, so that the name alone is free again.
    let sql = "UPDATE teams SET deleted_at = $3, name = $4 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), at.into(), format!("{} ({id})", team.name).into()]).await?;
    change.record("team.deleted", id, (Some(before), None)).await?;
    change.reload().await?;
    Ok(id)
}

/// A team as the activity log tells it, with all that ends with it.
async fn told(change: &Change<'_>, team: &team::Model, held: &[(Holder, Holding)]) -> Result<Value> {
    let (transaction, workspace) = (&change.transaction, change.workspace_id);
    let inside = members_of(transaction, workspace, &[team.id]).await?;
    let served = channels_of(transaction, workspace, &[team.id]).await?;
    Ok(json!({
        "name": team.name,
        "members": inside.iter().map(|row| row.member_id).collect::<Vec<_>>(),
        "channels": served.iter().map(|row| row.channel_id).collect::<Vec<_>>(),
        "held": held.iter().map(|(_, holding)| holding.title.to_string()).collect::<Vec<_>>(),
    }))
}

/// Touches everybody who is in a team or holds something for its conversations; answers who holds what.
async fn touch_all(change: &mut Change<'_>, id: TeamId) -> Result<Vec<(Holder, Holding)>> {
    let holders = change.ledger.holders_in_team(id);
    let inside = members_of(&change.transaction, change.workspace_id, &[id]).await?;
    let members = inside.iter().map(|row| Holder::Member(row.member_id));
    for holder in members.chain(holders.iter().map(|(holder, _)| *holder)) {
        change.touch_holder(holder)?;
    }
    Ok(holders)
}

/// Whether somebody in the team reads its conversations because they are in it.
async fn reads_as_team(change: &Change<'_>, id: TeamId) -> Result<bool> {
    let now = change.now;
    let inside = members_of(&change.transaction, change.workspace_id, &[id]).await?;
    Ok(inside
        .iter()
        .filter_map(|row| change.ledger.members.get(&row.member_id))
        .any(|standing| standing.potential(now).anywhere().contains(Permission::ConversationReadTeam)))
}

async fn find(change: &Change<'_>, id: TeamId) -> Result<team::Model> {
    let find = team::Entity::find_by_id((change.workspace_id, id)).filter(team::Column::DeletedAt.is_null());
    find.one(&change.transaction).await?.ok_or(Error::NotFound)
}

async fn find_channel(change: &Change<'_>, id: ChannelId) -> Result<channel::Model> {
    let find = channel::Entity::find_by_id((change.workspace_id, id));
    find.one(&change.transaction).await?.ok_or(Error::NotFound)
}

/// A name that no other team of the workspace has.
async fn free_name(change: &Change<'_>, name: &str, own: Option<TeamId>) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::BadInput("a team needs a name".to_owned()));
    }
    let found = team::Entity::find()
        .filter(team::Column::WorkspaceId.eq(change.workspace_id))
        .filter(team::Column::Name.eq(name))
        .one(&change.transaction)
        .await?;
    match found {
        Some(other) if Some(other.id) != own => Err(Refusal::NameTaken.into()),
        Some(_) | None => Ok(name.to_owned()),
    }
}
