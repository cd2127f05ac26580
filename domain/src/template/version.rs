//! Versions of a template: each is what somebody wrote, for good. A change is another version, so that who approves one has
//! approved what they saw.

use std::collections::BTreeSet;

use portaria_entity::id::{MemberId, TemplateId, TemplateVersionId, WorkspaceId};
use portaria_entity::template_version::{self, Column, Model, TemplateVersionState as State};
use portaria_entity::{api_key, template};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::authority::{channels_of, held_for_all, may_see};
use super::definition::Definition;
use super::desk::Desk;
use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::turn;
use crate::viewer::Viewer;
use portaria_entity::id::ChannelId;

/// So many templates an account may have, and so many versions one of them.
const MOST_TEMPLATES: u64 = 250;
const MOST_VERSIONS: i32 = 500;

/// Writes a new template for the account that a number belongs to. Nobody but this workspace knows of it yet.
pub async fn create(
    installation: &Installation,
    viewer: &Viewer,
    channel: ChannelId,
    definition: &Definition,
) -> Result<template::Model> {
    let now = installation.clock.now();
    let all = crate::channel::all(installation.database.reader(), viewer.workspace_id).await?;
    let found = all.into_iter().find(|row| row.id == channel).ok_or(Error::NotFound)?;
    let transaction = installation.database.begin().await?;
    let channels = channels_of(&transaction, viewer.workspace_id, &found.waba_id).await?;
    let held = held_for_all(&viewer.access, &channels);
    viewer.require(held, PermissionSet::of(&[Permission::TemplateWrite]), now)?;
    if !may_see(&viewer.access, &channels, true) {
        return Err(Error::Forbidden { any_of: PermissionSet::of(&[Permission::TemplateRead]) });
    }
    require_flawless(definition)?;
    let turn_of = format!("templates:{}", found.waba_id);
    turn::take(installation, &transaction, viewer.workspace_id, [turn_of.as_str()]).await?;
    let live = live_names(&transaction, viewer.workspace_id, &found.waba_id).await?;
    if live.contains(&(definition.name.clone(), definition.language.clone())) {
        return Err(Refusal::NameTaken.into());
    }
    if u64::try_from(live.len()).unwrap_or(u64::MAX) >= MOST_TEMPLATES {
        return Err(Refusal::TooManyTemplates.into());
    }
    let category = definition.category.map(|category| <&str>::from(category).to_owned());
    let row = template::Model {
        workspace_id: viewer.workspace_id,
        id: installation.clock.new_id(),
        waba_id: found.waba_id,
        meta_id: None,
        name: Some(definition.name.clone()),
        name_at: None,
        language: Some(definition.language.clone()),
        language_at: None,
        status: None,
        status_at: None,
        reason: None,
        reason_at: None,
        category,
        category_at: None,
        coming_category: None,
        coming_category_at: None,
        quality: None,
        quality_at: None,
        components: None,
        components_at: None,
        definition: None,
        definition_at: None,
        created_at: now,
    };
    template::Entity::insert(template::ActiveModel::from(row.clone()))
        .exec_without_returning(&transaction)
        .await?;
    let desk = Desk { installation, viewer, transaction, row, channels, now };
    let version = add(&desk, 1, definition).await?;
    let told = json!({ "name": definition.name, "language": definition.language, "version": version });
    desk.record("template.created", (None, Some(told))).await?;
    desk.finish().await
}

/// Name and language of the account's templates that have not been deleted.
async fn live_names(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    waba: &str,
) -> Result<BTreeSet<(String, String)>> {
    let rows = template::Entity::find()
        .filter(template::Column::WorkspaceId.eq(workspace))
        .filter(template::Column::WabaId.eq(waba))
        .all(connection)
        .await?;
    let live = rows.into_iter().filter(|row| row.status != Some(template::TemplateStatus::Deleted));
    Ok(live.filter_map(|row| Some((row.name?, row.language?))).collect())
}

fn require_flawless(definition: &Definition) -> Result<()> {
    if definition.flaws().is_empty() { Ok(()) } else { Err(Refusal::FlawedTemplate.into()) }
}

