//! Why a delivery could not be processed, in words that hold nothing of what it says, and what is to be done.

use portaria_domain::Error;
use portaria_domain::trouble::{Trouble, code};
use sea_orm::DbErr;

use crate::whatsapp::payload::MalformedJson;

#[derive(Debug)]
pub(super) enum Failure {
    /// Never will it be possible.
    Hopeless(String),
    /// Worth another attempt, but not for ever.
    Retry(String),
    /// Two were in each other's way: tried again at once, and as often as it takes.
    Passing(String),
    /// Not the delivery's fault either, but it may last: the database is away, full or may not be written.
    Outage(String),
    /// Another worker has taken the delivery over.
    Lost,
}

impl From<MalformedJson> for Failure {
    fn from(error: MalformedJson) -> Self {
        Self::Hopeless(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Busy => Self::Passing("busy".to_owned()),
            Error::Database(database) => of_database(database),
            Error::Internal(_) => Self::Retry("internal error".to_owned()),
            Error::NotFound
            | Error::Forbidden { .. }
            | Error::StepUpRequired { .. }
            | Error::PersonRequired
            | Error::Refused(_)
            | Error::BadInput(_) => Self::Retry("refused by the domain".to_owned()),
        }
    }
}

/// Only the code is told: a message may quote values.
fn of_database(error: &DbErr) -> Failure {
    let code = code(error);
    let reason =
        |otherwise: &str| code.as_ref().map_or(otherwise.to_owned(), |code| format!("database error {code}"));
    match Trouble::of(error) {
        Trouble::Contention => Failure::Passing(reason("busy")),
        Trouble::Outage => Failure::Outage(reason("the database is not available")),
        Trouble::Fault => Failure::Retry(reason("database error")),
    }
}
