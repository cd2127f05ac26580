//! The Graph's paths: each request is counted, answered in one place, and spoilt when the faults say so.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::admission;
use super::answer::Answered;
use super::graph_error::GraphError;
use super::version::{self, Version};
use super::{accounts, files, messages, numbers, templates};
use crate::meta::Shared;
use crate::meta::fault::RequestFault;
use crate::meta::listener::Cut;
use crate::random::Random;

/// Requests but uploads are JSON of a few kilobytes.
const REQUEST_BYTES: usize = 1 << 20;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(graph).with_state(shared)
}

/// One request, taken apart.
pub(super) struct Asked<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) method: Method,
    pub(super) parts: Vec<&'a str>,
    pub(super) query: &'a HashMap<String, String>,
    pub(super) token: &'a str,
    pub(super) content_type: Option<&'a str>,
}

/// What is planned for a request.
struct Lot {
    number: u64,
    fault: RequestFault,
    delay: Option<u64>,
    trace: String,
}

async fn graph(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let lot = draw(&shared);
    let spoilt = match lot.fault {
        RequestFault::Error => Some(failure(&lot)),
        RequestFault::Unavailable => {
            let mut error = GraphError::known(2);
            error.retry_after = Some(5);
            Some(error.answer(&lot.trace))
        }
        RequestFault::Html => Some(page()),
        RequestFault::CutBefore => {
            cut.now();
            Some(StatusCode::BAD_GATEWAY.into_response())
        }
        RequestFault::None | RequestFault::CutAfter | RequestFault::Truncated => None,
    };
    let mut response = match spoilt {
        Some(response) => response,
        None => answered(&shared, request, &lot).await,
    };
    match lot.fault {
        RequestFault::CutAfter => cut.now(),
        RequestFault::Truncated => response = truncated(response).await,
        _ => {}
    }
    if let Some(delay) = lot.delay {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    // Identifiers of paths are the business's own; neither query nor body is logged.
    let (status, took) = (response.status().as_u16(), began.elapsed().as_millis());
    tracing::info!(%method, path, status, took, fault = ?lot.fault, "request");
    response
}

fn draw(shared: &Shared) -> Lot {
    let mut world = shared.world();
    world.requests += 1;
    let (number, seed) = (world.requests, world.options.seed);
    let fault = world.options.faults.of_request(seed, number);
    let delay = world.options.faults.delay_of_request(seed, number);
    let name = match fault {
        RequestFault::None => None,
        RequestFault::Error => Some("error"),
        RequestFault::Unavailable => Some("unavailable"),
        RequestFault::CutBefore => Some("cut-before"),
        RequestFault::CutAfter => Some("cut-after"),
        RequestFault::Html => Some("html"),
        RequestFault::Truncated => Some("truncated"),
    };
    for name in name.into_iter().chain(delay.map(|_| "slow")) {
        *world.tally.faults.entry(name).or_default() += 1;
    }
    let trace = Random::about(seed, &["trace", &number.to_string()]).hex(22);
    Lot { number, fault, delay, trace }
}

/// One of the errors that say nothing but to try again.
fn failure(lot: &Lot) -> Response {
    let code = [1, 2, 131_000][(lot.number % 3) as usize];
    let mut error = GraphError::known(code);
    error.status = StatusCode::INTERNAL_SERVER_ERROR;
    error.answer(&lot.trace)
}

fn page() -> Response {
    let html = "<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>";
    (StatusCode::BAD_GATEWAY, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

async fn truncated(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(whole.slice(..whole.len() / 2)))
}

async fn answered(shared: &Arc<Shared>, request: Request, lot: &Lot) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let query = Query::<HashMap<String, String>>::try_from_uri(&head.uri)
        .map(|Query(query)| query)
        .unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let now = shared.clock.now();
    let asked_for = parts.first().and_then(|part| version::of(part, now));
    if asked_for.is_some() {
        parts.remove(0);
    }
    let used = match asked_for {
        Some(Version::Known(used) | Version::Forwarded(used)) => used,
        None => version::oldest(now),
        Some(Version::Unknown) => {
            let error = GraphError::known(2500).saying(format!("Unknown path components: {path}"));
            return refuse(shared, &error, lot);
        }
    };
    let asked = Asked {
        shared,
        method: head.method,
        parts,
        token: admission::token_of(&head.headers, query.get("access_token").map(String::as_str)),
        query: &query,
        content_type: head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()),
    };
    let mut response = match dispatch(&asked, body).await {
        Ok(answer) => answer.into_response(),
        Err(error) => refuse(shared, &error, lot),
    };
    shared.wake.notify_one();
    if let Ok(version) = HeaderValue::from_str(&format!("v{used}.0")) {
        response.headers_mut().insert(HeaderName::from_static("facebook-api-version"), version);
    }
    response
}

