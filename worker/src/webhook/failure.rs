//! Why a delivery could not be processed, in words that hold nothing of what it says, and what is to be done.

use portaria_domain::Error;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use crate::whatsapp::payload::MalformedJson;

#[derive(Debug)]
pub(super) enum Failure {
    /// Never will it be possible.
    Hopeless(String),
    /// Worth another attempt, but not for ever.
    Retry(String),
    /// Not the delivery's fault: the database is away or two transactions were in each other's way.
    Passing(String),
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
            _ if error.is_unavailable() => Self::Passing("the database is not available".to_owned()),
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
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return Failure::Retry("database error".to_owned());
    };
    let Some(code) = error.as_database_error().and_then(DatabaseError::code) else {
        return Failure::Passing("the database did not answer".to_owned());
    };
    let reason = format!("database error {code}");
    // PostgreSQL: serialisation failure, deadlock, shutting down. SQLite: busy.
    match code.as_ref() {
        "40001" | "40P01" | "57P01" | "57P02" | "57P03" | "5" | "517" => Failure::Passing(reason),
        _ => Failure::Retry(reason),
    }
}
