//! Custom roles: made from scratch or as a copy, edited, and deleted with a decision for those who hold them.

use portaria_entity::id::RoleId;
use portaria_entity::{role, role_permission};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::disposal::{Disposal, dispose};
use super::{RoleRow, all, span};
use crate::access::Scope;
use crate::directory;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Conferral};
use crate::permission::PermissionSet;

/// A role to be made.
pub struct NewRole<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub permissions: PermissionSet,
}

/// What shall be different about a role; what is `None` stays.
#[derive(Default)]
pub struct RoleEdit<'a> {
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub permissions: Option<PermissionSet>,
}

/// Makes a role of permissions that its maker holds for the whole workspace.
pub async fn create(change: &mut Change<'_>, new: NewRole<'_>) -> Result<RoleRow> {
    let name = free_name(change, new.name, None).await?;
    confer_all(change, new.permissions)?;
    let role = role::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        built_in: None,
        name,
        description: new.description.trim().to_owned(),
        created_at: change.now,
        deleted_at: None,
    };
    role::Entity::insert(role::ActiveModel::from(role.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    let row = RoleRow { role, permissions: new.permissions };
    allow(change, row.role.id, new.permissions).await?;
    span::note(change, row.role.id).await?;
    change.record("role.created", row.role.id, (None, Some(told(&row)))).await?;
    change.reload().await?;
    Ok(row)
}

/// Edits a custom role. What is added must be its editor's to give wherever the role is held.
pub async fn edit(change: &mut Change<'_>, id: RoleId, edit: RoleEdit<'_>) -> Result<RoleRow> {
    let before = custom(change, id).await?;
    let mut after = before.clone();
    if let Some(name) = edit.name {
        after.role.name = free_name(change, name, Some(id)).await?;
    }
    if let Some(description) = edit.description {
        description.trim().clone_into(&mut after.role.description);
    }
    if let Some(permissions) = edit.permissions.filter(|wanted| *wanted != before.permissions) {
        let added = permissions.without(before.permissions);
        confer_all(change, added)?;
        for (holder, holding) in change.ledger.holders_of(id) {
            change.touch_holder(holder)?;
            let until = holding.until();
            change.confer_to(holder, Conferral { scope: holding.scope, permissions: added, until })?;
        }
        forbid(change, id, before.permissions.without(permissions)).await?;
        allow(change, id, added).await?;
        span::note(change, id).await?;
        after.permissions = permissions;
    }
    let sql = "UPDATE roles SET name = $3, description = $4 WHERE workspace_id = $1 AND id = $2";
    let values = [id.0.into(), after.role.name.clone().into(), after.role.description.clone().into()];
    change.execute(sql, values).await?;
    change.record("role.edited", id, (Some(told(&before)), Some(told(&after)))).await?;
    change.reload().await?;
    Ok(after)
}

/// Deletes a custom role. Its grants stay on record; who may take it on in an emergency no longer may.
pub async fn delete(change: &mut Change<'_>, id: RoleId, disposal: Disposal) -> Result<RoleId> {
    let before = custom(change, id).await?;
    if matches!(disposal, Disposal::Replace(replacement) if replacement == id) {
        return Err(Error::BadInput("a role cannot replace itself".to_owned()));
    }
    let holders = change.ledger.holders_of(id);
    if let (Disposal::OnlyIfUnused, false) = (disposal, holders.is_empty()) {
        return Err(Refusal::RoleInUse.into());
    }
    let held: Vec<_> = holders.iter().map(|(_, holding)| holding.title.to_string()).collect();
    for (holder, holding) in holders {
        change.touch_holder(holder)?;
        dispose(change, (holder, holding), disposal).await?;
    }
    directory::mapping::role_deleted(change, id, disposal.replacement()).await?;
    let sql = "UPDATE roles SET deleted_at = $3, name = $4 WHERE workspace_id = $1 AND id = $2";
    let freed = super::freed_name(&before.role.name, id);
    change.execute(sql, [id.0.into(), change.now.0.into(), freed.into()]).await?;
    let mut told = told(&before);
    told["held"] = json!(held);
    let after = match disposal {
        Disposal::Replace(replacement) => Some(json!({ "replacement": replacement })),
        Disposal::OnlyIfUnused | Disposal::CloseGrants => None,
    };
    change.record("role.deleted", id, (Some(told), after)).await?;
    change.reload().await?;
    Ok(id)
}

/// Refuses to put into a role what its editor does not hold for the whole workspace.
fn confer_all(change: &Change<'_>, permissions: PermissionSet) -> Result<()> {
    change.confer(Conferral { scope: Scope::Workspace, permissions, until: None })
}

async fn allow(change: &Change<'_>, id: RoleId, permissions: PermissionSet) -> Result<()> {
    if permissions.is_empty() {
        return Ok(());
    }
    let rows = permissions.iter().map(|permission| role_permission::ActiveModel {
        workspace_id: Set(change.workspace_id),
        role_id: Set(id),
        permission: Set(permission.key().to_owned()),
    });
    role_permission::Entity::insert_many(rows).exec_without_returning(&change.transaction).await?;
    Ok(())
}

async fn forbid(change: &Change<'_>, id: RoleId, permissions: PermissionSet) -> Result<()> {
    let keys = permissions.iter().map(|permission| permission.key().to_owned());
    role_permission::Entity::delete_many()
        .filter(role_permission::Column::WorkspaceId.eq(change.workspace_id))
        .filter(role_permission::Column::RoleId.eq(id))
        .filter(role_permission::Column::Permission.is_in(keys))
        .exec(&change.transaction)
        .await?;
    Ok(())
}

/// A role that may be edited.
async fn custom(change: &Change<'_>, id: RoleId) -> Result<RoleRow> {
    let rows = all(&change.transaction, change.workspace_id).await?;
    let row = rows.into_iter().find(|row| row.role.id == id).ok_or(Error::NotFound)?;
    match row.role.built_in {
        Some(_) => Err(Refusal::BuiltInRole.into()),
        None => Ok(row),
    }
}

async fn free_name(change: &Change<'_>, name: &str, own: Option<RoleId>) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::BadInput("a role needs a name".to_owned()));
    }
    let found = role::Entity::find()
        .filter(role::Column::WorkspaceId.eq(change.workspace_id))
        .filter(role::Column::Name.eq(name))
        .one(&change.transaction)
        .await?;
    match found {
        Some(other) if Some(other.id) != own => Err(Refusal::NameTaken.into()),
        Some(_) | None => Ok(name.to_owned()),
    }
}

fn told(row: &RoleRow) -> serde_json::Value {
    let permissions: Vec<_> = row.permissions.iter().map(crate::permission::Permission::key).collect();
    json!({ "name": row.role.name, "description": row.role.description, "permissions": permissions })
}

/// How two roles differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub both: PermissionSet,
    pub only_first: PermissionSet,
    pub only_second: PermissionSet,
}

pub fn compare(first: PermissionSet, second: PermissionSet) -> Comparison {
    Comparison {
        both: first.intersection(second),
        only_first: first.without(second),
        only_second: second.without(first),
    }
}
