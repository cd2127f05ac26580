//! Message templates: what Meta says of them, and who sees which. What one says is a [`definition`].

pub mod alternative;
pub mod approval;
pub mod authority;
pub mod definition;
mod desk;
pub mod fill;
pub mod flaw;
pub mod language;
pub mod message;
mod meta_form;
pub mod outcome;
mod placeholder;
pub mod preview;
pub mod removal;
pub mod standing;
pub mod submission;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod values;
pub mod version;

use portaria_entity::id::{TemplateId, WorkspaceId};
use portaria_entity::template::{self, Column, TemplateStatus};
use portaria_entity::{channel, template as entity, template_version};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::access::Region;
use crate::clock::Clock;
use crate::database::literal;
use crate::error::{Error, Result};
use crate::permission::Permission;
use crate::viewer::Viewer;
use authority::{TemplateRow, WORKS_ON_TEMPLATES, seen};

/// A template by Meta's id, made known when it is not yet. One that was written here is known by its name and language until Meta's
/// id is, for the answer that gave the id may be lost, or not be there yet.
pub async fn know(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    (workspace, waba, meta_id): (WorkspaceId, &str, &str),
    named: Option<(&str, &str)>,
) -> Result<entity::Model> {
    let of_account = || {
        let of_workspace = template::Entity::find().filter(Column::WorkspaceId.eq(workspace));
        of_workspace.filter(Column::WabaId.eq(waba))
    };
    if let Some(known) = of_account().filter(Column::MetaId.eq(meta_id)).one(connection).await? {
        return Ok(known);
    }
    if let Some((name, language)) = named {
        let written = of_account()
            .filter(Column::MetaId.is_null())
            .filter(Column::Name.eq(name))
            .filter(Column::Language.eq(language))
            .filter(Column::Status.is_null())
            .one(connection)
            .await?;
        if let Some(mut row) = written {
            row.meta_id = Some(meta_id.to_owned());
            let told = template::ActiveModel { meta_id: Set(row.meta_id.clone()), ..Default::default() };
            template::Entity::update_many()
                .set(told)
                .filter(Column::WorkspaceId.eq(workspace))
                .filter(Column::Id.eq(row.id))
                .exec(connection)
                .await?;
            return Ok(row);
        }
    }
    let row = template::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(clock.new_id::<TemplateId>()),
        waba_id: Set(waba.to_owned()),
        meta_id: Set(Some(meta_id.to_owned())),
        created_at: Set(clock.now()),
        ..Default::default()
    };
    let once = [Column::WorkspaceId, Column::WabaId, Column::MetaId];
    template::Entity::insert(row)
        .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    let known = of_account().filter(Column::MetaId.eq(meta_id)).one(connection).await?;
    known.ok_or_else(|| Error::internal("a template that was just written is not there"))
}

/// Which templates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub status: Option<TemplateStatus>,
    /// Only those of which a version waits to be approved.
    pub awaiting_approval: bool,
}

/// The templates that a viewer may see, the newest first: those of the accounts that the numbers belong to where they may
/// see templates. What Meta does not have yet, only where they work on templates.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    wanted: Wanted,
    after: Option<TemplateId>,
    limit: u64,
) -> Result<Vec<TemplateRow>> {
    let read = viewer.access.region(Permission::TemplateRead);
    let mut find = template::Entity::find()
        .filter(Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(of_accounts(viewer, read));
    let mut works = Condition::any();
    for permission in WORKS_ON_TEMPLATES.iter() {
        works = works.add(of_accounts(viewer, viewer.access.region(permission)));
    }
    find = find.filter(Condition::any().add(Column::MetaId.is_not_null()).add(works.clone()));
    if let Some(status) = wanted.status {
        find = find.filter(Column::Status.eq(status));
    }
    if wanted.awaiting_approval {
        let requested = Query::select()
            .column(template_version::Column::TemplateId)
            .from(template_version::Entity)
            .and_where(template_version::Column::WorkspaceId.eq(viewer.workspace_id))
            .and_where(ExprTrait::eq(Expr::col(template_version::Column::State), literal("requested")))
            .to_owned();
        // How far a version is, only who works on templates knows.
        find = find.filter(Column::Id.in_subquery(requested)).filter(works);
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    let rows = find.order_by_desc(Column::Id).limit(limit).all(connection).await?;
    seen(connection, viewer, rows).await
}

/// Of the accounts that the numbers of a region belong to.
fn of_accounts(viewer: &Viewer, region: Region) -> Condition {
    let Region::Parts { channels, .. } = region else { return Condition::all() };
    let accounts = Query::select()
        .column(channel::Column::WabaId)
        .from(channel::Entity)
        .and_where(channel::Column::WorkspaceId.eq(viewer.workspace_id))
        .and_where(channel::Column::Id.is_in(channels))
        .to_owned();
    Condition::all().add(Column::WabaId.in_subquery(accounts))
}
