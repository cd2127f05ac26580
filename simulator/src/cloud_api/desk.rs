//! What the stand-in knows and remembers: tokens, numbers, templates, files, and what it was asked to send.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::CloudApiOptions;
use super::graph_error::GraphError;
use super::media::{Shelf, StoredMedia};
use super::message_request::Recipient;
use super::template_request::Template;
use crate::customer::Customer;
use crate::number::BusinessNumber;
use crate::random::Random;
use crate::wamid::{Direction, wamid};

/// A message the stand-in took.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// From which number.
    pub phone_number_id: String,
    /// The id it was given.
    pub id: String,
    /// To whom.
    pub recipient: Recipient,
    /// Its type.
    pub kind: String,
    /// The whole request.
    pub request: Value,
}

/// A read receipt the stand-in took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReceipt {
    /// From which number.
    pub phone_number_id: String,
    /// For which message.
    pub message_id: String,
    /// True when the business also shows that it is typing.
    pub typing: bool,
}

/// What changes while it runs.
pub(super) struct Memory {
    pub(super) random: Random,
    pub(super) shelf: Shelf,
    messages: VecDeque<SentMessage>,
    message_count: u64,
    receipts: VecDeque<ReadReceipt>,
    failures: VecDeque<GraphError>,
}

/// The whole of it.
pub(super) struct Desk {
    pub(super) options: CloudApiOptions,
    memory: Mutex<Memory>,
}

impl Desk {
    pub(super) fn new(options: CloudApiOptions) -> Self {
        let memory = Memory {
            random: Random::derived(options.seed, options.clock.now()),
            shelf: Shelf::default(),
            messages: VecDeque::new(),
            message_count: 0,
            receipts: VecDeque::new(),
            failures: VecDeque::new(),
        };
        Self { options, memory: Mutex::new(memory) }
    }

    /// What it remembers is plain data, right even after a panic elsewhere.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A version such as `v23.0` and a known bearer token; without configured tokens every token is known.
    pub(super) fn admit(&self, version: &str, headers: &HeaderMap) -> Result<(), GraphError> {
        let digits = version.strip_prefix('v').and_then(|rest| rest.split_once('.'));
        let numeric = |text: &str| !text.is_empty() && text.chars().all(|one| one.is_ascii_digit());
        if !digits.is_some_and(|(major, minor)| numeric(major) && numeric(minor)) {
            return Err(GraphError::parameter("Unknown path components: the version is missing"));
        }
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let known = &self.options.access_tokens;
        if token.is_empty() || !(known.is_empty() || known.iter().any(|one| one == token)) {
            return Err(GraphError::token());
        }
        Ok(())
    }

    pub(super) fn number(&self, phone_number_id: &str) -> Result<&BusinessNumber, GraphError> {
        let mut numbers = self.options.numbers.iter();
        numbers
            .find(|number| number.phone_number_id == phone_number_id)
            .ok_or_else(|| GraphError::no_such_object(phone_number_id))
    }

    pub(super) fn templates(&self) -> &[Template] {
        &self.options.templates
    }

    pub(super) fn has_media(&self, id: &str) -> bool {
        self.memory().shelf.get(id).is_some()
    }

    pub(super) fn media(&self, id: &str) -> Result<StoredMedia, GraphError> {
        self.memory().shelf.get(id).cloned().ok_or_else(|| GraphError::no_such_object(id))
    }

    /// The customer behind an address, as webhooks would describe them.
    pub(super) fn customer(&self, recipient: &Recipient) -> Customer {
        let address = recipient.address();
        let is_theirs = |known: &&Customer| {
            known.wa_id.as_deref() == Some(address) || known.user_id.as_deref() == Some(address)
        };
        if let Some(known) = self.options.customers.iter().find(is_theirs) {
            return known.clone();
        }
        match recipient {
            Recipient::Phone(phone) => Customer { wa_id: Some(phone.clone()), ..Customer::default() },
            Recipient::User(user) => Customer { user_id: Some(user.clone()), ..Customer::default() },
            Recipient::Group(_) => Customer::default(),
        }
    }

    /// Takes a message and gives it its id.
    pub(super) fn take(
        &self,
        phone_number_id: &str,
        recipient: Recipient,
        kind: &str,
        request: Value,
    ) -> SentMessage {
        let mut memory = self.memory();
        let id = wamid(recipient.address(), Direction::Outgoing, &mut memory.random);
        let phone_number_id = phone_number_id.to_owned();
        let message = SentMessage { phone_number_id, id, recipient, kind: kind.to_owned(), request };
        memory.message_count += 1;
        memory.messages.push_back(message.clone());
        if memory.messages.len() > self.options.remembered {
            memory.messages.pop_front();
        }
        message
    }

    pub(super) fn take_receipt(&self, receipt: ReadReceipt) {
        let mut memory = self.memory();
        memory.receipts.push_back(receipt);
        if memory.receipts.len() > self.options.remembered {
            memory.receipts.pop_front();
        }
    }

    pub(super) fn messages(&self) -> Vec<SentMessage> {
        self.memory().messages.iter().cloned().collect()
    }

    pub(super) fn message_count(&self) -> u64 {
        self.memory().message_count
    }

    pub(super) fn receipts(&self) -> Vec<ReadReceipt> {
        self.memory().receipts.iter().cloned().collect()
    }

    pub(super) fn fail_next(&self, error: GraphError) {
        self.memory().failures.push_back(error);
    }

    pub(super) fn next_failure(&self) -> Option<GraphError> {
        self.memory().failures.pop_front()
    }
}
