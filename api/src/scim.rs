//! SCIM 2.0 (RFC 7643, 7644) at `/scim/v2`: a company's directory creates and removes access as people come and go.
//! The rules are the domain's; here are names, filters, changes and answers in the forms of the standard.

mod discovery;
mod document;
mod error;
mod filter;
mod group;
mod list;
mod matching;
mod patch;
mod schema;
mod user;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use portaria_domain::Installation;
use portaria_domain::directory::{self, Directory, credential};
use portaria_domain::granting::Change;
use portaria_entity::id::WorkspaceId;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::document::{Document, Projection};
use self::error::{MEDIA_TYPE, Result, ScimError};
use self::schema::ResourceType;
use crate::ApiState;
use crate::origin::ClientAddress;

/// A group of some thousands of people in one request.
const MAX_BODY: usize = 1024 * 1024;
/// Requests of directories that a process works on at once. More are told to come back.
const AT_ONCE: usize = 12;
/// How many of them one workspace may have: a directory that sends slowly keeps no other from its work.
const OF_ONE_WORKSPACE: usize = 8;

/// How many requests are worked on.
pub struct Gate {
    all: Arc<Semaphore>,
    of: Mutex<HashMap<WorkspaceId, Arc<Semaphore>>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), of: Mutex::default() }
    }
}

impl Gate {
    /// A place for a directory of this workspace, while there is one.
    fn enter(&self, workspace: WorkspaceId) -> Option<[OwnedSemaphorePermit; 2]> {
        let own = {
            let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
            of.entry(workspace).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE_WORKSPACE))).clone()
        };
        Some([own.try_acquire_owned().ok()?, self.all.clone().try_acquire_owned().ok()?])
    }
}

pub fn router() -> Router<Arc<ApiState>> {
    let resources = Router::new()
        .route("/Users", get(user::list).post(user::create))
        .route("/Users/.search", post(user::search))
        .route("/Users/{id}", get(user::read).put(user::replace).patch(user::patch).delete(user::delete))
        .route("/Groups", get(group::list).post(group::create))
        .route("/Groups/.search", post(group::search))
        .route("/Groups/{id}", get(group::read).put(group::replace).patch(group::patch).delete(group::delete))
        .route("/.search", post(list::search_all))
        .route("/ServiceProviderConfig", get(discovery::config))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{id}", get(discovery::schema))
        .route("/Bulk", any(not_implemented))
        .route("/Me", any(not_implemented))
        .fallback(async || ScimError::not_found())
        .method_not_allowed_fallback(async || {
            ScimError::new(StatusCode::METHOD_NOT_ALLOWED, "This method is of no use here.")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY));
    Router::new().nest("/scim/v2", resources)
}

async fn not_implemented(_: Caller) -> ScimError {
    ScimError::new(StatusCode::NOT_IMPLEMENTED, "Portaria does not offer this: see ServiceProviderConfig.")
}

/// The directory that asks, and its place among those that are worked on.
pub struct Caller {
    state: Arc<ApiState>,
    directory: Directory,
    _place: [OwnedSemaphorePermit; 2],
}

impl FromRequestParts<Arc<ApiState>> for Caller {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ApiState>) -> Result<Self> {
        let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(parts, state).await;
        let address = address.map(|address| address.to_string());
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = authorization
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(ScimError::unauthenticated)?;
        let directory = credential::authenticate(&state.installation, token.trim(), address).await?;
        let directory = directory.ok_or_else(ScimError::unauthenticated)?;
        let place = state.scim.enter(directory.workspace_id).ok_or_else(ScimError::busy)?;
        Ok(Self { state: state.clone(), directory, _place: place })
    }
}

impl Caller {
    fn installation(&self) -> &Installation {
        &self.state.installation
    }

    /// Begins to change something.
    async fn begin(&self) -> Result<Change<'_>> {
        Ok(directory::begin(self.installation(), &self.directory).await?)
    }

    /// The address that all resources are below.
    fn base(&self) -> String {
        format!("{}/scim/v2", self.installation().public_url)
    }
}

/// An object that a client sends.
pub struct Sent(Document);

impl FromRequest<Arc<ApiState>> for Sent {
    type Rejection = ScimError;

    async fn from_request(request: Request, state: &Arc<ApiState>) -> Result<Self> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if ![MEDIA_TYPE, "application/json"].iter().any(|known| media.eq_ignore_ascii_case(known)) {
            let detail = format!("Send {MEDIA_TYPE} or application/json.");
            return Err(ScimError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ScimError::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    format!("A body has at most {MAX_BODY} bytes."),
                ),
                _ => ScimError::bad("invalidSyntax", "The body did not arrive whole."),
            })?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(document)) => Ok(Self(document)),
            Ok(_) | Err(_) => Err(ScimError::bad("invalidSyntax", "The body is a JSON object.")),
        }
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body.to_string()).into_response()
}

/// Puts the version of a resource into its `meta`: it differs whenever anything else in it does.
fn versioned(mut document: Document) -> Document {
    let text = Value::Object(document.clone()).to_string();
    let digest: String =
        Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    if let Some(Value::Object(meta)) = document.get_mut("meta") {
        meta.insert("version".to_owned(), format!("W/\"{digest}\"").into());
    }
    document
}

fn meta_text<'a>(document: &'a Document, name: &str) -> &'a str {
    document.get("meta").and_then(|meta| meta.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a header names this version, or any.
fn names_version(headers: &HeaderMap, header: header::HeaderName, version: &str) -> Option<bool> {
    let said = headers.get(header)?.to_str().unwrap_or_default();
    let same = |tag: &str| tag == "*" || tag.trim_start_matches("W/") == version.trim_start_matches("W/");
    Some(said.split(',').any(|tag| same(tag.trim())))
}

/// Refuses a change of another version than the client has seen, if it says which.
fn require_version(headers: &HeaderMap, document: &Document) -> Result<()> {
    match names_version(headers, header::IF_MATCH, meta_text(document, "version")) {
        Some(false) => {
            Err(ScimError::new(StatusCode::PRECONDITION_FAILED, "The resource has changed meanwhile."))
        }
        Some(true) | None => Ok(()),
    }
}

/// Answers with a resource, or as much of it as was asked for.
fn answer_resource(
    (method, headers): (&Method, &HeaderMap),
    of: &ResourceType,
    projection: &Projection,
    document: Document,
) -> Response {
    let version = meta_text(&document, "version").to_owned();
    let location = meta_text(&document, "location").to_owned();
    if method == Method::GET && names_version(headers, header::IF_NONE_MATCH, &version) == Some(true) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let status = if method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = answer(status, &Value::Object(projection.apply(of, document)));
    for (name, text) in [(header::ETAG, version), (header::LOCATION, location)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A time as the standard writes it.
fn written(at: portaria_entity::time::Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_directory_that_sends_slowly_keeps_no_other_from_its_work() {
        let [slow, other] = [1, 2].map(|number| WorkspaceId(Uuid::from_u128(number)));
        let gate = Gate::default();
        let taken: Vec<_> = (0..OF_ONE_WORKSPACE).map(|_| gate.enter(slow).unwrap()).collect();
        assert!(gate.enter(slow).is_none());
        assert!(gate.enter(other).is_some());
        drop(taken);
        assert!(gate.enter(slow).is_some());
    }
}
