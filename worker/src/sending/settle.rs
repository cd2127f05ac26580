//! Writes down what became of attempts: all that ended together in one transaction.

use std::time::Duration;

use portaria_domain::sending::failure::{MOST_ATTEMPTS, Remedy, pause, remedy};
use portaria_domain::sending::number::{self, Number, Stop};
use portaria_domain::sending::settle::{Attempt, Counted, Refused, leave_open, put_back};
use portaria_domain::{Installation, Result, turn};
use portaria_entity::channel_sending::StopReason;
use portaria_entity::id::MessageId;
use portaria_entity::outgoing_message::{Model, SendFailure};
use portaria_entity::time::Timestamp;
use sea_orm::DatabaseTransaction;

use super::attempt::{Ended, Outcome};
use super::count;
use crate::cloud_api::GraphError;
use crate::webhook::apply::{Application, Origin};

/// What never came to Meta is tried again after this.
const UNSENT_PAUSE: Duration = Duration::from_secs(1);

/// Writes down what became of attempts from a number.
pub(super) async fn settle(installation: &Installation, number: Number, ended: &[Ended]) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let taken: Vec<(MessageId, String)> = ended.iter().filter_map(taken).collect();
    // A status may tell of the same message at this very time, by either id.
    let own: Vec<String> = taken.iter().map(|(id, _)| id.to_string()).collect();
    let names = own.iter().chain(taken.iter().map(|(_, whatsapp_id)| whatsapp_id)).map(String::as_str);
    turn::take(installation, &transaction, number.workspace_id, names).await?;
    let origin = Origin::answer(installation, number.workspace_id);
    let mut application = Application::new(installation, &transaction, origin);
    if !taken.is_empty() {
        application.accepted(number.channel_id, &taken).await?;
        for (row, digits) in ended.iter().filter_map(|ended| Some((&ended.row, ended.wa_id.as_ref()?))) {
            application.note_address(row.conversation_id, digits).await?;
        }
        let begun =
            ended.iter().filter(|ended| taken_id(ended).is_some()).filter_map(|ended| ended.row.begun_at);
        if let Some(begun_at) = begun.max() {
            number::resume(&transaction, installation, number, begun_at + Duration::from_micros(1)).await?;
        }
    }
    let work = Work { installation, transaction: &transaction, number, now: installation.clock.now() };
    for Ended { row, outcome, wa_id: _ } in ended {
        if let Some(refused) = work.others(row, outcome).await? {
            application.refused(row.message_id, &refused).await?;
        }
    }
    application.finish().await?;
    transaction.commit().await?;
    installation.events.wake();
    ended.iter().for_each(tell);
    Ok(())
}

fn taken_id(ended: &Ended) -> Option<&String> {
    match &ended.outcome {
        Outcome::Accepted(id) => Some(id),
        Outcome::Refused(_) | Outcome::Withheld(_) | Outcome::Unsent(_) | Outcome::Unclear(_) => None,
    }
}

fn taken(ended: &Ended) -> Option<(MessageId, String)> {
    taken_id(ended).map(|id| (ended.row.message_id, id.clone()))
}

/// What is to be done about an error. A number that is gone, or that the token may not see, is an invalid parameter to Meta.
fn remedy_of(error: &GraphError) -> Remedy {
    match (error.code, error.subcode) {
        (100, Some(33)) => Remedy::Stop(StopReason::Permission),
        _ => remedy(error.status, error.code),
    }
}

struct Work<'a> {
    installation: &'a Installation,
    transaction: &'a DatabaseTransaction,
    number: Number,
    now: Timestamp,
}

