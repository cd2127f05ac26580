//! Where a message's file is, and why it is not there yet.

use async_graphql::Enum;
use portaria_entity::media_file::{self, MediaReason as Reason};

/// Where a file is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum MediaState {
    /// Meta has it, and it is being fetched. It takes a moment, or longer: see `reason`.
    Waiting,
    /// It is there, and is being looked through for what is harmful.
    Checking,
    /// It is there: see `url`.
    Available,
    /// It is not kept: see `reason`.
    Refused,
    /// It could not be fetched while Meta had it: see `reason`.
    Lost,
}

impl From<media_file::MediaState> for MediaState {
    fn from(state: media_file::MediaState) -> Self {
        use media_file::MediaState as Stored;
        match state {
            Stored::Wanted => Self::Waiting,
            Stored::Receiving | Stored::Scanning => Self::Checking,
            Stored::Stored => Self::Available,
            Stored::Refused => Self::Refused,
            Stored::Lost => Self::Lost,
        }
    }
}

/// Why a file is not there, or not yet.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Reason")]
pub enum MediaReason {
    /// The number has no access token; with one it is fetched.
    NoToken,
    /// Meta does not take the number's access token, or has restricted the account; once it does, it is fetched.
    TokenRefused,
    /// Meta does not answer; it is tried again.
    Unreachable,
    /// Meta asks for patience; it is tried again.
    RateLimited,
    /// Portaria's own store does not take it; it is tried again.
    StoreFailed,
    /// The command that looks through files does not work; it is tried again.
    ScanFailed,
    /// Meta does not have it, or not any more.
    Gone,
    /// It is larger than 100 MB.
    TooLarge,
    /// There is nothing in it.
    Empty,
    /// What Meta gave is not what Meta told of.
    Altered,
    /// It is harmful, and was removed.
    Infected,
}
