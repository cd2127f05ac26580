//! Roles: named sets of permissions.

mod disposal;
mod editing;
mod span;

use std::collections::HashMap;

use portaria_entity::id::{MemberId, RoleId, WorkspaceId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{grant, role, role_permission};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};

pub use disposal::Disposal;
pub use editing::{Comparison, NewRole, RoleEdit, compare, create, delete, edit};

/// A role with what it allows.
#[derive(Clone, Debug)]
pub struct RoleRow {
    pub role: role::Model,
    pub permissions: PermissionSet,
}

fn name(role: BuiltInRole) -> (&'static str, &'static str) {
    match role {
        BuiltInRole::Administrator => ("Administrator", "Everything, in the whole workspace."),
        BuiltInRole::Agent => ("Agent", "Answers customers and sees their phone numbers."),
        BuiltInRole::Developer => {
            ("Developer", "Connects systems: API keys, webhooks, chatbots. Reads no conversations.")
        }
        BuiltInRole::Analyst => ("Analyst", "Figures and reports, without customers or text."),
        BuiltInRole::Support => {
            ("Support", "Answers within guidelines: approved replies and templates, phone numbers masked.")
        }
    }
}

/// Gives a new workspace its five built-in roles.
pub async fn create_built_in(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    workspace: WorkspaceId,
) -> Result<()> {
    let rows = BuiltInRole::iter().map(|built_in| {
        let (name, description) = name(built_in);
        role::ActiveModel {
            workspace_id: Set(workspace),
            id: Set(clock.new_id()),
            built_in: Set(Some(built_in)),
            name: Set(name.to_owned()),
            description: Set(description.to_owned()),
            created_at: Set(clock.now()),
            deleted_at: Set(None),
        }
    });
    role::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}

/// A workspace's own row of a built-in role.
pub async fn built_in(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    role: BuiltInRole,
) -> Result<role::Model> {
    role::Entity::find()
        .filter(role::Column::WorkspaceId.eq(workspace))
        .filter(role::Column::BuiltIn.eq(role))
        .one(connection)
        .await?
        .ok_or_else(|| Error::internal("a workspace without its built-in roles"))
}

/// All roles of a workspace, built-in ones first.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<RoleRow>> {
    let roles = role::Entity::find()
        .filter(role::Column::WorkspaceId.eq(workspace))
        .filter(role::Column::DeletedAt.is_null())
        .order_by_asc(role::Column::Id)
        .all(connection)
        .await?;
    let custom = role_permission::Entity::find()
        .filter(role_permission::Column::WorkspaceId.eq(workspace))
        .all(connection)
        .await?;
    let mut permissions: HashMap<RoleId, PermissionSet> = HashMap::new();
    for row in custom {
        if let Some(permission) = Permission::from_key(&row.permission) {
            let set = permissions.entry(row.role_id).or_default();
            *set = set.union(PermissionSet::of(&[permission]));
        }
    }
    let with_permissions = |role: role::Model| {
        let own = permissions.get(&role.id).copied().unwrap_or_default();
        RoleRow { permissions: role.built_in.map_or(own, PermissionSet::of_role), role }
    };
    Ok(roles.into_iter().map(with_permissions).collect())
}

/// The roles of a workspace, and those that were deleted, by the names that they had.
pub async fn ever(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<role::Model>> {
    let mut roles =
        role::Entity::find().filter(role::Column::WorkspaceId.eq(workspace)).all(connection).await?;
    for role in roles.iter_mut().filter(|role| role.deleted_at.is_some()) {
        let freed = freed_name("", role.id);
        role.name.truncate(role.name.strip_suffix(&freed).unwrap_or(&role.name).len());
    }
    Ok(roles)
}

/// What a deleted role is called, so that another may have its name.
fn freed_name(name: &str, id: RoleId) -> String {
    format!("{name} ({id})")
}

/// The grants in force of some members.
pub async fn grants_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    members: &[MemberId],
    now: portaria_entity::time::Timestamp,
) -> Result<Vec<grant::Model>> {
    let in_force = sea_orm::Condition::any()
        .add(grant::Column::ValidUntil.is_null())
        .add(grant::Column::ValidUntil.gt(now));
    let grants = grant::Entity::find()
        .filter(grant::Column::WorkspaceId.eq(workspace))
        .filter(grant::Column::MemberId.is_in(members.iter().copied()))
        .filter(grant::Column::ClosedAt.is_null())
        .filter(grant::Column::ValidFrom.lte(now))
        .filter(in_force)
        .order_by_asc(grant::Column::Id)
        .all(connection)
        .await?;
    Ok(grants)
}

/// The grants of some members that have yet to begin.
pub async fn planned_grants_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    members: &[MemberId],
    now: portaria_entity::time::Timestamp,
) -> Result<Vec<grant::Model>> {
    let find = grant::Entity::find()
        .filter(grant::Column::WorkspaceId.eq(workspace))
        .filter(grant::Column::MemberId.is_in(members.iter().copied()))
        .filter(grant::Column::ClosedAt.is_null())
        .filter(grant::Column::ValidFrom.gt(now))
        .order_by_asc(grant::Column::Id);
    Ok(find.all(connection).await?)
}

/// One role.
pub async fn find(connection: &impl ConnectionTrait, workspace: WorkspaceId, id: RoleId) -> Result<RoleRow> {
    let roles = all(connection, workspace).await?;
    roles.into_iter().find(|row| row.role.id == id).ok_or(Error::NotFound)
}
