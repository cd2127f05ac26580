//! What was wrong, in the form that GraphQL errors have: a message, and a code in its extensions.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portaria_domain::error::{Error, Refusal};
use serde_json::{Value, json};

use crate::error::Problem;

/// An answer that is no file.
pub struct Refused(Box<Answer>);

struct Answer {
    status: StatusCode,
    code: Value,
    message: String,
    extensions: serde_json::Map<String, Value>,
}

impl Refused {
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let extensions = serde_json::Map::new();
        Self(Box::new(Answer { status, code: code.into(), message: message.into(), extensions }))
    }

    /// One that passes by itself.
    pub fn busy() -> Self {
        let message = "Too many files are on their way in. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let status = match &problem {
            Problem::Unauthenticated => StatusCode::UNAUTHORIZED,
            Problem::PersonRequired | Problem::ForeignPage | Problem::Refused { .. } => StatusCode::FORBIDDEN,
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::BadUserInput(_) | Problem::CursorExpired => StatusCode::BAD_REQUEST,
            Problem::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Problem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let told = serde_json::to_value(problem.to_server_error(None)).unwrap_or_default();
        let mut extensions = told["extensions"].as_object().cloned().unwrap_or_default();
        let code = extensions.remove("code").unwrap_or_default();
        let message = told["message"].as_str().unwrap_or_default().to_owned();
        Self(Box::new(Answer { status, code, message, extensions }))
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let Error::Refused(refusal) = error else { return Problem::from(error).into() };
        let (status, code) = match refusal {
            Refusal::FileTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE"),
            Refusal::FileEmpty => (StatusCode::UNPROCESSABLE_ENTITY, "FILE_EMPTY"),
            Refusal::FileTypeNotTaken => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "FILE_TYPE_NOT_TAKEN"),
            Refusal::FileNotOfKind => (StatusCode::UNPROCESSABLE_ENTITY, "FILE_NOT_OF_KIND"),
            Refusal::StickerSize => (StatusCode::UNPROCESSABLE_ENTITY, "STICKER_SIZE"),
            Refusal::FileIncomplete => (StatusCode::BAD_REQUEST, "FILE_INCOMPLETE"),
            Refusal::FileInfected => (StatusCode::UNPROCESSABLE_ENTITY, "FILE_INFECTED"),
            Refusal::ScannerFailed => (StatusCode::SERVICE_UNAVAILABLE, "SCANNER_FAILED"),
            Refusal::TooManyFiles => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_FILES"),
            Refusal::LinkExpired => (StatusCode::GONE, "LINK_EXPIRED"),
            other => return Problem::from(Error::from(other)).into(),
        };
        let mut message = refusal.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(status, code, message + ".")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Answer { status, code, message, mut extensions } = *self.0;
        extensions.insert("code".to_owned(), code);
        let body = json!({ "errors": [{ "message": message, "extensions": extensions }] });
        let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        let more: &[(HeaderName, HeaderValue)] = match status {
            StatusCode::UNAUTHORIZED => {
                &[(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))]
            }
            StatusCode::SERVICE_UNAVAILABLE => &[(header::RETRY_AFTER, HeaderValue::from_static("2"))],
            _ => &[],
        };
        let mut response = (status, no_store, Json(body)).into_response();
        response.headers_mut().extend(more.iter().cloned());
        response
    }
}
