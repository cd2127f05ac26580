//! `/Users`

use std::collections::HashMap;

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use portaria_domain::directory::profile::Profile;
use portaria_domain::directory::user::{self, Person, Search, Wanted, Window};
use portaria_entity::id::{DirectoryGroupId, DirectoryUserId};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::document::{Document, canonical};
use super::error::{Result, ScimError};
use super::filter::Filter;
use super::list::{Found, MAX_SEARCHED, Query};
use super::matching::fits;
use super::schema::USER;
use super::{Caller, Sent, answer_resource, patch, require_version, versioned, written};

type Groups = HashMap<DirectoryUserId, Vec<(DirectoryGroupId, String)>>;

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

/// The users that a query asks for, in a number of statements that does not depend on how many they are.
pub async fn found(caller: &Caller, query: &Query) -> Result<Found> {
    let source = (&caller.installation().database, caller.directory.workspace_id);
    let reader = caller.installation().database.reader();
    let narrowed = query.filter.as_ref().map(narrow).unwrap_or_default();
    let (total, people) = match &query.filter {
        None => {
            let window = Window { offset: query.offset, limit: query.count };
            let people = user::page(reader, source, &narrowed, window).await?;
            (user::count(reader, source, &narrowed).await?, people)
        }
        Some(filter) => {
            let window = Window { offset: 0, limit: MAX_SEARCHED as u64 + 1 };
            let people = user::page(reader, source, &narrowed, window).await?;
            if people.len() > MAX_SEARCHED {
                return Err(ScimError::bad("tooMany", "There are too many to look through: ask for less."));
            }
            let by_group = filter.mentions("groups") || filter.mentions("meta");
            let groups = groups_of(caller, reader, &people, by_group).await?;
            let fits = |person: &Person| fits(filter, &USER, &render(caller, person, groups.as_ref()));
            let fitting: Vec<Person> = people.into_iter().filter(fits).collect();
            (fitting.len() as u64, query.cut(fitting))
        }
    };
    let groups = groups_of(caller, reader, &people, query.projection.shows(&USER, "groups")).await?;
    let shown = people.iter().map(|person| render(caller, person, groups.as_ref()));
    let resources = shown.map(|document| query.projection.apply(&USER, document)).collect();
    Ok(Found { total, resources })
}

/// What of a filter the database can look for by itself. The rest is decided by the whole filter afterwards.
fn narrow(filter: &Filter) -> Search {
    let mut search = Search::default();
    for (path, value) in filter.demands() {
        let (Some(attribute), Some(text)) = (USER.attribute(&path.name), value.as_str()) else { continue };
        match (attribute.name, path.part.as_deref()) {
            ("id", None) => search.id = Some(text.parse().unwrap_or(DirectoryUserId(Uuid::nil()))),
            ("userName", None) => search.user_name = Some(text.to_owned()),
            ("externalId", None) => search.external_id = Some(text.to_owned()),
            ("emails", part) if part.is_none_or(|part| part.eq_ignore_ascii_case("value")) => {
                search.address = Some(text.to_owned());
            }
            _ => {}
        }
    }
    search
}

async fn groups_of(
    caller: &Caller,
    connection: &impl ConnectionTrait,
    people: &[Person],
    wanted: bool,
) -> Result<Option<Groups>> {
    if !wanted || people.is_empty() {
        return Ok(None);
    }
    let ids: Vec<DirectoryUserId> = people.iter().map(|person| person.id).collect();
    Ok(Some(user::groups_of(connection, caller.directory.workspace_id, &ids).await?))
}

