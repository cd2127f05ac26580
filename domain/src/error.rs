//! Everything that can go wrong in the domain. The API maps it once to GraphQL codes; the worker says retry or fail.

use crate::permission::PermissionSet;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, as far as this viewer may know.
    #[error("not found")]
    NotFound,
    /// The viewer sees the thing but lacks what this needs: any one of these permissions, there.
    #[error("none of {any_of:?} is held there")]
    Forbidden { any_of: PermissionSet },
    /// The permission is held but needs a two-factor session that was authenticated within the last hour.
    #[error("a fresh two-factor authentication is needed")]
    StepUpRequired { any_of: PermissionSet },
    /// Only a person may do this, not an API key.
    #[error("only a person may do this")]
    PersonRequired,
    /// A refusal of the domain that a person can act on.
    #[error("{0}")]
    Refused(Refusal),
    /// An argument that is malformed or out of range.
    #[error("{0}")]
    BadInput(String),
    /// Too much was asked at once; the same request may pass later.
    #[error("busy: try again later")]
    Busy,
    #[error("database: {0}")]
    Database(#[from] sea_orm::DbErr),
    #[error("internal: {0}")]
    Internal(String),
}

/// Refusals of the domain: each is an answer, not a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the conversation is already assigned to somebody")]
    AlreadyAssigned,
    #[error("the conversation is resolved")]
    AlreadyResolved,
    #[error("only its assignee, or who may assign conversations there, may do this")]
    NotAssignee,
    #[error("that member may not have this conversation")]
    AssigneeNotPermitted,
    #[error("e-mail or password is wrong")]
    InvalidCredentials,
    #[error("a code from the authenticator app is needed too")]
    SecondFactorRequired,
    #[error("the code is wrong, old or used")]
    WrongCode,
    #[error("too many wrong codes: try again in a quarter of an hour")]
    TooManyAttempts,
    #[error("no authenticator app is set up")]
    NoSecondFactor,
    #[error("the sign-in is too long ago: sign in again first")]
    AuthenticationTooOld,
    #[error("the token is wrong, used or expired")]
    InvalidToken,
    #[error("the password is too short or too long")]
    PasswordLength,
    #[error("one grants only what one holds there oneself")]
    NotHeld,
    #[error("one grants nothing for longer than one holds it oneself")]
    OutlastsGranter,
    #[error("nobody changes their own access")]
    OwnAccess,
    #[error("one changes the access only of those who hold nothing that one does not hold oneself")]
    HoldsMore,
    #[error("the workspace would be left without an administrator for good")]
    LastAdministrator,
    #[error("the role allows nothing in that scope")]
    NothingConferred,
    #[error("it ends before it begins, or has ended already")]
    InvalidPeriod,
    #[error("a name is needed")]
    NameMissing,
    #[error("a reason is needed")]
    ReasonMissing,
    #[error("it has ended already")]
    AlreadyEnded,
    #[error("a built-in role cannot be changed")]
    BuiltInRole,
    #[error("that name is taken")]
    NameTaken,
    #[error("some hold the role: name a role to replace it with, or close their grants")]
    RoleInUse,
    #[error("that person is a member already")]
    AlreadyMember,
    #[error("the member is not active")]
    NotActive,
    #[error("the member has not been removed")]
    NotRemoved,
    #[error("the member is not suspended")]
    NotSuspended,
    #[error("who sent the invitation may no longer grant what it promises")]
    InvitationVoid,
    #[error("it may not last so long")]
    TooLong,
    #[error("there is too much of it for one answer")]
    TooMany,
    #[error("it ends too late")]
    EndsTooLate,
    #[error("it is active already")]
    AlreadyActive,
    #[error("that is neither an address nor a network in CIDR notation")]
    InvalidAddress,
}

impl Error {
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }

    /// Whether the database is out of reach or busy, so that the same call may succeed later.
    pub fn is_unavailable(&self) -> bool {
        use sea_orm::{DbErr, RuntimeErr};
        match self {
            Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(
                DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)),
            ) => {
                let text = e.to_string();
                text.contains("database is locked")
                    || text.contains("pool timed out")
                    || text.contains("terminating connection")
                    || text.contains("Connection refused")
                    || text.contains("error communicating")
                    || text.contains("expected to read")
                    || text.contains("closed")
            }
            Self::NotFound
            | Self::Forbidden { .. }
            | Self::StepUpRequired { .. }
            | Self::PersonRequired
            | Self::Refused(_)
            | Self::BadInput(_)
            | Self::Busy
            | Self::Database(_)
            | Self::Internal(_) => false,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
