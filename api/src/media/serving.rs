//! Gives out a file. A link is asked about anew each time, and whatever a file holds, a browser runs none of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portaria_domain::error::Error;
use portaria_domain::media::{self, Opened};

use super::problem::Refused;
use super::range::{Asked, asked};
use crate::ApiState;
use crate::http::origin;
use crate::origin::ClientAddress;

/// Opened as a page of its own, a file may show and play itself and nothing else.
const POLICY: &str =
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";

/// What goes along with every file.
const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    // The link is the key: a front end on another site shows pictures by it.
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
];

/// `GET /media/{token}`
pub async fn serve(
    State(state): State<Arc<ApiState>>,
    ClientAddress(address): ClientAddress,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let installation = &state.installation;
    let opened = match media::open(installation, &token, &origin(address, &headers)).await {
        Ok(opened) => opened,
        Err(error) => return Refused::from(error).into_response(),
    };
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // There is nothing to compare `If-Range` with, and the whole is always right.
    let wanted = text(&header::RANGE).filter(|_| !headers.contains_key(header::IF_RANGE));
    let part = match asked(wanted, opened.bytes) {
        Asked::Whole => None,
        Asked::Part(range) => Some(range),
        Asked::Nothing => return nothing(opened.bytes),
    };
    let body = match method {
        Method::HEAD => Ok(Some(Body::empty())),
        _ => {
            let read = installation.media.store.read(&opened.storage_key, part.clone()).await;
            read.map(|stream| stream.map(Body::from_stream))
        }
    };
    let body = match body {
        Ok(Some(body)) => body,
        Ok(None) => {
            tracing::error!(key = opened.storage_key, "a file that should be there is not in the store");
            return Refused::from(Error::NotFound).into_response();
        }
        Err(error) => return Refused::from(error).into_response(),
    };
    let mut response = body.into_response();
    let length = part.as_ref().map_or(opened.bytes, |range| range.end - range.start);
    if let Some(range) = part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let told = format!("bytes {}-{}/{}", range.start, range.end - 1, opened.bytes);
        put(&mut response, header::CONTENT_RANGE, &told);
    }
    put(&mut response, header::CONTENT_LENGTH, &length.to_string());
    describe(&mut response, &opened);
    response
}

fn describe(response: &mut Response, opened: &Opened) {
    let mime = opened.safe_type.as_deref().unwrap_or("application/octet-stream");
    put(response, header::CONTENT_TYPE, mime);
    put(response, header::CONTENT_DISPOSITION, &media::disposition(opened.inline, &opened.name));
    response.headers_mut().extend(ALWAYS);
}

fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn nothing(bytes: u64) -> Response {
    let message = "The file ends before that.";
    let mut response =
        Refused::new(StatusCode::RANGE_NOT_SATISFIABLE, "BAD_USER_INPUT", message).into_response();
    put(&mut response, header::CONTENT_RANGE, &format!("bytes */{bytes}"));
    response
}
