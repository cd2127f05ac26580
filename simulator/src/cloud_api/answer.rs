//! What a Graph request is answered, before faults get at it.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::graph_error::GraphError;

/// The answer to a request.
pub(super) enum Answer {
    /// JSON.
    Value(Value),
    /// JSON about an account, with how much of its hour is used.
    OfAccount(Value, String),
    /// A file.
    File { mime_type: String, bytes: Vec<u8> },
}

/// An answer, or a refusal.
pub(super) type Answered = Result<Answer, GraphError>;

/// `{"success": true}`
pub(super) fn success() -> Answer {
    Answer::Value(json!({ "success": true }))
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Value(value) => Json(value).into_response(),
            Self::OfAccount(value, usage) => {
                let mut response = Json(value).into_response();
                if let Ok(usage) = HeaderValue::from_str(&usage) {
                    let name = HeaderName::from_static("x-business-use-case-usage");
                    response.headers_mut().insert(name, usage);
                }
                response
            }
            Self::File { mime_type, bytes } => {
                let mut response = Response::new(Body::from(bytes));
                if let Ok(mime_type) = HeaderValue::from_str(&mime_type) {
                    response.headers_mut().insert(header::CONTENT_TYPE, mime_type);
                }
                response
            }
        }
    }
}
