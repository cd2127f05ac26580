//! `/Groups`

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use portaria_domain::directory::group::{self, GroupSearch, WantedGroup};
use portaria_domain::directory::user::Window;
use portaria_entity::directory_group::Model;
use portaria_entity::id::{DirectoryGroupId, DirectoryUserId};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::document::{Document, canonical};
use super::error::{Result, ScimError};
use super::filter::Filter;
use super::list::{Found, MAX_SEARCHED, Query};
use super::matching::fits;
use super::schema::GROUP;
use super::{Caller, Sent, answer_resource, patch, require_version, versioned, written};

type Members = HashMap<DirectoryGroupId, BTreeSet<DirectoryUserId>>;

pub async fn list(caller: Caller, RawQuery(query): RawQuery) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let found = found(&caller, &query).await?;
    Ok(query.answer(found))
}

pub async fn search(caller: Caller, Sent(request): Sent) -> Result<Response> {
    let query = Query::new(&request)?;
    let found = found(&caller, &query).await?;
    Ok(query.answer(found))
}

/// The groups that a query asks for, in a number of statements that does not depend on how many they are.
pub async fn found(caller: &Caller, query: &Query) -> Result<Found> {
    let workspace = caller.directory.workspace_id;
    let reader = caller.installation().database.reader();
    let narrowed = query.filter.as_ref().map(narrow).unwrap_or_default();
    let (total, groups) = match &query.filter {
        None => {
            let window = Window { offset: query.offset, limit: query.count };
            let groups = group::page(reader, workspace, &narrowed, window).await?;
            (group::count(reader, workspace, &narrowed).await?, groups)
        }
        Some(filter) => {
            let window = Window { offset: 0, limit: MAX_SEARCHED as u64 + 1 };
            let groups = group::page(reader, workspace, &narrowed, window).await?;
            if groups.len() > MAX_SEARCHED {
                return Err(ScimError::bad("tooMany", "There are too many to look through: ask for less."));
            }
            let by_member = filter.mentions("members") || filter.mentions("meta");
            let members = members_of(caller, reader, &groups, by_member).await?;
            let fits = |row: &Model| fits(filter, &GROUP, &render(caller, row, members.as_ref()));
            let fitting: Vec<Model> = groups.into_iter().filter(fits).collect();
            (fitting.len() as u64, query.cut(fitting))
        }
    };
    let members = members_of(caller, reader, &groups, query.projection.shows(&GROUP, "members")).await?;
    let shown = groups.iter().map(|row| render(caller, row, members.as_ref()));
    let resources = shown.map(|document| query.projection.apply(&GROUP, document)).collect();
    Ok(Found { total, resources })
}

/// What of a filter the database can look for by itself. The rest is decided by the whole filter afterwards.
fn narrow(filter: &Filter) -> GroupSearch {
    let mut search = GroupSearch::default();
    for (path, value) in filter.demands() {
        let (Some(attribute), Some(text)) = (GROUP.attribute(&path.name), value.as_str()) else { continue };
        match (attribute.name, path.part) {
            ("id", None) => search.id = Some(text.parse().unwrap_or(DirectoryGroupId(Uuid::nil()))),
            ("displayName", None) => search.name = Some(text.to_owned()),
            ("externalId", None) => search.external_id = Some(text.to_owned()),
            _ => {}
        }
    }
    search
}

async fn members_of(
    caller: &Caller,
    connection: &impl ConnectionTrait,
    groups: &[Model],
    wanted: bool,
) -> Result<Option<Members>> {
    if !wanted || groups.is_empty() {
        return Ok(None);
    }
    let ids: Vec<DirectoryGroupId> = groups.iter().map(|group| group.id).collect();
    Ok(Some(group::members_of(connection, caller.directory.workspace_id, &ids).await?))
}

/// A group as a resource.
fn render(caller: &Caller, row: &Model, members: Option<&Members>) -> Document {
    let base = caller.base();
    let mut document = Document::new();
    document.insert("schemas".to_owned(), json!([GROUP.urn]));
    document.insert("id".to_owned(), row.id.to_string().into());
    document.extend(said(caller, row, members.and_then(|members| members.get(&row.id))));
    let meta = json!({
        "resourceType": "Group",
        "created": written(row.created_at),
        "lastModified": written(row.updated_at),
        "location": format!("{base}/Groups/{}", row.id),
    });
    document.insert("meta".to_owned(), meta);
    // What has not been read is not in the version either, which then would be another.
    if members.is_some() { versioned(document) } else { document }
}

