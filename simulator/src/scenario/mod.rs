//! Customer life: a deterministic stream of webhook bodies, as a shop, a clinic and a delivery service get them.

pub mod cast;
mod english;
pub(crate) mod exchange;
pub mod history;
mod names;
mod portuguese;
mod rarity;
pub mod script;
mod spanish;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use self::cast::Persona;
use self::exchange::{Exchange, Step};
use self::history::{History, HistoryPlan};
use self::script::Trade;
use crate::customer::Customer;
use crate::error::SimulatorError;
use crate::number::BusinessNumber;
use crate::payload::coexistence::{self, Echo};
use crate::payload::{Change, Envelope, Status, StatusError, StatusState};
use crate::random::Random;

/// One webhook body, ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The bytes.
    pub body: Vec<u8>,
    /// How many messages it holds, of either side.
    pub messages: usize,
    /// How many statuses it holds.
    pub statuses: usize,
    /// True when these bytes were delivered before.
    pub repeated: bool,
}

/// How often, of a hundred deliveries, something out of the ordinary happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// A body delivered a second time.
    pub duplicate_percent: u8,
    /// Several updates in one body.
    pub batch_percent: u8,
    /// A field that is not about messages, a system notice, a type never heard of.
    pub rare_percent: u8,
}

impl Default for Habits {
    fn default() -> Self {
        Self { duplicate_percent: 3, batch_percent: 8, rare_percent: 3 }
    }
}

/// How many customers write in the live part, taken from the head of the cast.
const CAST: u64 = 48;
/// How many exchanges run at once.
const EXCHANGES: usize = 8;
/// How many bodies are remembered to be delivered again.
const REMEMBERED: usize = 8;
/// How many statuses may wait before they go first.
const WAITING: usize = 12;

/// The stream. The same seed, numbers and times give the same bytes.
#[derive(Debug, Clone)]
pub struct Scenario {
    seed: u64,
    numbers: Vec<BusinessNumber>,
    habits: Habits,
    random: Random,
    cast: Vec<Persona>,
    running: Vec<Exchange>,
    waiting: VecDeque<(BusinessNumber, Status)>,
    delivered: VecDeque<Delivery>,
}

/// The trade behind the number a customer writes to. Of two numbers the first is a shop that delivers and the
/// second a clinic; of three and more the third is a delivery service; a single one is all of them.
pub(crate) fn trade_of(customer: u64, numbers: usize) -> Trade {
    let place = match numbers {
        0 | 1 => customer % 3,
        2 if customer.is_multiple_of(4) => 2,
        _ => customer % numbers as u64 % 3,
    };
    match place {
        0 => Trade::Shop,
        1 => Trade::Clinic,
        _ => Trade::Delivery,
    }
}

impl Scenario {
    /// A stream for these numbers.
    ///
    /// # Errors
    /// When there are no numbers.
    pub fn new(seed: u64, numbers: Vec<BusinessNumber>) -> Result<Self, SimulatorError> {
        if numbers.is_empty() {
            return Err(SimulatorError::NoNumbers);
        }
        let cast = (0..CAST).map(|index| cast::persona(seed, index)).collect();
        let (running, waiting, delivered) = (Vec::new(), VecDeque::new(), VecDeque::new());
        let random = Random::new(seed);
        Ok(Self { seed, numbers, habits: Habits::default(), random, cast, running, waiting, delivered })
    }

