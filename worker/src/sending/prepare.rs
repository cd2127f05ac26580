//! What is done with a message just before it goes out: whether it still may, and bringing its payload into the form that Meta
//! takes.

use portaria_domain::sending::queue::Taken;
use portaria_domain::{Error, Result};
use portaria_entity::outgoing_message::SendFailure;
use serde_json::{Map, Value};

use super::Office;

/// Why a message does not go out now.
pub(super) enum Hindrance {
    /// It does not go out at all.
    Refused(SendFailure),
    /// Something is missing at the moment.
    Later(String),
}

impl From<Error> for Hindrance {
    fn from(error: Error) -> Self {
        Self::Later(error.to_string())
    }
}

/// Whether a message still may go out: it was permitted when it was written, and may have waited since.
async fn recheck(_office: &Office, _taken: &Taken) -> Result<Option<SendFailure>> {
    Ok(None)
}

/// The payload as Meta takes it, unless something is in the way.
pub(super) async fn payload(
    office: &Office,
    taken: &Taken,
) -> std::result::Result<Map<String, Value>, Hindrance> {
    if let Some(failure) = recheck(office, taken).await? {
        return Err(Hindrance::Refused(failure));
    }
    match serde_json::from_str(&taken.payload) {
        Ok(Value::Object(payload)) if payload.contains_key("type") => Ok(payload),
        Ok(_) | Err(_) => Err(Hindrance::Refused(SendFailure::Invalid)),
    }
}
