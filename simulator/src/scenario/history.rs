//! The past: whole conversations as webhook bodies, so that an empty installation fills through its front door.

use std::collections::VecDeque;

use super::cast;
use super::exchange::{Exchange, Step};
use super::{Delivery, trade_of};
use crate::number::BusinessNumber;
use crate::payload::coexistence::{self, Echo};
use crate::payload::{Change, Envelope, Incoming, Status, StatusState};
use crate::random::Random;
use crate::scenario::script;

/// How much of a past to make up.
#[derive(Debug, Clone, Copy)]
pub struct HistoryPlan {
    /// How many conversations, one for each customer from the first of the cast on.
    pub conversations: u64,
    /// How many messages each has, the business's answers among them.
    pub messages_each: u32,
    /// The second before which all of it lies.
    pub until: u64,
    /// How many seconds it reaches back from there.
    pub span_secs: u64,
}

/// No body holds more updates than this; Meta's own limit is a thousand.
const UPDATES_PER_BODY: usize = 400;

/// The bodies of a past, conversation by conversation, each in order of time.
#[derive(Debug)]
pub struct History {
    seed: u64,
    numbers: Vec<BusinessNumber>,
    plan: HistoryPlan,
    next: u64,
    ready: VecDeque<Delivery>,
}

impl History {
    pub(super) fn new(seed: u64, numbers: Vec<BusinessNumber>, plan: HistoryPlan) -> Self {
        Self { seed, numbers, plan, next: 0, ready: VecDeque::new() }
    }

    /// One conversation's steps in order, with their seconds: scripts one after another until there are enough
    /// messages, so that some conversations end with a question nobody has answered yet.
    fn conversation(&self, index: u64, number: &BusinessNumber, trade: script::Trade) -> Vec<Step> {
        let mut random = Random::derived(self.seed ^ self.plan.until, index);
        let persona = cast::persona(self.seed, index);
        let scripts = script::of(persona.language, trade);
        let wanted = self.plan.messages_each as usize;
        let (mut exchanges, mut offsets, mut offset) = (Vec::new(), Vec::new(), 0);
        while offsets.len() < wanted {
            let Some(script) = random.pick(&scripts).copied() else { break };
            exchanges.push(Exchange::new(persona.clone(), number.clone(), script));
            // Hours or days lie between exchanges, minutes within one.
            offset += random.between(14_400, 600_000);
            for _ in script.turns {
                offset += random.between(15, 400);
                offsets.push(offset);
            }
        }
        offsets.truncate(wanted);
        let mut times = self.place(&offsets, &mut random).into_iter();
        let mut steps = Vec::with_capacity(wanted);
        for exchange in &mut exchanges {
            while !exchange.is_over()
                && let Some(at) = times.next()
            {
                steps.extend(exchange.step(at, &mut random));
            }
        }
        steps
    }

    /// Moves rising offsets into the plan's span, pressed together when they reach further. The last message of
    /// one conversation is of today, of another weeks old.
    fn place(&self, offsets: &[u64], random: &mut Random) -> Vec<u64> {
        let whole = offsets.last().copied().unwrap_or_default().max(1);
        let room = self.plan.span_secs.max(1);
        // Squared, so that most are recent.
        let age = random.below(1000);
        let end = room - (room / 2) * age * age / 1_000_000;
        // Statuses follow a message within seconds and lie in the past too.
        let begin = self.plan.until.saturating_sub(room + 10);
        let within = |offset: u64| if whole > end { offset * end / whole } else { offset + end - whole };
        offsets.iter().map(|offset| begin + within(*offset)).collect()
    }

    fn fill(&mut self, index: u64) {
        let Some(number) = self.numbers.get((index % self.numbers.len().max(1) as u64) as usize).cloned()
        else {
            return;
        };
        let steps = self.conversation(index, &number, trade_of(index, self.numbers.len()));
        for part in steps.chunks(UPDATES_PER_BODY / 4) {
            self.ready.push_back(body(&number, part));
        }
    }
}

impl Iterator for History {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        while self.ready.is_empty() && self.next < self.plan.conversations {
            let index = self.next;
            self.next += 1;
            self.fill(index);
        }
        self.ready.pop_front()
    }
}

/// A body of steps: runs of the customer's messages, and the business's with what became of them.
fn body(number: &BusinessNumber, steps: &[Step]) -> Delivery {
    let mut envelope = Envelope::default();
    let mut counts = (0, 0);
    let mut run: Vec<Incoming> = Vec::new();
    for step in steps {
        match step {
            Step::Wrote(message) => {
                counts.0 += 1;
                run.push(message.as_ref().clone());
            }
            Step::Answered(echo) => {
                envelope = flush(envelope, number, &mut run);
                let statuses = past_statuses(echo);
                counts.1 += statuses.len();
                counts.0 += 1;
                envelope = envelope
                    .and(coexistence::echoes(number, std::slice::from_ref(echo)))
                    .and(Change::statuses(number, &statuses));
            }
        }
    }
    envelope = flush(envelope, number, &mut run);
    Delivery { body: envelope.to_bytes(), messages: counts.0, statuses: counts.1, repeated: false }
}

fn flush(envelope: Envelope, number: &BusinessNumber, run: &mut Vec<Incoming>) -> Envelope {
    if run.is_empty() {
        return envelope;
    }
    let messages = std::mem::take(run);
    envelope.and(Change::messages(number, &messages))
}

fn past_statuses(echo: &Echo) -> [Status; 3] {
    [(StatusState::Sent, 1), (StatusState::Delivered, 2), (StatusState::Read, 9)]
        .map(|(state, after)| Status::new(&echo.id, state, echo.timestamp + after, echo.recipient.clone()))
}