impl Work<'_> {
    /// What is written of an attempt that Meta did not take; whether the message is given up, and why.
    async fn others(&self, row: &Model, outcome: &Outcome) -> Result<Option<Refused>> {
        match outcome {
            Outcome::Accepted(_) => Ok(None),
            Outcome::Withheld(failure) => Ok(Some(Refused::here(*failure))),
            Outcome::Unsent(_) => {
                self.put_back(row, Counted::No, self.now + UNSENT_PAUSE).await?;
                Ok(None)
            }
            Outcome::Unclear(_) => {
                let key = (row.workspace_id, row.message_id);
                leave_open(self.transaction, &self.installation.database, key).await?;
                Ok(None)
            }
            Outcome::Refused(error) => self.refused(row, error).await,
        }
    }

    async fn refused(&self, row: &Model, error: &GraphError) -> Result<Option<Refused>> {
        let remedy = remedy_of(error);
        let code = (error.code >= 0).then_some(error.code);
        let because = |failure| {
            let details = error.details.clone().unwrap_or_else(|| error.message.clone());
            Some(Refused { failure, code, details: Some(details) })
        };
        let given_up = row.attempts >= MOST_ATTEMPTS;
        let wait = pause(remedy, row.attempts).max(error.retry_after.unwrap_or_default());
        match remedy {
            Remedy::GiveUp(failure) => return Ok(because(failure)),
            Remedy::Stop(reason) => {
                let stop = Stop { reason, code };
                number::stop(self.transaction, self.installation, self.number, stop).await?;
                self.put_back(row, Counted::No, self.now).await?;
            }
            Remedy::SlowDown => {
                number::slow_down(self.transaction, self.installation, self.number, self.now + wait).await?;
                // It is the number's haste, not this message's: it waits for as long as any may.
                self.put_back(row, Counted::No, self.now + wait).await?;
            }
            Remedy::SlowDownConversation if given_up => return Ok(because(SendFailure::RateLimited)),
            Remedy::Again if given_up => return Ok(because(SendFailure::Unavailable)),
            Remedy::SlowDownConversation | Remedy::Again => {
                self.put_back(row, Counted::Yes, self.now + wait).await?;
            }
        }
        Ok(None)
    }

    async fn put_back(&self, row: &Model, counted: Counted, then: Timestamp) -> Result<()> {
        let attempt = Attempt { message_id: row.message_id, number: row.attempts, begun_at: row.begun_at };
        let of = (row.workspace_id, attempt, counted);
        put_back(self.transaction, &self.installation.database, of, then).await?;
        Ok(())
    }
}

/// In figures, and in the log where something is wrong: neither what was said nor to whom.
fn tell(Ended { row, outcome, wa_id: _ }: &Ended) {
    let id = &row.message_id;
    match outcome {
        Outcome::Accepted(_) => count("accepted", 1),
        Outcome::Withheld(failure) => {
            let reason: &'static str = failure.into();
            tracing::info!(%id, reason, "a message is not sent");
            count("withheld", 1);
        }
        Outcome::Unsent(why) => {
            tracing::info!(%id, why, "a message could not be sent yet");
            count("unsent", 1);
        }
        Outcome::Unclear(why) => {
            tracing::info!(%id, why, "it is not known whether a message was sent");
            count("unclear", 1);
        }
        Outcome::Refused(error @ GraphError { status, code, trace_id, .. }) => {
            tracing::info!(%id, status, code, trace = trace_id.as_deref(), "Meta did not take a message");
            let reason = reason(remedy_of(error));
            metrics::counter!("portaria_sending_refusals_total", "reason" => reason).increment(1);
        }
    }
}

fn reason(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Again => "out_of_order",
        Remedy::SlowDown => "number_too_fast",
        Remedy::SlowDownConversation => "person_too_often",
        Remedy::Stop(reason) => <&'static str>::from(reason),
        Remedy::GiveUp(failure) => failure.into(),
    }
}

/// Stops a number that has no token to send with.
pub(super) async fn stop_without_token(installation: &Installation, number: Number) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let stop = Stop { reason: StopReason::Token, code: None };
    number::stop(&transaction, installation, number, stop).await?;
    Ok(transaction.commit().await?)
}
