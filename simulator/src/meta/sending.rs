//! Taking a message: the limits, what stands between it and its customer, and the statuses that follow.

use std::sync::Arc;

use serde_json::Value;

use super::agenda::Happening;
use super::journey::{Journey, Reception};
use super::message::{ReadReceipt, Recipient, SentMessage};
use super::offer::Offer;
use super::options::{Failures, Windows};
use super::person::Met;
use super::price;
use super::world::World;
use crate::cloud_api::GraphError;
use crate::cloud_api::message_request::{self, Checked};
use crate::payload::Pricing;
use crate::span::{DAY, SECOND};
use crate::wamid::{Direction, wamid};

/// What was taken, and what is answered.
pub(crate) struct Taken {
    pub(crate) message: SentMessage,
    /// `accepted` or held back; said of templates only.
    pub(crate) message_status: Option<&'static str>,
}

/// A message on the point of being taken.
struct Candidate<'a> {
    line: usize,
    person: usize,
    recipient: &'a Recipient,
    checked: &'a Checked,
    request: &'a Value,
    now: u64,
}

impl World {
    /// Takes a message, or says why not.
    pub(crate) fn send(&mut self, line: usize, request: Value) -> Result<Taken, GraphError> {
        let now = self.now();
        self.may_send(line, now)?;
        let recipient = message_request::recipient(&request, &self.lines[line].number)?;
        let checked = message_request::check(&request, self, line)?;
        if matches!(recipient, Recipient::User(_)) && self.is_authentication(&checked) {
            return Err(GraphError::known(131_062));
        }
        self.meter(line, now)?;
        let (person, met) = self.people.meet(&recipient);
        if met == Met::InPlaceOfAnother {
            for line in 0..self.lines.len() {
                self.threads.remove(&(line, person));
            }
        }
        if met != Met::Known
            && self.options.rules.windows == Windows::Ignored
            && let Some(stranger) = self.people.get_mut(person)
        {
            stranger.unreachable = None;
        }
        self.meter_pair(line, person, now)?;
        let candidate =
            Candidate { line, person, recipient: &recipient, checked: &checked, request: &request, now };
        let obstacle = self.obstacle(&candidate);
        if let Some(error) = &obstacle
            && self.options.rules.failures == Failures::AtOnce
        {
            return Err(error.clone());
        }
        let (journey, held) = self.embark(&candidate, obstacle.is_none());
        self.plan(&journey, obstacle.as_ref(), held, now);
        let message = SentMessage {
            phone_number_id: self.lines[line].number.phone_number_id.clone(),
            id: journey.message_id,
            recipient,
            kind: checked.kind.to_owned(),
            request,
            at: now,
        };
        self.tally.took(message.clone(), self.options.remembered);
        let status = if held { "held_for_quality_assessment" } else { "accepted" };
        Ok(Taken { message, message_status: (checked.kind == "template").then_some(status) })
    }

