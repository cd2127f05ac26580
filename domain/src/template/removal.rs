//! Deleting a template: a draft at once, one that Meta has by asking Meta. Its versions stay: they tell who did what.

use portaria_entity::id::TemplateId;
use portaria_entity::template::{self, Column, TemplateStatus};
use portaria_entity::template_submission::TemplateOperation;
use portaria_entity::template_version::{self, TemplateVersionState as State};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::desk::Desk;
use super::submission;
use crate::error::{Refusal, Result};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Deletes a template in its language. What waits to be decided on or sent is withdrawn with it.
pub async fn delete(installation: &Installation, viewer: &Viewer, id: TemplateId) -> Result<template::Model> {
    let mut desk = Desk::open(installation, viewer, id, Permission::TemplateDelete).await?;
    if desk.row.status == Some(TemplateStatus::Deleted) {
        return Err(Refusal::TemplateDeleted.into());
    }
    let open = submission::open_of(&desk.transaction, desk.row.workspace_id, id).await?;
    if open.is_some() && !submission::cancel(&desk).await? {
        return Err(Refusal::TemplateInWork.into());
    }
    let withdrawn = template_version::ActiveModel { state: Set(State::Withdrawn), ..Default::default() };
    template_version::Entity::update_many()
        .set(withdrawn)
        .filter(template_version::Column::WorkspaceId.eq(desk.row.workspace_id))
        .filter(template_version::Column::TemplateId.eq(id))
        .filter(template_version::Column::State.is_in([State::Requested, State::Approved]))
        .exec(&desk.transaction)
        .await?;
    let told = json!({ "name": desk.row.name, "language": desk.row.language });
    if desk.row.meta_id.is_some() {
        submission::queue(&desk, TemplateOperation::Delete, None).await?;
        desk.record("template.deletion_asked", (Some(told), None)).await?;
        return desk.finish().await;
    }
    desk.row.status = Some(TemplateStatus::Deleted);
    desk.row.status_at = Some(desk.now);
    let gone = template::ActiveModel {
        status: Set(desk.row.status),
        status_at: Set(desk.row.status_at),
        ..Default::default()
    };
    template::Entity::update_many()
        .set(gone)
        .filter(Column::WorkspaceId.eq(desk.row.workspace_id))
        .filter(Column::Id.eq(id))
        .exec(&desk.transaction)
        .await?;
    desk.record("template.deleted", (Some(told), None)).await?;
    desk.finish().await
}
