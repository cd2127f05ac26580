//! Who may do what to a template. It belongs to a WhatsApp Business account, and so to all of its numbers: who writes,
//! approves or deletes one holds the permission for each number of the account that is registered here.

use std::collections::HashMap;

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

/// Whether templates of the account may be seen: on one of its numbers is enough. One that Meta does not have yet is for who works
/// on templates.
pub fn may_see(access: &Access, channels: &[ChannelId], at_meta: bool) -> bool {
    let somewhere = |wanted: PermissionSet| {
        access.everywhere().intersects(wanted)
            || channels.iter().any(|channel| access.in_channel(*channel).intersects(wanted))
    };
    somewhere(PermissionSet::of(&[Permission::TemplateRead])) && (at_meta || somewhere(WORKS_ON_TEMPLATES))
}

/// By these one sees what is not at Meta yet.
pub const WORKS_ON_TEMPLATES: PermissionSet =
    PermissionSet::of(&[Permission::TemplateWrite, Permission::TemplateApprove, Permission::TemplateDelete]);

/// A template that a viewer may see, with what they may do with it.
#[derive(Clone, Debug)]
pub struct TemplateRow {
    pub row: template::Model,
    /// The numbers of its account.
    pub channels: Vec<ChannelId>,
    /// What the viewer holds for all of them.
    pub held: PermissionSet,
}

/// Of these templates those that the viewer may see.
pub async fn seen(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    rows: Vec<template::Model>,
) -> Result<Vec<TemplateRow>> {
    if rows.is_empty() || viewer.is_barred() {
        return Ok(Vec::new());
    }
    let mut accounts: HashMap<String, Vec<ChannelId>> = HashMap::new();
    for row in crate::channel::all(connection, viewer.workspace_id).await? {
        accounts.entry(row.waba_id).or_default().push(row.id);
    }
    let of = |row: template::Model| {
        let channels = accounts.get(&row.waba_id).cloned().unwrap_or_default();
        may_see(&viewer.access, &channels, row.meta_id.is_some()).then(|| {
            let read = PermissionSet::of(&[Permission::TemplateRead]);
            TemplateRow { held: held_for_all(&viewer.access, &channels).union(read), row, channels }
        })
    };
    Ok(rows.into_iter().filter_map(of).collect())
}

/// A template that the viewer may see.
pub async fn find(connection: &impl ConnectionTrait, viewer: &Viewer, id: TemplateId) -> Result<TemplateRow> {
    by_ids(connection, viewer, &[id]).await?.remove(&id).ok_or(Error::NotFound)
}

/// The same of some.
pub async fn by_ids(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    ids: &[TemplateId],
) -> Result<HashMap<TemplateId, TemplateRow>> {
    let find = template::Entity::find()
        .filter(template::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(template::Column::Id.is_in(ids.iter().copied()));
    let rows = seen(connection, viewer, find.all(connection).await?).await?;
    Ok(rows.into_iter().map(|seen| (seen.row.id, seen)).collect())
}
