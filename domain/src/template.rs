//! Message templates: what Meta says of them, and who sees which. What one says is a [`definition`].

pub mod definition;
pub mod fill;
pub mod flaw;
pub mod language;
mod meta_form;
mod placeholder;
pub mod preview;
#[cfg(test)]
mod tests;
pub mod values;

use portaria_entity::id::{TemplateId, WorkspaceId};
use portaria_entity::template::{self, Column, TemplateStatus};
use portaria_entity::{channel, template as entity};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::access::Region;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// A template by Meta's id, made known when it is not yet.
pub async fn know(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    (workspace, waba, meta_id): (WorkspaceId, &str, &str),
) -> Result<entity::Model> {
    let row = template::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(clock.new_id::<TemplateId>()),
        waba_id: Set(waba.to_owned()),
        meta_id: Set(meta_id.to_owned()),
        created_at: Set(clock.now()),
        ..Default::default()
    };
    let once = [Column::WorkspaceId, Column::WabaId, Column::MetaId];
    template::Entity::insert(row)
        .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    template::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::WabaId.eq(waba))
        .filter(Column::MetaId.eq(meta_id))
        .one(connection)
        .await?
        .ok_or_else(|| Error::internal("a template that was just written is not there"))
}

/// The templates that a viewer may see, the newest first: those of the accounts that the numbers belong to where they may
/// see templates.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    status: Option<TemplateStatus>,
    after: Option<TemplateId>,
    limit: u64,
) -> Result<Vec<entity::Model>> {
    let mut find = template::Entity::find().filter(Column::WorkspaceId.eq(viewer.workspace_id));
    if let Region::Parts { channels, .. } = viewer.access.region(Permission::TemplateRead) {
        let accounts = Query::select()
            .column(channel::Column::WabaId)
            .from(channel::Entity)
            .and_where(channel::Column::WorkspaceId.eq(viewer.workspace_id))
            .and_where(channel::Column::Id.is_in(channels))
            .to_owned();
        find = find.filter(Column::WabaId.in_subquery(accounts));
    }
    if let Some(status) = status {
        find = find.filter(Column::Status.eq(status));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    Ok(find.order_by_desc(Column::Id).limit(limit).all(connection).await?)
}