/// What the directory may say of a group.
fn said(caller: &Caller, row: &Model, members: Option<&BTreeSet<DirectoryUserId>>) -> Document {
    let base = caller.base();
    let mut document = Document::new();
    if let Some(external_id) = &row.external_id {
        document.insert("externalId".to_owned(), external_id.clone().into());
    }
    document.insert("displayName".to_owned(), row.name.clone().into());
    let members: Vec<Value> = members
        .into_iter()
        .flatten()
        .map(|id| json!({ "value": id, "$ref": format!("{base}/Users/{id}") }))
        .collect();
    if !members.is_empty() {
        document.insert("members".to_owned(), members.into());
    }
    document
}

fn wanted(document: &Document) -> Result<WantedGroup> {
    let known = canonical(&GROUP, document)?;
    let text = |name: &str| known.get(name).and_then(Value::as_str).map(str::to_owned);
    let members = known.get("members").and_then(Value::as_array);
    let member = |item: &Value| {
        let id = item.get("value").and_then(Value::as_str).unwrap_or_default();
        id.parse().map_err(|_| ScimError::invalid_value(format!("\"{id}\" is not the id of a User.")))
    };
    Ok(WantedGroup {
        name: text("displayName").unwrap_or_default(),
        external_id: text("externalId"),
        members: members.into_iter().flatten().map(member).collect::<Result<_>>()?,
    })
}

/// A group with who is in it, as rows and as a resource.
struct Whole {
    row: Model,
    members: BTreeSet<DirectoryUserId>,
    document: Document,
}

async fn find(caller: &Caller, connection: &impl ConnectionTrait, id: &str) -> Result<Whole> {
    let id = id.parse().map_err(|_| ScimError::not_found())?;
    let row = group::find(connection, caller.directory.workspace_id, id).await?;
    let members = members_of(caller, connection, std::slice::from_ref(&row), true).await?;
    let document = render(caller, &row, members.as_ref());
    let members = members.and_then(|mut members| members.remove(&row.id)).unwrap_or_default();
    Ok(Whole { row, members, document })
}

/// Answers with a group as it is after a change.
async fn answer_changed(
    caller: &Caller,
    (method, headers, query): (Method, HeaderMap, &Query),
    id: DirectoryGroupId,
) -> Result<Response> {
    let whole = find(caller, caller.installation().database.reader(), &id.to_string()).await?;
    Ok(answer_resource((&method, &headers), &GROUP, &query.projection, whole.document))
}

pub async fn read(
    caller: Caller,
    Path(id): Path<String>,
    (method, headers): (Method, HeaderMap),
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let whole = find(&caller, caller.installation().database.reader(), &id).await?;
    Ok(answer_resource((&method, &headers), &GROUP, &query.projection, whole.document))
}

pub async fn create(
    caller: Caller,
    (method, headers): (Method, HeaderMap),
    RawQuery(query): RawQuery,
    Sent(document): Sent,
) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let wanted = wanted(&document)?;
    let mut change = caller.begin().await?;
    let id = group::create(&mut change, wanted).await?;
    change.finish().await?;
    answer_changed(&caller, (method, headers, &query), id).await
}

pub async fn replace(
    caller: Caller,
    Path(id): Path<String>,
    (method, headers): (Method, HeaderMap),
    RawQuery(query): RawQuery,
    Sent(document): Sent,
) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let wanted = wanted(&document)?;
    let mut change = caller.begin().await?;
    let before = find(&caller, &change.transaction, &id).await?;
    require_version(&headers, &before.document)?;
    let id = before.row.id;
    group::replace(&mut change, (before.row, before.members), wanted).await?;
    change.finish().await?;
    answer_changed(&caller, (method, headers, &query), id).await
}

pub async fn patch(
    caller: Caller,
    Path(id): Path<String>,
    (method, headers): (Method, HeaderMap),
    RawQuery(query): RawQuery,
    Sent(request): Sent,
) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let mut change = caller.begin().await?;
    let before = find(&caller, &change.transaction, &id).await?;
    require_version(&headers, &before.document)?;
    let mut document = said(&caller, &before.row, Some(&before.members));
    patch::apply(&GROUP, &mut document, &request)?;
    let id = before.row.id;
    group::replace(&mut change, (before.row, before.members), wanted(&document)?).await?;
    change.finish().await?;
    answer_changed(&caller, (method, headers, &query), id).await
}

pub async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    let mut change = caller.begin().await?;
    let before = find(&caller, &change.transaction, &id).await?;
    require_version(&headers, &before.document)?;
    group::remove(&mut change, before.row).await?;
    change.finish().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
