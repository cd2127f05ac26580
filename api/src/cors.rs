//! Which foreign pages may read answers: the front ends of the workspaces, no others. Without a front end nothing is
//! allowed, and browsers then keep all foreign pages out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ApiState;

/// Answers what a browser asks beforehand, and marks answers as readable.
pub async fn allow_front_ends(State(state): State<Arc<ApiState>>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let allowed = match origin.to_str() {
        Ok(text) => state.front_ends.include(&state.installation, text, None).await.unwrap_or(false),
        Err(_) => false,
    };
    if !allowed {
        return next.run(request).await;
    }
    let asked_beforehand = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match asked_beforehand {
        true => (StatusCode::NO_CONTENT, beforehand()).into_response(),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}

fn beforehand() -> HeaderMap {
    [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, portaria-device, x-filename"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .collect()
}
