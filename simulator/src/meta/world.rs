//! The one state of the simulated Meta: everything both sides know, and the time.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::agenda::{Agenda, Happening};
use super::fault::FaultPlan;
use super::line::{Account, Line, Token};
use super::options::MetaOptions;
use super::person::People;
use super::quota::Distinct;
use super::shelf::Shelf;
use super::tally::Tally;
use super::template::Template;
use super::thread::Thread;
use super::webhook::{Outbox, Webhook};
use crate::cloud_api::GraphError;
use crate::payload::{Change, Envelope};
use crate::random::Random;
use crate::sender::Fault;

/// How many conversations are remembered before those that are over are forgotten.
const THREADS: usize = 200_000;

/// Everything.
pub(crate) struct World {
    pub(crate) options: MetaOptions,
    pub(crate) base_url: String,
    /// The millisecond it began.
    pub(crate) began: u64,
    pub(crate) tokens: Vec<Token>,
    /// Every token was revoked, even where every token is taken.
    pub(crate) all_revoked: bool,
    pub(crate) accounts: Vec<Account>,
    pub(crate) lines: Vec<Line>,
    pub(crate) people: People,
    pub(crate) threads: HashMap<(usize, usize), Thread>,
    pub(crate) templates: Vec<Template>,
    /// Forms that are blocked or throttled: their id and the code.
    pub(crate) flows: HashMap<String, u32>,
    pub(crate) shelf: Shelf,
    /// Customers the portfolio opened with.
    pub(crate) opened: Distinct,
    pub(crate) agenda: Agenda,
    pub(crate) outbox: Outbox,
    pub(crate) tally: Tally,
    /// Refusals that were ordered for the next messages.
    pub(crate) ordered: VecDeque<GraphError>,
    /// Graph requests, uploads and templates so far, which ids and faults follow from.
    pub(crate) requests: u64,
    pub(crate) uploads: u64,
    pub(crate) made_templates: u64,
    pub(crate) begun: u64,
}

impl World {
    pub(crate) fn new(options: MetaOptions, base_url: String) -> Self {
        let mut accounts: Vec<Account> = Vec::new();
        let mut lines = Vec::new();
        for number in &options.numbers {
            let known = accounts.iter().position(|account| account.id == number.waba_id);
            let account = known.unwrap_or_else(|| {
                accounts.push(Account::new(&number.waba_id, &number.verified_name));
                accounts.len() - 1
            });
            lines.push(Line::new(number.clone(), account));
        }
        let first = accounts.first().map(|account| account.id.clone()).unwrap_or_default();
        let mut templates = options.templates.clone();
        for template in templates.iter_mut().filter(|template| template.waba_id.is_empty()) {
            template.waba_id.clone_from(&first);
        }
        let mut world = Self {
            base_url,
            began: options.clock.millis(),
            tokens: options.access_tokens.iter().map(|text| Token::of(text)).collect(),
            all_revoked: false,
            accounts,
            lines,
            people: People::new(options.seed, options.cast, &options.customers),
            threads: HashMap::new(),
            templates,
            flows: HashMap::new(),
            shelf: Shelf::default(),
            opened: Distinct::default(),
            agenda: Agenda::default(),
            outbox: Outbox::default(),
            tally: Tally::default(),
            ordered: VecDeque::new(),
            requests: 0,
            uploads: 0,
            made_templates: 0,
            begun: 0,
            options,
        };
        world.plan_the_beginning();
        world
    }

    fn plan_the_beginning(&mut self) {
        self.plan_faults(self.options.faults.clone());
        self.let_customers_write(self.options.manners.per_minute);
    }

    /// From now on customers write so many messages a minute of their own accord.
    pub(crate) fn let_customers_write(&mut self, per_minute: u32) {
        let writing = std::mem::replace(&mut self.options.manners.per_minute, per_minute);
        if per_minute > 0 && (writing == 0 || self.begun == 0) {
            self.agenda.add(self.now(), Happening::Begin);
        }
    }

