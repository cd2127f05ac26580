//! Errors as clients see them: a stable code, a sentence, and never anything internal.

use async_graphql::{Error, ErrorExtensionValues, Pos, ServerError};
use portaria_domain::error::{Error as DomainError, Refusal};
use portaria_domain::permission::PermissionSet;
use portaria_domain::second_factor::StepUp;

use crate::guard::{permission_names, step_up_methods};

pub type Result<T> = std::result::Result<T, Problem>;

/// `extensions.code` of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    Unauthenticated,
    Forbidden,
    StepUpRequired,
    NotFound,
    BadUserInput,
    RateLimited,
    QueryTooComplex,
    CursorExpired,
    Unavailable,
    Internal,
}

/// Why a field has no value. It implements neither `Display` nor `Debug` output towards clients: it is told through
/// [`Problem::to_server_error`] only.
#[derive(Clone, Debug)]
pub enum Problem {
    Unauthenticated,
    /// The viewer is an API key, and only a person may do this.
    PersonRequired,
    /// By cookie, from a page that may not use it.
    ForeignPage,
    /// A permission is missing, or held but not usable by this session.
    Refused {
        code: Code,
        any_of: PermissionSet,
        field: &'static str,
        /// What would lift it, when a second factor would.
        step_up: Option<StepUp>,
    },
    NotFound,
    BadUserInput(String),
    RateLimited,
    CursorExpired,
    Unavailable,
    Internal,
}

impl Problem {
    /// Names the field that was refused.
    pub fn at(self, field: &'static str) -> Self {
        match self {
            Self::Refused { code, any_of, step_up, .. } => Self::Refused { code, any_of, field, step_up },
            Self::Unauthenticated
            | Self::PersonRequired
            | Self::ForeignPage
            | Self::NotFound
            | Self::BadUserInput(_)
            | Self::RateLimited
            | Self::CursorExpired
            | Self::Unavailable
            | Self::Internal => self,
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Unauthenticated => Code::Unauthenticated,
            Self::PersonRequired | Self::ForeignPage => Code::Forbidden,
            Self::Refused { code, .. } => *code,
            Self::NotFound => Code::NotFound,
            Self::BadUserInput(_) => Code::BadUserInput,
            Self::RateLimited => Code::RateLimited,
            Self::CursorExpired => Code::CursorExpired,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Unauthenticated => "Sign in to use this.".to_owned(),
            Self::PersonRequired => "This is for people, not for API keys.".to_owned(),
            Self::Refused { step_up: Some(StepUp { demanded: true, factors }), .. } => match factors
                .is_enrolled()
            {
                true => {
                    "The workspace demands a second factor, and this session has not shown one: see stepUp."
                }
                false => {
                    "The workspace demands a second factor. Set one up first: see enrollSecondFactor and \
                     beginPasskeyRegistration."
                }
            }
            .to_owned(),
            Self::ForeignPage => {
                "A cookie is for Portaria's own pages and the workspace's front end. Use a bearer token."
                    .to_owned()
            }
            Self::Refused { code: Code::StepUpRequired, .. } => {
                "This needs a two-factor session that was authenticated within the last hour: see stepUp."
                    .to_owned()
            }
            Self::Refused { .. } => "You do not hold a permission that this needs.".to_owned(),
            Self::NotFound => "There is no such thing, or you may not know that there is.".to_owned(),
            Self::BadUserInput(what) => what.clone(),
            Self::RateLimited => "Too much at once. Try again in a moment.".to_owned(),
            Self::CursorExpired => "The cursor has expired. Start again without it.".to_owned(),
            Self::Unavailable => "The service cannot answer right now. Try again in a moment.".to_owned(),
            Self::Internal => "Something went wrong. It has been logged under the request id.".to_owned(),
        }
    }

    fn extensions(&self) -> ErrorExtensionValues {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", <&str>::from(self.code()));
        if let Self::Refused { any_of, step_up, .. } = self {
            extensions.set("anyOf", permission_names(*any_of));
            if let Some(StepUp { factors, demanded }) = step_up {
                extensions.set("methods", step_up_methods(*factors));
                extensions.set("because", if *demanded { "SECURITY_POLICY" } else { "SENSITIVE" });
            }
        }
        extensions
    }

    pub fn to_server_error(&self, position: Option<Pos>) -> ServerError {
        let mut error = ServerError::new(self.message(), position);
        error.extensions = Some(self.extensions());
        error
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let mut error = Self::new(problem.message());
        error.extensions = Some(problem.extensions());
        error
    }
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::NotFound => Self::NotFound,
            DomainError::PersonRequired => Self::PersonRequired,
            DomainError::Forbidden { any_of } => {
                Self::Refused { code: Code::Forbidden, any_of, field: "", step_up: None }
            }
            DomainError::StepUpRequired { any_of, step_up } => {
                Self::Refused { code: Code::StepUpRequired, any_of, field: "", step_up: Some(step_up) }
            }
            DomainError::BadInput(what) => Self::BadUserInput(what),
            DomainError::Busy => Self::RateLimited,
            unavailable if unavailable.is_unavailable() => {
                tracing::warn!(error = %unavailable, "the database is out of reach");
                Self::Unavailable
            }
            // Mutations answer refusals as user errors; one that gets here has no place in its payload.
            DomainError::Refused(_) | DomainError::Database(_) | DomainError::Internal(_) => {
                tracing::error!(%error, "a request failed");
                Self::Internal
            }
        }
    }
}

/// Splits a refusal, which a payload tells as a user error, from a failure, which is a GraphQL error.
pub fn refusal<T>(result: portaria_domain::Result<T>) -> Result<std::result::Result<T, Refusal>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(DomainError::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => Err(error.into()),
    }
}

impl From<Problem> for DomainError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::BadUserInput(what) => Self::BadInput(what),
            other => Self::internal(format!("{other:?}")),
        }
    }
}