/// Writes another version. `base` is the one that was changed: when it is not the last any more, somebody else was faster.
/// Name and language stay as they are: with another name it is another template.
pub async fn update(
    installation: &Installation,
    viewer: &Viewer,
    (id, base): (TemplateId, Option<TemplateVersionId>),
    definition: Definition,
) -> Result<template::Model> {
    let desk = Desk::open(installation, viewer, id, Permission::TemplateWrite).await?;
    let last = latest(&desk.transaction, desk.row.workspace_id, id).await?;
    let definition = rebased(&desk.row, last.as_ref(), definition)?;
    require_flawless(&definition)?;
    require_open(&desk, last.as_ref()).await?;
    if last.as_ref().map(|last| last.id) != base {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let number = last.as_ref().map_or(0, |last| last.number) + 1;
    if number > MOST_VERSIONS {
        return Err(Refusal::TooManyVersions.into());
    }
    let version = add(&desk, number, &definition).await?;
    let before = last.map(|last| json!({ "version": last.id }));
    desk.record("template.updated", (before, Some(json!({ "version": version })))).await?;
    desk.finish().await
}

/// The definition under the template's own name. What has parts that are not known here is not edited here: they would be lost.
fn rebased(row: &template::Model, last: Option<&Model>, mut definition: Definition) -> Result<Definition> {
    let known = match (&row.definition, last) {
        (_, Some(last)) => Some(Definition::from_json(&last.definition)?),
        (Some(told), None) => Some(Definition::from_json(told)?),
        (None, None) => None,
    };
    let known = known.ok_or(Refusal::NotToldYet)?;
    let told = row.definition.as_deref().map(Definition::from_json).transpose()?;
    if !known.is_understood() || told.is_some_and(|told| !told.is_understood()) {
        return Err(Refusal::NotUnderstood.into());
    }
    definition.name = known.name;
    definition.language = known.language;
    Ok(definition)
}

/// Refuses while the last version is being decided on, or is on its way to Meta; and when the template is gone.
pub(super) async fn require_open(desk: &Desk<'_>, last: Option<&Model>) -> Result<()> {
    if desk.row.status == Some(template::TemplateStatus::Deleted) {
        return Err(Refusal::TemplateDeleted.into());
    }
    if super::submission::open_of(&desk.transaction, desk.row.workspace_id, desk.row.id).await?.is_some() {
        return Err(Refusal::TemplateInWork.into());
    }
    match last.map(|last| last.state) {
        Some(State::Requested | State::Approved) => Err(Refusal::TemplateInWork.into()),
        Some(State::Draft | State::Declined | State::Withdrawn | State::Submitted | State::Refused)
        | None => Ok(()),
    }
}

async fn add(desk: &Desk<'_>, number: i32, definition: &Definition) -> Result<TemplateVersionId> {
    let id = desk.installation.clock.new_id();
    let row = template_version::ActiveModel {
        workspace_id: Set(desk.row.workspace_id),
        id: Set(id),
        template_id: Set(desk.row.id),
        number: Set(number),
        definition: Set(definition.to_json()?),
        author_id: Set(desk.viewer.member_id()),
        author_key_id: Set(desk.viewer.api_key_id()),
        created_at: Set(desk.now),
        state: Set(State::Draft),
        requested_by: Set(None),
        requested_by_key: Set(None),
        requested_at: Set(None),
        decided_by: Set(None),
        decided_at: Set(None),
        reason: Set(None),
        alone: Set(false),
    };
    template_version::Entity::insert(row).exec_without_returning(&desk.transaction).await?;
    Ok(id)
}

/// The last version; none of a template that was not written here.
pub async fn latest(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    template: TemplateId,
) -> Result<Option<Model>> {
    let find = template_version::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::TemplateId.eq(template))
        .order_by_desc(Column::Number);
    Ok(find.one(connection).await?)
}

/// A page of versions, the last first; before the one with this number.
pub async fn page(
    connection: &impl ConnectionTrait,
    (workspace, template): (WorkspaceId, TemplateId),
    before: Option<i32>,
    limit: u64,
) -> Result<Vec<Model>> {
    let mut find = template_version::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::TemplateId.eq(template));
    if let Some(before) = before {
        find = find.filter(Column::Number.lt(before));
    }
    Ok(find.order_by_desc(Column::Number).limit(limit).all(connection).await?)
}

/// The last versions of some templates.
pub async fn latest_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    templates: &[TemplateId],
) -> Result<Vec<Model>> {
    let newest = Query::select()
        .column(Column::TemplateId)
        .expr(Expr::col(Column::Number).max())
        .from(template_version::Entity)
        .and_where(Column::WorkspaceId.eq(workspace))
        .and_where(Column::TemplateId.is_in(templates.iter().copied()))
        .group_by_col(Column::TemplateId)
        .to_owned();
    let place = Expr::tuple([Expr::col(Column::TemplateId), Expr::col(Column::Number)]);
    let find = template_version::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::TemplateId.is_in(templates.iter().copied()))
        .filter(place.in_subquery(newest));
    Ok(find.all(connection).await?)
}

/// Everybody who had a hand in a version: who wrote it or one of those that it goes back to since Meta was given the last, and who
/// asked to have it approved. For an API key, who made the key.
pub async fn authors(connection: &impl ConnectionTrait, version: &Model) -> Result<BTreeSet<MemberId>> {
    let before = template_version::Entity::find()
        .filter(Column::WorkspaceId.eq(version.workspace_id))
        .filter(Column::TemplateId.eq(version.template_id))
        .filter(Column::Number.lte(version.number))
        .order_by_desc(Column::Number)
        .all(connection)
        .await?;
    let since = before
        .into_iter()
        .take_while(|earlier| earlier.id == version.id || earlier.state != State::Submitted)
        .collect::<Vec<_>>();
    let mut people: BTreeSet<MemberId> = since.iter().filter_map(|one| one.author_id).collect();
    people.extend(version.requested_by);
    let keys: BTreeSet<_> =
        since.iter().filter_map(|one| one.author_key_id).chain(version.requested_by_key).collect();
    if !keys.is_empty() {
        let find = api_key::Entity::find()
            .filter(api_key::Column::WorkspaceId.eq(version.workspace_id))
            .filter(api_key::Column::Id.is_in(keys));
        people.extend(find.all(connection).await?.into_iter().map(|key| key.created_by));
    }
    Ok(people)
}

/// A version's template, as the installation changes it.
pub(super) async fn note(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    row: &template::Model,
    (action, told): (&str, serde_json::Value),
) -> Result<()> {
    let deed = Deed {
        workspace_id: row.workspace_id,
        actor: crate::activity::Actor::Installation,
        action,
        subject: row.id.to_string(),
        before: None,
        after: Some(told),
        address: None,
    };
    record(connection, &installation.clock, deed).await
}
