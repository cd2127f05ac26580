//! Teams: members who serve some channels together.

mod managing;

use portaria_entity::id::{ChannelId, MemberId, TeamId, WorkspaceId};
use portaria_entity::{team, team_channel, team_member};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::error::Result;
use crate::installation::Installation;

pub use managing::{admit, delete, dismiss, found, rename, serve, stop_serving};

pub async fn create(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    workspace: WorkspaceId,
    name: &str,
) -> Result<TeamId> {
    let id = installation.clock.new_id();
    let row = team::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(id),
        name: Set(name.trim().to_owned()),
        created_at: Set(installation.clock.now()),
        deleted_at: Set(None),
    };
    team::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(id)
}

pub async fn add_member(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (workspace, team): (WorkspaceId, TeamId),
    member: MemberId,
) -> Result<()> {
    let row = team_member::ActiveModel {
        workspace_id: Set(workspace),
        team_id: Set(team),
        member_id: Set(member),
        created_at: Set(installation.clock.now()),
    };
    team_member::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

pub async fn add_channel(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (workspace, team): (WorkspaceId, TeamId),
    channel: ChannelId,
) -> Result<()> {
    let row = team_channel::ActiveModel {
        workspace_id: Set(workspace),
        team_id: Set(team),
        channel_id: Set(channel),
        created_at: Set(installation.clock.now()),
    };
    team_channel::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// All teams of a workspace, by name.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<team::Model>> {
    let teams = team::Entity::find()
        .filter(team::Column::WorkspaceId.eq(workspace))
        .filter(team::Column::DeletedAt.is_null())
        .order_by_asc(team::Column::Name)
        .all(connection)
        .await?;
    Ok(teams)
}

/// Who belongs to some teams.
pub async fn members_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    teams: &[TeamId],
) -> Result<Vec<team_member::Model>> {
    let find = team_member::Entity::find()
        .filter(team_member::Column::WorkspaceId.eq(workspace))
        .filter(team_member::Column::TeamId.is_in(teams.iter().copied()))
        .order_by_asc(team_member::Column::MemberId);
    Ok(find.all(connection).await?)
}

/// Which channels some teams serve.
pub async fn channels_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    teams: &[TeamId],
) -> Result<Vec<team_channel::Model>> {
    let find = team_channel::Entity::find()
        .filter(team_channel::Column::WorkspaceId.eq(workspace))
        .filter(team_channel::Column::TeamId.is_in(teams.iter().copied()))
        .order_by_asc(team_channel::Column::ChannelId);
    Ok(find.all(connection).await?)
}
