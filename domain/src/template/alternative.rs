//! What stands in for a template that may not be sent, and from which numbers a template may be sent at all.

use std::collections::{BTreeSet, HashMap};

use portaria_entity::id::{ChannelId, TemplateId, WorkspaceId};
use portaria_entity::{template, template_alternative, template_channel};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::desk::Desk;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Names what to send in the place of a template, or that there is nothing: a template of the same account.
pub async fn set_alternative(
    installation: &Installation,
    viewer: &Viewer,
    id: TemplateId,
    alternative: Option<TemplateId>,
) -> Result<template::Model> {
    let desk = Desk::open(installation, viewer, id, Permission::TemplateWrite).await?;
    if let Some(other) = alternative {
        let key = (viewer.workspace_id, other);
        let found = template::Entity::find_by_id(key).one(&desk.transaction).await?;
        // Of another account it may not be known to the viewer.
        let found = found.filter(|found| found.waba_id == desk.row.waba_id).ok_or(Error::NotFound)?;
        if found.id == id {
            return Err(Refusal::OwnAlternative.into());
        }
        if found.status == Some(template::TemplateStatus::Deleted) {
            return Err(Refusal::TemplateDeleted.into());
        }
    }
    let before = template_alternative::Entity::find_by_id((viewer.workspace_id, id));
    let before = before.one(&desk.transaction).await?.map(|row| row.alternative_id);
    if before == alternative {
        return desk.finish().await;
    }
    let key = (viewer.workspace_id, id);
    template_alternative::Entity::delete_by_id(key).exec(&desk.transaction).await?;
    if let Some(other) = alternative {
        let row = template_alternative::ActiveModel {
            workspace_id: Set(viewer.workspace_id),
            template_id: Set(id),
            alternative_id: Set(other),
            set_by: Set(viewer.member_id()),
            set_at: Set(desk.now),
        };
        template_alternative::Entity::insert(row).exec_without_returning(&desk.transaction).await?;
    }
    let told = |id: Option<TemplateId>| Some(json!({ "alternative": id }));
    desk.record("template.alternative_set", (told(before), told(alternative))).await?;
    desk.finish().await
}

/// Says from which numbers of its account a template may be sent; none said: from all.
pub async fn set_channels(
    installation: &Installation,
    viewer: &Viewer,
    id: TemplateId,
    wanted: &[ChannelId],
) -> Result<template::Model> {
    let desk = Desk::open(installation, viewer, id, Permission::TemplateWrite).await?;
    let wanted: BTreeSet<ChannelId> = wanted.iter().copied().collect();
    if wanted.iter().any(|channel| !desk.channels.contains(channel)) {
        return Err(Error::NotFound);
    }
    let of_template = || {
        (
            template_channel::Column::WorkspaceId.eq(viewer.workspace_id),
            template_channel::Column::TemplateId.eq(id),
        )
    };
    let (workspace, template) = of_template();
    let rows =
        template_channel::Entity::find().filter(workspace).filter(template).all(&desk.transaction).await?;
    let before: BTreeSet<ChannelId> = rows.into_iter().map(|row| row.channel_id).collect();
    if before == wanted {
        return desk.finish().await;
    }
    let (workspace, template) = of_template();
    template_channel::Entity::delete_many()
        .filter(workspace)
        .filter(template)
        .exec(&desk.transaction)
        .await?;
    for channel in &wanted {
        let row = template_channel::ActiveModel {
            workspace_id: Set(viewer.workspace_id),
            template_id: Set(id),
            channel_id: Set(*channel),
            set_by: Set(viewer.member_id()),
            set_at: Set(desk.now),
        };
        template_channel::Entity::insert(row).exec_without_returning(&desk.transaction).await?;
    }
    let told = |set: &BTreeSet<ChannelId>| Some(json!({ "channels": set }));
    desk.record("template.channels_set", (told(&before), told(&wanted))).await?;
    desk.finish().await
}

/// What stands in for a template.
pub async fn alternative_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: TemplateId,
) -> Result<Option<template_alternative::Model>> {
    Ok(template_alternative::Entity::find_by_id((workspace, id)).one(connection).await?)
}

/// What stands in for some templates.
pub async fn alternatives(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    templates: &[TemplateId],
) -> Result<Vec<template_alternative::Model>> {
    let find = template_alternative::Entity::find()
        .filter(template_alternative::Column::WorkspaceId.eq(workspace))
        .filter(template_alternative::Column::TemplateId.is_in(templates.iter().copied()));
    Ok(find.all(connection).await?)
}

/// The numbers that some templates are held to; not those that may be sent from all.
pub async fn channels_of_templates(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    templates: &[TemplateId],
) -> Result<HashMap<TemplateId, Vec<template_channel::Model>>> {
    let find = template_channel::Entity::find()
        .filter(template_channel::Column::WorkspaceId.eq(workspace))
        .filter(template_channel::Column::TemplateId.is_in(templates.iter().copied()))
        .order_by_asc(template_channel::Column::ChannelId);
    let mut found: HashMap<TemplateId, Vec<_>> = HashMap::new();
    for row in find.all(connection).await? {
        found.entry(row.template_id).or_default().push(row);
    }
    Ok(found)
}

/// Whether a template may be sent from a number: one of its account, and not held to others.
pub async fn is_for_channel(
    connection: &impl ConnectionTrait,
    row: &template::Model,
    channel: &portaria_entity::channel::Model,
) -> Result<bool> {
    if channel.workspace_id != row.workspace_id || channel.waba_id != row.waba_id {
        return Ok(false);
    }
    let held = channels_of_templates(connection, row.workspace_id, &[row.id]).await?;
    Ok(held.get(&row.id).is_none_or(|rows| rows.iter().any(|held| held.channel_id == channel.id)))
}
