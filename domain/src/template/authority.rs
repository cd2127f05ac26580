//! Who may do what to a template. It belongs to a WhatsApp Business account, and so to all of its numbers: who writes,
//! approves or deletes one holds the permission for each number of the account that is registered here.

use portaria_entity::id::{ChannelId, TemplateId, WorkspaceId};
use portaria_entity::{channel, template};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::access::Access;
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// The numbers of an account, in order.
pub async fn channels_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    waba: &str,
) -> Result<Vec<ChannelId>> {
    let find = channel::Entity::find()
        .filter(channel::Column::WorkspaceId.eq(workspace))
        .filter(channel::Column::WabaId.eq(waba))
        .order_by_asc(channel::Column::Id);
    Ok(find.all(connection).await?.into_iter().map(|row| row.id).collect())
}

/// What is held for each of these numbers. For an account without a number here: what is held for the whole workspace.
pub fn held_for_all(access: &Access, channels: &[ChannelId]) -> PermissionSet {
    let held = channels.iter().map(|channel| access.in_channel(*channel));
    held.reduce(PermissionSet::intersection).unwrap_or_else(|| access.everywhere())
}

/// Whether templates of the account may be seen: on one of its numbers is enough.
pub fn may_see(access: &Access, channels: &[ChannelId]) -> bool {
    let sees = |held: PermissionSet| held.contains(Permission::TemplateRead);
    sees(access.everywhere()) || channels.iter().any(|channel| sees(access.in_channel(*channel)))
}

/// A template that the viewer may see.
pub async fn find(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: TemplateId,
) -> Result<template::Model> {
    let key = (viewer.workspace_id, id);
    let row = template::Entity::find_by_id(key).one(connection).await?.ok_or(Error::NotFound)?;
    let channels = channels_of(connection, viewer.workspace_id, &row.waba_id).await?;
    if viewer.is_barred() || !may_see(&viewer.access, &channels) {
        return Err(Error::NotFound);
    }
    Ok(row)
}
