//! What was done, in figures that stay small however long it runs, and the last of each for those who look.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::message::{ReadReceipt, SentMessage};

/// How many different callback data are counted; the counts of later ones are lost, and that is said.
const COUNTED: usize = 4_000_000;
/// How many callback data that came twice are kept in words.
const SHOWN: usize = 1000;

/// Figures.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Graph requests by what they wanted.
    pub(crate) requests: BTreeMap<&'static str, u64>,
    /// Refusals by code.
    pub(crate) refusals: BTreeMap<u32, u64>,
    /// How often each limit was run into.
    pub(crate) limits: BTreeMap<&'static str, u64>,
    /// Requests that were spoilt on purpose, by how.
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// Messages taken.
    pub(crate) messages: u64,
    /// Statuses made, by their name.
    pub(crate) statuses: BTreeMap<&'static str, u64>,
    /// Messages customers wrote.
    pub(crate) incoming: u64,
    taken: HashMap<u128, u32>,
    twice: VecDeque<String>,
    uncounted: u64,
    last: VecDeque<SentMessage>,
    receipts: VecDeque<ReadReceipt>,
}

impl Tally {
    /// Counts a message and keeps it among the last.
    pub(crate) fn took(&mut self, message: SentMessage, remembered: usize) {
        self.messages += 1;
        if let Some(data) = message.request.get("biz_opaque_callback_data").and_then(Value::as_str) {
            self.took_data(data);
        }
        push(&mut self.last, message, remembered);
    }

    fn took_data(&mut self, data: &str) {
        let known = self.taken.len();
        let key = key(data);
        if known >= COUNTED && !self.taken.contains_key(&key) {
            self.uncounted += 1;
            return;
        }
        let count = self.taken.entry(key).or_default();
        *count += 1;
        if *count == 2 {
            push(&mut self.twice, data.to_owned(), SHOWN);
        }
    }

    pub(crate) fn took_receipt(&mut self, receipt: ReadReceipt, remembered: usize) {
        push(&mut self.receipts, receipt, remembered);
    }

    /// How often a message with that callback data was taken.
    pub(crate) fn times_taken(&self, data: &str) -> u32 {
        self.taken.get(&key(data)).copied().unwrap_or_default()
    }

    /// The callback data that were taken more than once, the last thousand of them.
    pub(crate) fn taken_twice(&self) -> Vec<String> {
        self.twice.iter().cloned().collect()
    }

    /// How many different callback data were taken.
    pub(crate) fn different(&self) -> usize {
        self.taken.len()
    }

    pub(crate) fn messages(&self) -> impl DoubleEndedIterator<Item = &SentMessage> {
        self.last.iter()
    }

    pub(crate) fn receipts(&self) -> impl DoubleEndedIterator<Item = &ReadReceipt> {
        self.receipts.iter()
    }

    pub(crate) fn to_value(&self) -> Value {
        json!({
            "requests": self.requests,
            "refusals": self.refusals,
            "limits_run_into": self.limits,
            "faults": self.faults,
            "messages_taken": self.messages,
            "callback_data_taken": self.different(),
            "callback_data_taken_twice": self.twice.len(),
            "callback_data_not_counted": self.uncounted,
            "messages_from_customers": self.incoming,
            "statuses": self.statuses,
        })
    }
}

fn key(data: &str) -> u128 {
    let digest = Sha256::digest(data.as_bytes());
    digest.iter().take(16).fold(0, |key, byte| (key << 8) | u128::from(*byte))
}

/// Keeps the last so many.
pub(crate) fn push<T>(kept: &mut VecDeque<T>, one: T, most: usize) {
    kept.push_back(one);
    while kept.len() > most {
        kept.pop_front();
    }
}
