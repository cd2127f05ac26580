//! Keeps mails in memory, for tests that ask what was sent and what happens when sending fails.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::SendError;
use super::message::{Composed, OutgoingMail};

/// Clones share one outbox.
#[derive(Debug, Clone, Default)]
pub struct MemoryTransport {
    outbox: Arc<Mutex<Outbox>>,
}

#[derive(Debug, Default)]
struct Outbox {
    sent: Vec<OutgoingMail>,
    failures: VecDeque<SendError>,
}

impl MemoryTransport {
    /// What was sent so far, oldest first.
    pub fn sent(&self) -> Vec<OutgoingMail> {
        self.lock().sent.clone()
    }

    /// The next attempt fails so; call it several times for several failures in a row.
    pub fn fail_next(&self, error: SendError) {
        self.lock().failures.push_back(error);
    }

    /// Takes the composed bytes only to make sure that the mail could be composed.
    pub(super) fn send(&self, mail: &OutgoingMail, _composed: &Composed) -> Result<(), SendError> {
        let mut outbox = self.lock();
        match outbox.failures.pop_front() {
            Some(error) => Err(error),
            None => {
                outbox.sent.push(mail.clone());
                Ok(())
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