    /// Takes from a webhook of the past when customers wrote, so that their windows are open as they should be.
    pub(crate) fn recall(&mut self, body: &Value) {
        let changes = body["entry"].as_array().into_iter().flatten();
        for change in changes.filter_map(|entry| entry["changes"].as_array()).flatten() {
            let value = &change["value"];
            let number = value["metadata"]["phone_number_id"].as_str().unwrap_or_default();
            let Ok(line) = self.line(number) else { continue };
            for message in value["messages"].as_array().into_iter().flatten() {
                let address = message["from"].as_str().or_else(|| message["from_user_id"].as_str());
                let person = address.and_then(|address| self.people.find(address));
                let at: Option<u64> = message["timestamp"].as_str().and_then(|at| at.parse().ok());
                if let (Some(person), Some(at)) = (person, at) {
                    let thread = self.thread(line, person);
                    let latest = thread.wrote.unwrap_or_default().max(at.saturating_mul(1000));
                    thread.hears(latest, false);
                }
            }
        }
    }

    /// From now on these faults; what is planned for a time counts from now.
    pub(crate) fn plan_faults(&mut self, faults: FaultPlan) {
        let now = self.now();
        if let Some(at) = faults.token_revoked {
            self.agenda.add(now + at, Happening::Revoke);
        }
        if let Some(at) = faults.account_restricted {
            self.agenda.add(now + at, Happening::Restrict);
        }
        self.options.faults = faults;
    }

    /// Milliseconds now.
    pub(crate) fn now(&self) -> u64 {
        self.options.clock.millis()
    }

    /// What follows from the seed and those words.
    pub(crate) fn dice(&self, words: &[&str]) -> Random {
        Random::about(self.options.seed, words)
    }

    pub(crate) fn line(&self, phone_number_id: &str) -> Result<usize, GraphError> {
        let place = self.lines.iter().position(|line| line.number.phone_number_id == phone_number_id);
        place.ok_or_else(|| GraphError::no_such_object(phone_number_id))
    }

    pub(crate) fn account(&self, waba_id: &str) -> Result<usize, GraphError> {
        let place = self.accounts.iter().position(|account| account.id == waba_id);
        place.ok_or_else(|| GraphError::no_such_object(waba_id))
    }

    /// A number that stands for the account, for webhooks that name the account alone.
    pub(crate) fn line_of(&self, account: usize) -> usize {
        self.lines.iter().position(|line| line.account == account).unwrap_or_default()
    }

    /// The thread between them; those that are over are forgotten when there are too many.
    pub(crate) fn thread(&mut self, line: usize, person: usize) -> &mut Thread {
        let now = self.now();
        if self.threads.len() >= THREADS && !self.threads.contains_key(&(line, person)) {
            self.threads.retain(|_, thread| !thread.is_over(now));
            if self.threads.len() >= THREADS {
                // All are going on: whichever comes to hand makes room.
                let some: Vec<_> = self.threads.keys().copied().take(THREADS / 10).collect();
                for key in some {
                    self.threads.remove(&key);
                }
            }
        }
        self.threads.entry((line, person)).or_default()
    }

    /// Tells the callback, with the faults that are planned for webhooks.
    pub(crate) fn tell(&mut self, line: usize, change: Change) {
        let field = change.field.clone();
        let body = Arc::new(Envelope::of(change).to_bytes());
        let made = self.outbox.note(&body, self.options.remembered);
        let account = self.lines.get(line).map_or(0, |line| line.account);
        let subscribed = self.accounts.get(account).is_some_and(|account| account.subscribed);
        let overridden = self.lines.get(line).is_some_and(|line| line.callback.is_some())
            || self.accounts.get(account).is_some_and(|account| account.callback.is_some());
        if !subscribed || (self.options.callback.is_none() && !overridden) {
            self.outbox.unheard += 1;
            return;
        }
        let now = self.now();
        let webhook = Webhook { body, field, line, first: now, attempts: 0, fault: Fault::None };
        let mut random = self.dice(&["webhook", &made.to_string()]);
        if random.per_million(self.options.faults.forged) {
            let fault = [Fault::WrongSignature, Fault::NoSignature, Fault::AlteredBody][random.index(3)];
            self.deliver(now, Webhook { fault, ..webhook.clone() });
        }
        if random.per_million(self.options.faults.doubled) {
            self.outbox.doubled += 1;
            self.deliver(now + random.below(2000), webhook.clone());
        }
        self.deliver(now, webhook);
    }

    fn deliver(&mut self, at: u64, webhook: Webhook) {
        if self.outbox.has_room() {
            self.agenda.add(at, Happening::Deliver(Box::new(webhook)));
        }
    }
}
