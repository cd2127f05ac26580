//! One attempt at one message, and what can be known of it after.

use std::sync::Arc;
use std::time::Duration;

use portaria_domain::sending::address::Address;
use portaria_domain::sending::queue::Taken;
use portaria_entity::channel;
use portaria_entity::outgoing_message::{self, SendFailure};
use reqwest::Method;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use super::{Office, prepare, request};
use crate::cloud_api::{AccessToken, CallError, GraphError};

/// How long it may take until a request is begun, files being handed over first: after that the message is put back into line.
const PREPARATION: Duration = Duration::from_secs(270);

/// The number from which it is sent.
pub(super) struct Desk {
    pub(super) token: AccessToken,
    pub(super) channel: channel::Model,
    /// What may go out from it, messages a second.
    pub(super) per_second: i32,
    pub(super) gate: Arc<Gate>,
    /// This process is to end.
    pub(super) leaving: CancellationToken,
}

/// What is known of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Meta has taken it, by this id.
    Accepted(String),
    /// Meta has not taken it, and says why.
    Refused(GraphError),
    /// Portaria itself does not send it.
    Withheld(SendFailure),
    /// Meta was not asked: why.
    Unsent(String),
    /// Meta may have taken it or not: why that is not known.
    Unclear(String),
}

/// An attempt that is over.
pub(super) struct Ended {
    pub(super) row: outgoing_message::Model,
    pub(super) outcome: Outcome,
    /// What WhatsApp calls whom it went to, where that is another number than was dialled.
    pub(super) wa_id: Option<String>,
}

/// Tries to send a message that was taken for it.
pub(super) async fn attempt(
    office: Arc<Office>,
    desk: Arc<Desk>,
    taken: Taken,
    address: Option<Address>,
) -> Ended {
    // Until the request begins nothing is lost by ending: it is put back into line.
    let prepared = tokio::select! {
        biased;
        () = desk.leaving.cancelled() => Err(Outcome::Unsent("this process ends".to_owned())),
        prepared = tokio::time::timeout(PREPARATION, prepared((&office, &desk), &taken, address)) => prepared
            .unwrap_or_else(|_| Err(Outcome::Unsent("it took too long until it could be sent".to_owned()))),
    };
    let (outcome, wa_id) = match prepared {
        Err(outcome) => (outcome, None),
        Ok(body) => call(&office, &desk, &body).await,
    };
    Ended { row: taken.row, outcome, wa_id }
}

/// The request, or why there is none.
async fn prepared(
    (office, desk): (&Office, &Desk),
    taken: &Taken,
    address: Option<Address>,
) -> Result<serde_json::Value, Outcome> {
    let Some(address) = address else { return Err(Outcome::Withheld(SendFailure::NotAddressable)) };
    let payload = prepare::payload(office, desk, taken).await?;
    desk.gate.pass(desk.per_second).await;
    // From here on somebody else may have the number: what was not begun in time is not begun.
    if taken.row.leased_until.is_none_or(|until| office.installation.clock.now() >= until) {
        return Err(Outcome::Unsent("its lease has ended".to_owned()));
    }
    Ok(request::message(payload, &address, &taken.row.message_id.to_string()))
}

async fn call(office: &Office, desk: &Desk, body: &serde_json::Value) -> (Outcome, Option<String>) {
    let path = format!("{}/messages", desk.channel.phone_number_id);
    let begun = Instant::now();
    let answer = office.api.call(&desk.token, Method::POST, &path, Some(body)).await;
    metrics::histogram!("portaria_sending_request_seconds").record(begun.elapsed().as_secs_f64());
    let wa_id = answer.as_ref().ok().and_then(|answer| request::other_number(body, answer));
    let outcome = match answer {
        Ok(answer) => match request::given_id(&answer) {
            Some(id) => Outcome::Accepted(id),
            None => Outcome::Unclear("the answer has no id of Meta's".to_owned()),
        },
        Err(CallError::Refused(error)) => Outcome::Refused(error),
        Err(CallError::Unsent(why)) => Outcome::Unsent(why),
        Err(CallError::Uncertain(why)) => Outcome::Unclear(why),
    };
    (outcome, wa_id)
}