fn refuse(shared: &Shared, error: &GraphError, lot: &Lot) -> Response {
    *shared.world().tally.refusals.entry(error.code).or_default() += 1;
    error.answer(&lot.trace)
}

/// To whom a request goes, by method and path.
async fn dispatch(asked: &Asked<'_>, body: Body) -> Answered {
    let parts = asked.parts.as_slice();
    if let (&Method::POST, [number, "media"]) = (&asked.method, parts) {
        return files::upload(asked, number, body).await;
    }
    let read = to_bytes(body, REQUEST_BYTES).await;
    let read = read.map_err(|_| GraphError::parameter("The request is too large."))?;
    let json = || -> Result<Value, GraphError> {
        let object = serde_json::from_slice::<Value>(&read).ok().filter(Value::is_object);
        object.ok_or_else(|| GraphError::parameter("The body must be a JSON object."))
    };
    // Meta takes many parameters in the query or a form as well; an empty body is an empty object.
    let loose = || if read.is_empty() { Ok(Value::Object(serde_json::Map::default())) } else { json() };
    match (asked.method.as_str(), parts) {
        ("POST", [number, "messages" | "marketing_messages"]) => messages::send(asked, number, json),
        ("POST", [number, "register" | "deregister"]) => numbers::register(asked, number, &loose()?),
        ("GET", [account, "message_templates"]) => templates::list(asked, account),
        ("POST", [account, "message_templates"]) => templates::create(asked, account, json),
        ("DELETE", [account, "message_templates"]) => templates::delete(asked, account),
        ("GET", [account, "phone_numbers"]) => numbers::list(asked, account),
        (_, [account, "subscribed_apps"]) => accounts::subscribed(asked, account, loose).await,
        ("GET", ["debug_token"]) => accounts::debug_token(asked),
        ("GET", ["whatsapp_business", "attachments"]) => files::download(asked),
        (_, [id]) => object(asked, id, loose).await,
        _ => Err(GraphError::known(2500).saying(format!("Unknown path components: /{}", parts.join("/")))),
    }
}

/// A request about one object, whatever its id names.
async fn object(asked: &Asked<'_>, id: &str, loose: impl Fn() -> Result<Value, GraphError>) -> Answered {
    let (is_line, is_account, is_template) = {
        let world = asked.shared.world();
        let is_template = world.templates.iter().any(|template| template.id == id);
        (world.line(id).is_ok(), world.account(id).is_ok(), is_template)
    };
    match asked.method.as_str() {
        "GET" if is_line => numbers::describe(asked, id),
        "GET" if is_account => accounts::describe(asked, id),
        "GET" if is_template => templates::describe(asked, id),
        "GET" => files::describe(asked, id),
        "POST" if is_line => numbers::set(asked, id, &loose()?).await,
        "POST" if is_template => templates::edit(asked, id, &loose()?),
        "DELETE" => files::delete(asked, id),
        _ => Err(GraphError::no_such_object(id)),
    }
}
