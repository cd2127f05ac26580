//! What is going to happen, in order of time, and of having been decided where the time is the same.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::journey::{Journey, Planned};
use super::webhook::Webhook;

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A webhook is tried.
    Deliver(Box<Webhook>),
    /// It is told how far a message has come.
    Status(Arc<Journey>, Planned),
    /// The customer who got it answers.
    Reply(Arc<Journey>),
    /// A customer goes on telling.
    Turn { line: usize, person: usize },
    /// Some customer writes to some number.
    Begin,
    /// A template's review ends.
    Review(String),
    /// A template's pause ends.
    Reinstate(String),
    /// Every token is revoked.
    Revoke,
    /// Every account is restricted.
    Restrict,
}

#[derive(Debug)]
struct Entry {
    at: u64,
    order: u64,
    happening: Happening,
}

impl Ord for Entry {
    /// The earliest is the greatest, for the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BinaryHeap<Entry>,
    decided: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: u64, happening: Happening) {
        self.decided += 1;
        self.entries.push(Entry { at, order: self.decided, happening });
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.entries.peek().map(|entry| entry.at)
    }

    /// The next thing that happens until then, and when.
    pub(crate) fn pop(&mut self, until: u64) -> Option<(u64, Happening)> {
        if self.next_at()? > until {
            return None;
        }
        self.entries.pop().map(|entry| (entry.at, entry.happening))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