    /// The account and the number can send, and nothing else was ordered.
    fn may_send(&mut self, line: usize, now: u64) -> Result<(), GraphError> {
        if let Some(error) = self.ordered.pop_front() {
            return Err(error);
        }
        self.accounts[self.lines[line].account].admit()?;
        self.lines[line].admit()?;
        let storm = self.options.faults.storm.map(|(at, lasts)| (self.began + at, self.began + at + lasts));
        match storm {
            Some((from, until)) if (from..until).contains(&now) => {
                *self.tally.faults.entry("storm").or_default() += 1;
                Err(self.throttled(130_429, until - now))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A refusal that may say when to come back.
    pub(crate) fn throttled(&self, code: u32, wait: u64) -> GraphError {
        let error = GraphError::known(code);
        if !self.options.faults.retry_after {
            return error;
        }
        // The client waits in its own time.
        error.after(wait / u64::from(self.options.clock.speed().max(1)))
    }

    fn meter(&mut self, line: usize, now: u64) -> Result<(), GraphError> {
        let most = self.lines[line].throughput.unwrap_or(self.options.limits.throughput);
        self.lines[line].sent.take(now, most, SECOND).map_err(|wait| {
            *self.tally.limits.entry("throughput").or_default() += 1;
            self.throttled(130_429, wait)
        })
    }

    fn meter_pair(&mut self, line: usize, person: usize, now: u64) -> Result<(), GraphError> {
        let limits = self.options.limits;
        self.thread(line, person).pair.take(now, limits.pair_every, limits.pair_burst).map_err(|wait| {
            *self.tally.limits.entry("pair").or_default() += 1;
            self.throttled(131_056, wait)
        })
    }

    fn is_authentication(&self, checked: &Checked) -> bool {
        checked.template.is_some_and(|place| self.templates[place].is_authentication())
    }

    /// What stands between the message and its customer.
    fn obstacle(&mut self, candidate: &Candidate<'_>) -> Option<GraphError> {
        let Candidate { line, person, recipient, checked, request, now } = *candidate;
        let is_template = checked.kind == "template";
        let marketing = checked.template.is_some_and(|place| self.templates[place].category == "MARKETING");
        let customer = self.people.get(person)?;
        if customer.no_marketing && marketing {
            return Some(GraphError::known(131_050));
        }
        if let Some(code) = customer.unreachable
            && (marketing || !matches!(code, 131_049 | 131_050 | 130_472))
        {
            return Some(GraphError::known(code));
        }
        let open = self.thread(line, person).is_open(now);
        let enforced =
            self.options.rules.windows == Windows::Enforced && !matches!(recipient, Recipient::Group(_));
        if enforced && !open && !is_template {
            return Some(GraphError::window_closed());
        }
        if enforced && !open && is_template {
            let most = self.options.limits.portfolio;
            if !self.opened.take(person as u64, now, most, DAY) {
                *self.tally.limits.entry("portfolio").or_default() += 1;
                let details = "The portfolio has reached its limit of customers to open with in 24 hours.";
                return Some(GraphError::known(131_048).saying(details));
            }
        }
        if message_request::is_broken_link(request, checked.kind) {
            return Some(GraphError::media_upload("The file at the link could not be fetched."));
        }
        self.unpaid(candidate)
    }

    /// 131042 when it costs something and nobody can pay.
    fn unpaid(&mut self, candidate: &Candidate<'_>) -> Option<GraphError> {
        if self.accounts[self.lines[candidate.line].account].can_pay {
            return None;
        }
        let price = self.price(candidate, false);
        (price.kind == "regular").then(|| GraphError::known(131_042))
    }

    /// What the message is priced as.
    fn category(&self, checked: &Checked) -> String {
        match checked.template {
            Some(place) => self.templates[place].category.to_ascii_lowercase(),
            None if checked.kind == "template" => "utility".to_owned(),
            None => "service".to_owned(),
        }
    }

    /// Gives the message its id and notes it in the thread; says too whether it is held back.
    fn embark(&mut self, candidate: &Candidate<'_>, arrives: bool) -> (Journey, bool) {
        let Candidate { line, person, recipient, checked, request, .. } = *candidate;
        let count = self.people.get_mut(person).map_or(0, |one| {
            one.got += 1;
            one.got
        });
        let from = self.lines[line].number.phone_number_id.clone();
        let mut random = self.dice(&["message", &from, recipient.address(), &count.to_string()]);
        let message_id = wamid(recipient.address(), Direction::Outgoing, &mut random);
        if arrives {
            self.note(candidate, &message_id);
        }
        let held = arrives && checked.kind == "template" && random.percent(self.options.manners.held_percent);
        let journey = Journey {
            message_id,
            line,
            person,
            customer: self.people.get(person).map(|one| one.customer().clone()).unwrap_or_default(),
            data: request["biz_opaque_callback_data"].as_str().map(ToOwned::to_owned),
            pricing: self.price(candidate, arrives),
            template: checked.template.map(|place| self.templates[place].id.clone()),
            is_audio: checked.kind == "audio",
            is_silent: checked.kind == "reaction",
        };
        (journey, held)
    }

    /// The thread knows of a message that arrives, and of what can be pressed in it.
    fn note(&mut self, candidate: &Candidate<'_>, message_id: &str) {
        let Candidate { line, person, checked, request, now, .. } = *candidate;
        let offer = match checked.template {
            Some(place) => Offer::of_template(&self.templates[place], &request["template"]),
            None => Offer::of_interactive(&request["interactive"]),
        };
        let thread = self.thread(line, person);
        thread.answers(now, message_id);
        if let Some(offer) = offer {
            thread.offer = Some((message_id.to_owned(), offer));
        }
        if checked.kind != "reaction"
            && let Some(exchange) = &mut thread.exchange
        {
            exchange.hears(message_id);
        }
    }

    /// What it costs. What never arrives uses up no free message.
    fn price(&mut self, candidate: &Candidate<'_>, arrives: bool) -> Pricing {
        let Candidate { line, person, checked, now, .. } = *candidate;
        let (category, most) = (self.category(checked), self.options.limits.free_service_messages);
        let mut free = self.lines[line].free;
        let pricing = price::of(&category, self.thread(line, person), now, &mut free, most);
        if arrives {
            self.lines[line].free = free;
        }
        pricing
    }

    fn plan(&mut self, journey: &Journey, obstacle: Option<&GraphError>, held: bool, now: u64) {
        let mut random = self.dice(&["journey", &journey.message_id]);
        let manners = self.options.manners;
        let plan = if let Some(error) = obstacle {
            Journey::failure(now, error, &manners, &mut random)
        } else {
            let reception = self.people.get(journey.person).map_or(Reception::Quiet, |person| {
                match (person.blocked.contains(&journey.line), person.lively) {
                    (true, _) => Reception::Blocked,
                    (false, true) => Reception::Open,
                    (false, false) => Reception::Quiet,
                }
            });
            let reordered = random.per_million(self.options.faults.reordered);
            journey.plan(now, &manners, (reception, held, reordered), &mut random)
        };
        let journey = Arc::new(journey.clone());
        for planned in plan.statuses {
            self.agenda.add(planned.told, Happening::Status(Arc::clone(&journey), planned));
        }
        if let Some(at) = plan.reply {
            self.agenda.add(at, Happening::Reply(journey));
        }
    }

    /// Notes that the business has read a message, and perhaps types.
    pub(crate) fn receive_receipt(&mut self, line: usize, message_id: String, typing: bool) {
        let phone_number_id = self.lines[line].number.phone_number_id.clone();
        self.tally.took_receipt(ReadReceipt { phone_number_id, message_id, typing }, self.options.remembered);
    }
}
