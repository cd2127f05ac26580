//! The way of one message the business sent: what its statuses tell of it, and when they come.

use super::options::Manners;
use crate::cloud_api::GraphError;
use crate::customer::Customer;
use crate::payload::{Pricing, Status, StatusState};
use crate::random::Random;
use crate::span::MINUTE;

/// A message on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Journey {
    pub(crate) message_id: String,
    pub(crate) line: usize,
    pub(crate) person: usize,
    pub(crate) customer: Customer,
    pub(crate) data: Option<String>,
    pub(crate) pricing: Pricing,
    /// The template it was made from.
    pub(crate) template: Option<String>,
    /// True of what the customer can listen to.
    pub(crate) is_audio: bool,
    /// True of what nobody answers, such as a reaction.
    pub(crate) is_silent: bool,
}

/// A status that is going to come: when it is told, when it happened, and what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub(crate) told: u64,
    pub(crate) happened: u64,
    pub(crate) state: StatusState,
    pub(crate) priced: Priced,
}

/// How the customer takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reception {
    /// Delivered and perhaps read.
    Open,
    /// Delivered; the customer reads only when told to.
    Quiet,
    /// It never arrives, and nobody says so.
    Blocked,
}

/// The statuses of a message taken at that millisecond.
pub(crate) struct Plan {
    pub(crate) statuses: Vec<Planned>,
    /// When the customer answers.
    pub(crate) reply: Option<u64>,
}

impl Journey {
    /// The status as it is told.
    pub(crate) fn status(&self, planned: &Planned) -> Status {
        let (state, at) = (planned.state.clone(), planned.happened / 1000);
        let mut status = Status::new(&self.message_id, state, at, self.customer.clone());
        status.pricing = match planned.priced {
            Priced::Yes => Some(self.pricing.clone()),
            Priced::No => None,
        };
        status.biz_opaque_callback_data.clone_from(&self.data);
        status
    }

    /// A message that cannot reach its customer.
    pub(crate) fn failure(now: u64, error: &GraphError, manners: &Manners, random: &mut Random) -> Plan {
        let at = now + random.between(manners.sent.0, manners.sent.1);
        let state = StatusState::Failed(error.to_status_error());
        Plan { statuses: vec![Planned { told: at, happened: at, state, priced: Priced::No }], reply: None }
    }

    /// A message that can.
    pub(crate) fn plan(
        &self,
        now: u64,
        manners: &Manners,
        (reception, held, reordered): (Reception, bool, bool),
        random: &mut Random,
    ) -> Plan {
        let mut after = |from: u64, (least, most): (u64, u64)| from + random.between(least, most);
        let begin = if held { now + 5 * MINUTE } else { now };
        let sent = after(begin, manners.sent);
        let delivered = after(sent, manners.delivered);
        let read = after(delivered, manners.read);
        let played = after(read, manners.read);
        let reply = after(read, manners.reply);
        let planned =
            |at: u64, state: StatusState, priced: Priced| Planned { told: at, happened: at, state, priced };
        let mut statuses = vec![planned(sent, StatusState::Sent, Priced::Yes)];
        if reception == Reception::Blocked {
            return Plan { statuses, reply: None };
        }
        let reads = reception == Reception::Open && random.percent(manners.read_percent);
        let at_once = reads && random.percent(manners.at_once_percent);
        if !at_once {
            let told = if reordered { read + 250 } else { delivered };
            statuses.push(Planned { told, ..planned(delivered, StatusState::Delivered, Priced::Yes) });
        }
        if reads {
            statuses.push(planned(read, StatusState::Read, if at_once { Priced::Yes } else { Priced::No }));
            if self.is_audio {
                statuses.push(planned(played, StatusState::Played, Priced::No));
            }
        }
        let replies = reads && !self.is_silent && random.percent(manners.reply_percent);
        Plan { statuses, reply: replies.then_some(reply) }
    }
}

/// Whether a status says what the message costs: Meta says so on `sent` and on one of `delivered` and `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priced {
    Yes,
    No,
}