    /// The same with other habits.
    #[must_use]
    pub fn with_habits(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    /// The customers who write in the live part.
    pub fn customers(&self) -> Vec<Customer> {
        self.cast.iter().map(|persona| persona.customer.clone()).collect()
    }

    /// A past for the same customers and numbers; the live part then goes on in the same conversations.
    pub fn history(&self, plan: HistoryPlan) -> History {
        History::new(self.seed, self.numbers.clone(), plan)
    }

    /// The next body, of something that happens at that Unix second.
    pub fn next_delivery(&mut self, now: u64) -> Delivery {
        // The second is mixed in, so that a later run with the same seed does not repeat this one's ids.
        let mut random = Random::derived(self.random.bits(), now);
        if !self.delivered.is_empty() && random.percent(self.habits.duplicate_percent) {
            let place = random.index(self.delivered.len());
            if let Some(earlier) = self.delivered.get(place) {
                return Delivery { repeated: true, ..earlier.clone() };
            }
        }
        let updates = if random.percent(self.habits.batch_percent) { random.between(2, 5) } else { 1 };
        let mut made = Delivery { body: Vec::new(), messages: 0, statuses: 0, repeated: false };
        let mut envelope = Envelope::default();
        for _ in 0..updates {
            envelope = envelope.and(self.update(now, &mut random, &mut made));
        }
        made.body = envelope.to_bytes();
        self.delivered.push_back(made.clone());
        if self.delivered.len() > REMEMBERED {
            self.delivered.pop_front();
        }
        made
    }

    /// One thing that happens, counted.
    fn update(&mut self, now: u64, random: &mut Random, made: &mut Delivery) -> Change {
        let eager = self.waiting.len() > WAITING || random.percent(40);
        if eager && let Some((number, status)) = self.waiting.pop_front() {
            made.statuses += 1;
            return Change::statuses(&number, &[Status { timestamp: now, ..status }]);
        }
        if random.percent(self.habits.rare_percent) {
            return self.rare(now, random);
        }
        made.messages += 1;
        match self.step(now, random) {
            Some((number, Step::Wrote(message))) => Change::messages(&number, &[*message]),
            Some((number, Step::Answered(echo))) => {
                self.expect_statuses(&number, &echo, random);
                coexistence::echoes(&number, &[echo])
            }
            // Scripts exist for every language and trade, so an exchange can always begin.
            None => self.rare(now, random),
        }
    }

    fn rare(&mut self, now: u64, random: &mut Random) -> Change {
        let place = random.index(self.cast.len());
        let number = self.numbers[place % self.numbers.len()].clone();
        rarity::change(&number, &mut self.cast[place], now, random)
    }

    /// Plays a turn of one of the running exchanges, beginning and ending them as needed.
    fn step(&mut self, now: u64, random: &mut Random) -> Option<(BusinessNumber, Step)> {
        self.running.retain(|exchange| !exchange.is_over());
        if self.running.len() < EXCHANGES && (self.running.is_empty() || random.percent(35)) {
            let begun = self.begin(random)?;
            self.running.push(begun);
        }
        let place = random.index(self.running.len());
        let exchange = self.running.get_mut(place)?;
        let step = exchange.step(now, random)?;
        Some((exchange.number.clone(), step))
    }

    /// A customer who is not writing already begins: mostly to the usual number, sometimes to another.
    fn begin(&self, random: &mut Random) -> Option<Exchange> {
        let idle = |place: &usize| {
            let name = self.cast[*place].customer.address();
            self.running.iter().all(|exchange| exchange.persona.customer.address() != name)
        };
        let free: Vec<usize> = (0..self.cast.len()).filter(idle).collect();
        let place = *random.pick(&free)?;
        let usual = place % self.numbers.len();
        let chosen = if random.percent(10) { random.index(self.numbers.len()) } else { usual };
        let writes_to = if chosen == usual { place } else { chosen };
        let persona = self.cast[place].clone();
        let scripts = script::of(persona.language, trade_of(writes_to as u64, self.numbers.len()));
        let script = random.pick(&scripts).copied()?;
        Some(Exchange::new(persona, self.numbers[chosen].clone(), script))
    }

    /// What will become of an answer: mostly read, sometimes only delivered, rarely failed.
    fn expect_statuses(&mut self, number: &BusinessNumber, echo: &Echo, random: &mut Random) {
        let states = match random.below(50) {
            0 => vec![StatusState::Failed(StatusError::undeliverable())],
            1..=6 => vec![StatusState::Sent, StatusState::Delivered],
            7..=9 => vec![StatusState::Sent, StatusState::Read, StatusState::Delivered],
            _ => vec![StatusState::Sent, StatusState::Delivered, StatusState::Read],
        };
        for state in states {
            let status = Status::new(&echo.id, state, echo.timestamp, echo.recipient.clone());
            self.waiting.push_back((number.clone(), status));
        }
    }
}
