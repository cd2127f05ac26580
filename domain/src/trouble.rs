//! What kind of trouble a database's error is: told by its code and never by its words, which may quote anything.

use sea_orm::sqlx::{self, error::DatabaseError};
use sea_orm::{DbErr, RuntimeErr};

/// What is to be done about a failed statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Two were in each other's way: the same may succeed at once.
    Contention,
    /// The database is away, full, read-only or overloaded: the same may succeed later.
    Outage,
    /// The database would not have it.
    Fault,
}

impl Trouble {
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Outage,
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
                of_driver(error)
            }
            _ => Self::Fault,
        }
    }
}

/// The code of the database's own error, if it answered.
pub fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    error.as_database_error().and_then(DatabaseError::code).map(std::borrow::Cow::into_owned)
}

fn of_driver(error: &sqlx::Error) -> Trouble {
    match error {
        sqlx::Error::Database(error) => error.code().map_or(Trouble::Fault, |code| of_code(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Trouble::Outage,
        _ => Trouble::Fault,
    }
}

/// PostgreSQL's codes have five characters, SQLite's are numbers below 10,000 whose last byte is the kind.
fn of_code(code: &str) -> Trouble {
    if code.len() == 5 {
        return match code {
            "40001" | "40P01" | "55P03" => Trouble::Contention,
            // A statement that took too long, a database that may only be read (a failover), an administrator's shutdown.
            "57014" | "25006" | "57P01" | "57P02" | "57P03" | "57P05" => Trouble::Outage,
            // Connection, resources (disk, memory, connections), the system below.
            _ if ["08", "53", "58"].contains(&&code[..2]) => Trouble::Outage,
            _ => Trouble::Fault,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED.
        Ok(5 | 6) => Trouble::Contention,
        // NOMEM, READONLY, IOERR, FULL, CANTOPEN.
        Ok(7 | 8 | 10 | 13 | 14) => Trouble::Outage,
        Ok(_) | Err(_) => Trouble::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passing_trouble_is_told_from_faults_by_its_code() {
        for code in ["40001", "40P01", "55P03", "5", "6", "261", "517", "773"] {
            assert_eq!(of_code(code), Trouble::Contention, "{code}");
        }
        for code in [
            "53100", "53300", "25006", "57014", "57P01", "08006", "58030", "13", "10", "778", "8", "14",
            "1032",
        ] {
            assert_eq!(of_code(code), Trouble::Outage, "{code}");
        }
        for code in ["23505", "22021", "42P01", "54000", "1", "19", "2067", "1811", ""] {
            assert_eq!(of_code(code), Trouble::Fault, "{code}");
        }
    }
}
