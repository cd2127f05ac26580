//! Graph errors as the Cloud API answers them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::codes;
use crate::payload::status::StatusError;

/// A refusal: Meta's code, its standing sentence and what it was this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    /// The HTTP status.
    pub status: StatusCode,
    /// Meta's code.
    pub code: u32,
    /// What it was more exactly, where Meta says so by number.
    pub subcode: Option<u32>,
    /// The sentence that goes with the code.
    pub title: String,
    /// What it was this time.
    pub details: String,
    /// In how many seconds to come back.
    pub retry_after: Option<u64>,
}

impl GraphError {
    /// The error of that code, with details that suit it always.
    pub fn of(code: u32) -> Option<Self> {
        let line = codes::find(code)?;
        Some(Self {
            status: StatusCode::from_u16(line.status).unwrap_or(StatusCode::BAD_REQUEST),
            code,
            subcode: None,
            title: line.title.to_owned(),
            details: line.details.to_owned(),
            retry_after: None,
        })
    }

    /// Every code the simulator can answer with.
    pub fn all_codes() -> Vec<u32> {
        codes::all().collect()
    }

    /// One of the catalogue's codes.
    pub(crate) fn known(code: u32) -> Self {
        Self::of(code).unwrap_or_else(|| Self {
            status: StatusCode::BAD_REQUEST,
            code,
            subcode: None,
            title: "Unknown error".to_owned(),
            details: String::new(),
            retry_after: None,
        })
    }

    /// The same with these details.
    #[must_use]
    pub fn saying(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// The same with a subcode.
    #[must_use]
    pub fn numbered(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    /// The same with a time to come back, rounded up to seconds.
    #[must_use]
    pub(crate) fn after(mut self, millis: u64) -> Self {
        self.retry_after = Some(millis.div_ceil(1000).max(1));
        self
    }

    /// 190: the token is missing, unknown or expired.
    pub fn token() -> Self {
        Self::known(190)
    }

    /// 190 with the subcode of a token that was good once.
    pub fn revoked_token() -> Self {
        Self::known(190)
            .numbered(463)
            .saying("Error validating access token: the session has been invalidated.")
    }

    /// 100: a parameter of the request itself.
    pub fn parameter(details: impl Into<String>) -> Self {
        Self::known(100).saying(details)
    }

    /// 100: an id that names nothing, or nothing that may be seen.
    pub fn no_such_object(id: &str) -> Self {
        let mut error = Self::known(100).numbered(33).saying(format!(
            "Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support \
             this operation"
        ));
        error.title = "Unsupported request".to_owned();
        error
    }

    /// 131008: something the message cannot do without.
    pub fn missing(parameter: &str) -> Self {
        Self::known(131_008).saying(format!("The parameter {parameter} is required."))
    }

    /// 131009: a value that cannot be.
    pub fn value(details: impl Into<String>) -> Self {
        Self::known(131_009).saying(details)
    }

    /// 131053: a file that cannot be taken.
    pub fn media_upload(details: impl Into<String>) -> Self {
        Self::known(131_053).saying(details)
    }

    /// 132000: more or fewer values than a part of the template has places.
    pub fn template_values(part: &str, found: usize, wanted: usize) -> Self {
        let details = format!(
            "{part}: number of localizable_params ({found}) does not match the expected number of params ({wanted})"
        );
        Self::known(132_000).saying(details)
    }

    /// 132001: no such template in that language.
    pub fn no_such_template(name: &str, language: &str) -> Self {
        Self::known(132_001).saying(format!("template name ({name}) does not exist in {language}"))
    }

    /// 131047: more than a day since the customer last wrote.
    pub fn window_closed() -> Self {
        Self::known(131_047)
    }

    /// 130429: too many messages a second from this number.
    pub fn rate_limited() -> Self {
        Self::known(130_429)
    }

    /// 131000: something went wrong at Meta's.
    pub fn internal() -> Self {
        Self::known(131_000)
    }

    /// The same as a status tells it.
    pub fn to_status_error(&self) -> StatusError {
        StatusError { code: self.code, title: self.title.clone(), details: self.details.clone() }
    }

    /// The body of the answer, with a trace id for Meta's support.
    pub(crate) fn to_value(&self, trace: &str) -> Value {
        let mut error = json!({
            "message": format!("(#{}) {}", self.code, self.title),
            "type": "OAuthException",
            "code": self.code,
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        // What is wrong with a template is said to people, everything else to the client.
        if self.subcode.is_some_and(|subcode| subcode > 1_000_000) {
            error["is_transient"] = json!(false);
            error["error_user_title"] = json!(self.title);
            error["error_user_msg"] = json!(self.details);
            error["message"] = json!("Invalid parameter");
        } else {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": self.details });
        }
        error["fbtrace_id"] = json!(trace);
        json!({ "error": error })
    }

    /// The answer.
    pub(crate) fn answer(&self, trace: &str) -> Response {
        let mut answer = (self.status, Json(self.to_value(trace))).into_response();
        if let Some(seconds) = self.retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