/// A person as a resource.
fn render(caller: &Caller, person: &Person, groups: Option<&Groups>) -> Document {
    let base = caller.base();
    let mut document = Document::new();
    document.insert("schemas".to_owned(), json!([USER.urn]));
    document.insert("id".to_owned(), person.id.to_string().into());
    document.extend(said(person));
    let inside: Vec<Value> = groups
        .and_then(|groups| groups.get(&person.id))
        .into_iter()
        .flatten()
        .map(|(id, name)| json!({ "value": id, "$ref": format!("{base}/Groups/{id}"), "display": name }))
        .collect();
    if !inside.is_empty() {
        document.insert("groups".to_owned(), inside.into());
    }
    let meta = json!({
        "resourceType": "User",
        "created": written(person.created_at),
        "lastModified": written(person.updated_at),
        "location": format!("{base}/Users/{}", person.id),
    });
    document.insert("meta".to_owned(), meta);
    // What has not been read is not in the version either, which then would be another.
    if groups.is_some() { versioned(document) } else { document }
}

/// What the directory may say of a person.
fn said(person: &Person) -> Document {
    let mut document = match serde_json::to_value(&person.profile) {
        Ok(Value::Object(document)) => document,
        Ok(_) | Err(_) => Document::new(),
    };
    document.insert("active".to_owned(), person.is_active().into());
    document
}

/// What the directory says: `before` is as the person is now, if there is one.
fn wanted(document: &Document, before: Option<&Person>) -> Result<Wanted> {
    let known = canonical(&USER, document)?;
    let active = known.get("active").and_then(Value::as_bool);
    let active = active.unwrap_or_else(|| before.is_none_or(Person::is_active));
    let profile: Profile = serde_json::from_value(Value::Object(known))
        .map_err(|_| ScimError::invalid_value("This is not a User."))?;
    Ok(Wanted { profile, active })
}

fn parse(id: &str) -> Result<DirectoryUserId> {
    id.parse().map_err(|_| ScimError::not_found())
}

async fn find(caller: &Caller, connection: &impl ConnectionTrait, id: &str) -> Result<(Person, Document)> {
    let source = (&caller.installation().database, caller.directory.workspace_id);
    let person = user::find(connection, source, parse(id)?).await?;
    let groups = groups_of(caller, connection, std::slice::from_ref(&person), true).await?;
    let document = render(caller, &person, groups.as_ref());
    Ok((person, document))
}

/// Answers with a user as they are after a change.
async fn answer_changed(
    caller: &Caller,
    (method, headers, query): (Method, HeaderMap, &Query),
    id: DirectoryUserId,
) -> Result<Response> {
    let (_, document) = find(caller, caller.installation().database.reader(), &id.to_string()).await?;
    Ok(answer_resource((&method, &headers), &USER, &query.projection, document))
}

pub async fn read(
    caller: Caller,
    Path(id): Path<String>,
    (method, headers): (Method, HeaderMap),
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let (_, document) = find(&caller, caller.installation().database.reader(), &id).await?;
    Ok(answer_resource((&method, &headers), &USER, &query.projection, document))
}

pub async fn create(
    caller: Caller,
    (method, headers): (Method, HeaderMap),
    RawQuery(query): RawQuery,
    Sent(document): Sent,
) -> Result<Response> {
    let query = Query::from_address(query.as_deref())?;
    let wanted = wanted(&document, None)?;
    let mut change = caller.begin().await?;
    let id = user::create(&mut change, wanted).await?;
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
    let mut change = caller.begin().await?;
    let (person, before) = find(&caller, &change.transaction, &id).await?;
    require_version(&headers, &before)?;
    let (id, wanted) = (person.id, wanted(&document, Some(&person))?);
    user::replace(&mut change, person, wanted).await?;
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
    let (person, before) = find(&caller, &change.transaction, &id).await?;
    require_version(&headers, &before)?;
    let mut document = said(&person);
    patch::apply(&USER, &mut document, &request)?;
    let (id, wanted) = (person.id, wanted(&document, Some(&person))?);
    user::replace(&mut change, person, wanted).await?;
    change.finish().await?;
    answer_changed(&caller, (method, headers, &query), id).await
}

pub async fn delete(caller: Caller, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    let mut change = caller.begin().await?;
    let (person, document) = find(&caller, &change.transaction, &id).await?;
    require_version(&headers, &document)?;
    user::remove(&mut change, &person).await?;
    change.finish().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
