//! What can come of a call: whether Meta may have done what was asked is what everything after depends on.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The Graph API cannot be called as configured.
#[derive(Debug, thiserror::Error)]
pub enum CloudApiConfigError {
    #[error("cloud_api.version must be as in v23.0")]
    Version,
    #[error("cloud_api.base_url is no address")]
    Address,
    #[error("cloud_api.base_url must begin with https:// (http:// only for this machine)")]
    Insecure,
    #[error("the HTTP client could not be made: {0}")]
    Client(#[source] reqwest::Error),
}

/// Why a call gave no answer to go on with.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It never came to Meta: the same may be asked again.
    #[error("not sent: {0}")]
    Unsent(String),
    /// It may have come to Meta and been done, or not.
    #[error("not known whether it was done: {0}")]
    Uncertain(String),
    /// Meta answered that it was not done.
    #[error(transparent)]
    Refused(GraphError),
}

impl CallError {
    pub fn unsent(what: impl Into<String>) -> Self {
        Self::Unsent(what.into())
    }

    pub fn uncertain(what: impl Into<String>) -> Self {
        Self::Uncertain(what.into())
    }

    /// Of a connection that failed: without one nothing was asked. Addresses stay out of the text.
    pub fn of_transport(error: reqwest::Error) -> Self {
        let unsent = error.is_connect() || error.is_builder();
        let what = error.without_url().to_string();
        if unsent { Self::Unsent(what) } else { Self::Uncertain(what) }
    }

    pub fn refusal(&self) -> Option<&GraphError> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Unsent(_) | Self::Uncertain(_) => None,
        }
    }
}

/// An error as the Graph API answers it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Meta answered {status} with code {code}: {message}")]
pub struct GraphError {
    pub status: u16,
    /// 0 is a code of Meta's, too; -1: there was none.
    pub code: i64,
    pub subcode: Option<i64>,
    pub message: String,
    pub details: Option<String>,
    pub retry_after: Option<Duration>,
    /// To be given to Meta's support.
    pub trace_id: Option<String>,
}

impl GraphError {
    pub(super) fn read(status: StatusCode, retry_after: Option<Duration>, answer: &Value) -> Option<Self> {
        let error = answer.get("error").filter(|error| error.is_object())?;
        let text = |at: &str| error.pointer(at).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            status: status.as_u16(),
            code: error.get("code").and_then(Value::as_i64)?,
            subcode: error.get("error_subcode").and_then(Value::as_i64),
            message: text("/message").unwrap_or_default(),
            details: text("/error_data/details").or_else(|| text("/error_user_msg")),
            retry_after,
            trace_id: text("/fbtrace_id"),
        })
    }

    pub(super) fn bare(status: StatusCode, retry_after: Option<Duration>) -> Self {
        Self {
            status: status.as_u16(),
            code: -1,
            subcode: None,
            message: "no error in Meta's form".to_owned(),
            details: None,
            retry_after,
            trace_id: None,
        }
    }
}

/// Seconds as Meta gives them; a date is not understood. Never more than an hour.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(3_600)))
}
