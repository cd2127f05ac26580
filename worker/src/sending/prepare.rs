//! What is done with a message just before it goes out: whether it still may, and bringing its payload into the form that Meta
//! takes.

use portaria_domain::Result;
use portaria_domain::sending::queue::Taken;
use portaria_domain::sending::recheck::Candidate;
use portaria_entity::outgoing_message::SendFailure;
use serde_json::{Map, Value};

use super::Office;
use super::attempt::{Desk, Outcome};
use crate::cloud_api::CallError;

/// Whether a message still may go out: it was permitted when it was written, and may have waited since.
async fn recheck(office: &Office, taken: &Taken) -> Result<Option<SendFailure>> {
    let installation = &office.installation;
    let database = &installation.database;
    let candidate = Candidate { outgoing: &taken.row, message: &taken.message };
    let now = installation.clock.now();
    office.recheck.objection((database.reader(), database), &candidate, now).await
}

/// The payload as Meta takes it; or what becomes of the message without Meta having been asked to send it.
pub(super) async fn payload(
    office: &Office,
    desk: &Desk,
    taken: &Taken,
) -> std::result::Result<Map<String, Value>, Outcome> {
    match recheck(office, taken).await {
        Ok(None) => {}
        Ok(Some(failure)) => return Err(Outcome::Withheld(failure)),
        Err(error) => return Err(Outcome::Unsent(error.to_string())),
    }
    let payload: Option<Value> = serde_json::from_str(&taken.message.payload).ok();
    let Some(mut payload) = payload.filter(|payload| payload.get("type").is_some()) else {
        return Err(Outcome::Withheld(SendFailure::Invalid));
    };
    // The message is not asked for before its file is with Meta: a failure of that leaves nothing unclear.
    match office.uploads.fill(&desk.channel, taken.row.message_id, &mut payload).await {
        Ok(()) => {}
        Err(CallError::Refused(error)) => return Err(Outcome::Refused(error)),
        Err(CallError::Unsent(why) | CallError::Uncertain(why)) => return Err(Outcome::Unsent(why)),
    }
    match payload {
        Value::Object(payload) => Ok(payload),
        _ => Err(Outcome::Withheld(SendFailure::Invalid)),
    }
}
