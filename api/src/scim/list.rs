//! Lists of resources: which, how many, and how much of each. By GET, or by POST where an address would be too long.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::document::{Document, Projection};
use super::error::{Result, ScimError};
use super::filter::Filter;
use super::{Caller, Sent, answer, group, user};

/// The most resources in one answer.
pub const MAX_COUNT: u64 = 200;
const DEFAULT_COUNT: u64 = 100;
/// The most resources that one filter looks through.
pub const MAX_SEARCHED: usize = 20_000;

/// What a client asks of a list.
#[derive(Debug, Default)]
pub struct Query {
    pub filter: Option<Filter>,
    pub projection: Projection,
    /// How many are passed over.
    pub offset: u64,
    pub count: u64,
}

/// Resources of a list, and how many there are in all.
pub struct Found {
    pub total: u64,
    pub resources: Vec<Document>,
}

impl Query {
    /// From the query of an address.
    pub fn from_address(query: Option<&str>) -> Result<Self> {
        let mut said = Document::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            said.insert(name.into_owned(), value.into_owned().into());
        }
        Self::new(&said)
    }

    /// From a search request, or the same by name and text.
    pub fn new(said: &Document) -> Result<Self> {
        let field = |wanted: &str| {
            let found = said.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value).filter(|value| !value.is_null())
        };
        let filter = match field("filter") {
            None => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(Filter::parse(text)?),
            Some(_) => return Err(ScimError::bad("invalidFilter", "filter is a text.")),
        };
        let start = number("startIndex", field("startIndex"))?.unwrap_or(1).max(1);
        let count = match number("count", field("count"))? {
            Some(count) => u64::try_from(count).unwrap_or(0).min(MAX_COUNT),
            None => DEFAULT_COUNT,
        };
        let projection = Projection::new(names(field("attributes")), names(field("excludedAttributes")))?;
        Ok(Self { filter, projection, offset: u64::try_from(start).unwrap_or(1) - 1, count })
    }

    /// The answer.
    pub fn answer(&self, found: Found) -> Response {
        let resources: Vec<Value> = found.resources.into_iter().map(Value::Object).collect();
        answer(StatusCode::OK, &list_response(found.total, self.offset + 1, &resources))
    }

    /// The part of a list that has been filtered as a whole.
    pub fn cut<T>(&self, all: Vec<T>) -> Vec<T> {
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        all.into_iter().skip(whole(self.offset)).take(whole(self.count)).collect()
    }
}

fn number(name: &str, said: Option<&Value>) -> Result<Option<i64>> {
    let read = match said {
        None => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_i64(),
    };
    read.map(Some).ok_or_else(|| ScimError::invalid_value(format!("{name} is a whole number.")))
}

/// Names parted by commas, or a list of them.
fn names(said: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = match said {
        Some(Value::String(text)) => text.split(',').collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    };
    texts.into_iter().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub fn list_response(total: u64, start: u64, resources: &[Value]) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

/// `/.search`: users, then groups.
pub async fn search_all(caller: Caller, Sent(request): Sent) -> Result<Response> {
    let query = Query::new(&request)?;
    let users = user::found(&caller, &query).await?;
    let rest = Query {
        offset: query.offset.saturating_sub(users.total),
        count: query.count - users.resources.len() as u64,
        ..Query::new(&request)?
    };
    let groups = group::found(&caller, &rest).await?;
    let resources = [users.resources, groups.resources].concat();
    Ok(query.answer(Found { total: users.total + groups.total, resources }))
}
