//! Graph errors as the Cloud API answers them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal: Meta's code, its standing sentence and what it was this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    /// The HTTP status.
    pub status: StatusCode,
    /// Meta's code.
    pub code: u32,
    /// The sentence that goes with the code.
    pub title: String,
    /// What it was this time.
    pub details: String,
}

impl GraphError {
    fn new(status: StatusCode, code: u32, title: &str, details: impl Into<String>) -> Self {
        Self { status, code, title: title.to_owned(), details: details.into() }
    }

    /// 190: the token is missing, unknown or expired.
    pub fn token() -> Self {
        let details = "The access token could not be validated.";
        Self::new(StatusCode::UNAUTHORIZED, 190, "Invalid OAuth access token", details)
    }

    /// 100: a parameter of the request itself.
    pub fn parameter(details: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 100, "Invalid parameter", details)
    }

    /// 100: an id that names nothing, or nothing that may be seen.
    pub fn no_such_object(id: &str) -> Self {
        let details =
            format!("Object with ID '{id}' does not exist or cannot be loaded due to missing permissions");
        Self::new(StatusCode::BAD_REQUEST, 100, "Unsupported request", details)
    }

    /// 131008: something the message cannot do without.
    pub fn missing(parameter: &str) -> Self {
        let details = format!("The parameter {parameter} is required.");
        Self::new(StatusCode::BAD_REQUEST, 131_008, "Required parameter is missing", details)
    }

    /// 131009: a value that cannot be.
    pub fn value(details: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 131_009, "Parameter value is not valid", details)
    }

    /// 131021: a message to oneself.
    pub fn to_itself() -> Self {
        let details = "The recipient is the sending number itself.";
        Self::new(StatusCode::BAD_REQUEST, 131_021, "Recipient cannot be sender", details)
    }

    /// 131053: a file that cannot be taken.
    pub fn media_upload(details: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 131_053, "Media upload error", details)
    }

    /// 132000: more or fewer values than the template has places.
    pub fn template_values(found: usize, wanted: usize) -> Self {
        let details = format!("body: number of values ({found}) is not the number of places ({wanted})");
        Self::new(
            StatusCode::BAD_REQUEST,
            132_000,
            "Number of parameters does not match the template",
            details,
        )
    }

    /// 132001: no such template in that language.
    pub fn no_such_template(name: &str, language: &str) -> Self {
        let details = format!("template name ({name}) does not exist in {language}");
        Self::new(StatusCode::NOT_FOUND, 132_001, "Template name does not exist in the translation", details)
    }

    /// 132015: the template is paused.
    pub fn template_paused() -> Self {
        let details = "The template is paused because of low quality.";
        Self::new(StatusCode::BAD_REQUEST, 132_015, "Template is paused", details)
    }

    /// 132016: the template is disabled for good.
    pub fn template_disabled() -> Self {
        let details = "The template was paused too often and is now disabled.";
        Self::new(StatusCode::BAD_REQUEST, 132_016, "Template is disabled", details)
    }

    /// 131047: more than a day since the customer last wrote.
    pub fn window_closed() -> Self {
        let details = "More than 24 hours have passed since the customer last replied.";
        Self::new(StatusCode::BAD_REQUEST, 131_047, "Re-engagement message", details)
    }

    /// 130429: too many messages a second from this number.
    pub fn rate_limited() -> Self {
        let details = "The number's throughput has been reached.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, 130_429, "Rate limit hit", details)
    }

    /// 131000: something went wrong at Meta's.
    pub fn internal() -> Self {
        let details = "An unknown error occurred.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, 131_000, "Something went wrong", details)
    }

    /// The answer, with a trace id for Meta's support.
    pub(super) fn answer(&self, trace: &str) -> Response {
        let body = json!({
            "error": {
                "message": format!("(#{}) {}", self.code, self.title),
                "type": "OAuthException",
                "code": self.code,
                "error_data": { "messaging_product": "whatsapp", "details": self.details },
                "fbtrace_id": trace,
            }
        });
        (self.status, Json(body)).into_response()
    }
}
