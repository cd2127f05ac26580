//! What surrounds every HTTP request: an id, a span, a line in the log and figures; a limit of time; a net for panics.
//! Of a request only method, path template, status and time are ever told; never a query string, header or body.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

/// Under this id a request is found in the log. One that a client sends is not believed.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives requests their ids, and decides what is told of them.
#[derive(Clone)]
pub struct Observer {
    /// Differs between starts, so that ids do.
    prefix: Arc<str>,
    next: Arc<AtomicU64>,
    /// Whether the caller's address is told.
    addresses: bool,
}

impl Observer {
    pub fn new(started_at: i64, addresses: bool) -> Self {
        Self { prefix: format!("{started_at:x}").into(), next: Arc::default(), addresses }
    }

    fn new_id(&self) -> String {
        format!("{}-{:x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Puts it all around the routes.
pub fn surround(routes: Router, observer: Observer, timeout: Duration) -> Router {
    routes
        .layer(from_fn_with_state(timeout, limit_time))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(from_fn_with_state(observer, observe))
}

/// A file that is handed in may take longer, by limits of its own.
async fn limit_time(State(timeout): State<Duration>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    if route.is_some_and(|route| route.as_str() == portaria_api::UPLOAD_PATH) {
        return next.run(request).await;
    }
    match tokio::time::timeout(timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = observer.new_id();
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let span = tracing::info_span!("request", id, method, route, address = tracing::field::Empty);
    if observer.addresses
        && let Some(ConnectInfo(address)) = request.extensions().get::<ConnectInfo<SocketAddr>>()
    {
        span.record("address", tracing::field::display(address.ip()));
    }
    let header = HeaderValue::try_from(id).ok();
    if let Some(header) = &header {
        request.headers_mut().insert(REQUEST_ID, header.clone());
    }
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    span.in_scope(|| tell(route, status, elapsed));
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("portaria_http_requests_total", &labels).increment(1);
    metrics::histogram!("portaria_http_request_duration_seconds", "route" => route.to_owned())
        .record(elapsed.as_secs_f64());
    if let Some(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    response
}

fn tell(route: &str, status: u16, elapsed: Duration) {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    match route {
        // Asked every few seconds by machines.
        "/healthz" | "/readyz" | "/metrics" => tracing::debug!(status, milliseconds, "answered"),
        _ if status >= 500 => tracing::warn!(status, milliseconds, "answered"),
        _ => tracing::info!(status, milliseconds, "answered"),
    }
}

/// Methods are free text: the unusual ones share a label, so that nobody can grow the figures.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The hook for panics has logged where it happened.
fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    let message = "Something went wrong. It has been logged under the request id.";
    let body =
        serde_json::json!({ "errors": [{ "message": message, "extensions": { "code": "INTERNAL" } }] });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}
