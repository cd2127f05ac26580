//! How SCIM is told what went wrong: status, and a kind of error where the standard has one for it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portaria_domain::error::{Error as DomainError, Refusal};
use serde_json::{Value, json};

pub const MEDIA_TYPE: &str = "application/scim+json";

#[derive(Debug)]
pub struct ScimError {
    pub status: StatusCode,
    /// The standard's name for it.
    pub kind: Option<&'static str>,
    pub detail: String,
}

pub type Result<T, E = ScimError> = std::result::Result<T, E>;

impl ScimError {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into() }
    }

    /// What is asked is wrong in this way.
    pub fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: Some(kind), detail: detail.into() }
    }

    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::bad("invalidValue", detail)
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such resource here.")
    }

    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Send the token of a directory credential that is in force.")
    }

    fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    fn refused(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::NameTaken | Refusal::AlreadyMember => {
                let detail = "Somebody or something here has that name or address already.".to_owned();
                Self { status: StatusCode::CONFLICT, kind: Some("uniqueness"), detail }
            }
            Refusal::AlreadyEnded => Self::unauthenticated(),
            Refusal::HoldsMore => Self::forbidden(
                "The member holds what this directory is not approved for: that is changed in Portaria.",
            ),
            // Everything else that the rules refuse, a directory may not do.
            _ => Self::forbidden(detail),
        }
    }
}

impl From<DomainError> for ScimError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::NotFound => Self::not_found(),
            DomainError::Refused(refusal) => Self::refused(refusal),
            DomainError::BadInput(what) => Self::invalid_value(what),
            DomainError::Forbidden { .. }
            | DomainError::StepUpRequired { .. }
            | DomainError::PersonRequired => Self::forbidden("A directory may not do this."),
            DomainError::Busy => Self::busy(),
            unavailable if unavailable.is_unavailable() => {
                tracing::warn!(error = %unavailable, "the database is out of reach");
                let detail = "The service cannot answer right now. Try again in a moment.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            }
            DomainError::Database(_) | DomainError::Internal(_) => {
                tracing::error!(%error, "a request of a directory failed");
                let detail = "Something went wrong. It has been logged under the request id.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        }
    }
}

impl ScimError {
    pub fn busy() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Too much at once. Try again in a moment.")
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        body
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let mut response = super::answer(self.status, &self.body());
        let (name, value) = match self.status {
            StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => (header::RETRY_AFTER, "1"),
            _ => return response,
        };
        response.headers_mut().insert(name, HeaderValue::from_static(value));
        response
    }
}
