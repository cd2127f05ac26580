//! Webhooks on their way: where each goes, how often it was tried, and when it is tried again.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use super::tally;
use crate::latency::Latencies;
use crate::sender::{Fate, Fault, Outcome};
use crate::span::{DAY, HOUR, MINUTE, SECOND};

/// How long a webhook is tried.
pub(crate) const TRIED_FOR: u64 = 7 * DAY;
/// How many may wait; beyond that new ones are lost, and counted.
const WAITING: u64 = 100_000;

/// The pauses between attempts; the last goes on until it is given up.
const PAUSES: &[u64] = &[
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
];

/// The fields a number or an account may have delivered elsewhere.
const OVERRIDABLE: &[&str] = &[
    "messages",
    "message_echoes",
    "calls",
    "consumer_profile",
    "messaging_handovers",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "smb_message_echoes",
    "smb_app_state_sync",
    "history",
    "account_settings_update",
];

/// A webhook and its fate so far.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) field: String,
    pub(crate) line: usize,
    /// When it was first due.
    pub(crate) first: u64,
    pub(crate) attempts: u32,
    pub(crate) fault: Fault,
}

impl Webhook {
    /// Whether a callback of the number or the account goes before the app's.
    pub(crate) fn is_overridable(&self) -> bool {
        OVERRIDABLE.contains(&self.field.as_str())
    }

    /// When it is tried again after the last attempt failed at that millisecond; none when it is given up.
    pub(crate) fn tried_again(&self, now: u64) -> Option<u64> {
        let pause = PAUSES.get(self.attempts.saturating_sub(1) as usize).or(PAUSES.last())?;
        let at = now + pause;
        (self.fault == Fault::None && at <= self.first + TRIED_FOR).then_some(at)
    }
}

/// A callback that goes before the app's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) url: String,
    pub(crate) verify_token: String,
}

/// All webhooks.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) made: u64,
    pub(crate) waiting: u64,
    pub(crate) accepted: u64,
    pub(crate) failed_attempts: u64,
    pub(crate) given_up: u64,
    pub(crate) doubled: u64,
    pub(crate) forged_refused: u64,
    pub(crate) forged_accepted: u64,
    /// Made while nobody was subscribed or there was no callback.
    pub(crate) unheard: u64,
    pub(crate) lost: u64,
    pub(crate) latencies: Latencies,
    last: VecDeque<(u64, Arc<Vec<u8>>)>,
}

impl Outbox {
    /// Remembers a new one and gives its number.
    pub(crate) fn note(&mut self, body: &Arc<Vec<u8>>, remembered: usize) -> u64 {
        self.made += 1;
        tally::push(&mut self.last, (self.made, Arc::clone(body)), remembered);
        self.made
    }

    /// True when one more may wait; else it is counted as lost.
    pub(crate) fn has_room(&mut self) -> bool {
        if self.waiting < WAITING {
            self.waiting += 1;
            return true;
        }
        self.lost += 1;
        false
    }

    /// Counts an attempt; says whether the webhook is done with.
    pub(crate) fn settle(&mut self, webhook: &Webhook, outcome: Outcome) -> bool {
        match (webhook.fault, outcome.fate) {
            (Fault::None, Fate::Accepted) => {
                self.accepted += 1;
                self.latencies.record(outcome.latency);
                true
            }
            (Fault::None, Fate::Refused(_) | Fate::Unreachable) => {
                self.failed_attempts += 1;
                false
            }
            (_, Fate::Accepted) => {
                self.forged_accepted += 1;
                true
            }
            (_, Fate::Refused(_) | Fate::Unreachable) => {
                self.forged_refused += 1;
                true
            }
        }
    }

    /// The last ones after that number.
    pub(crate) fn after(&self, number: u64, most: usize) -> Vec<Value> {
        let later = self.last.iter().filter(|(made, _)| *made > number).take(most);
        later
            .map(|(made, body)| {
                let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
                json!({ "number": made, "body": body })
            })
            .collect()
    }

    pub(crate) fn to_value(&self) -> Value {
        json!({
            "made": self.made,
            "accepted": self.accepted,
            "waiting": self.waiting,
            "failed_attempts": self.failed_attempts,
            "given_up_after_seven_days": self.given_up,
            "doubled": self.doubled,
            "forged_and_refused": self.forged_refused,
            "forged_and_accepted": self.forged_accepted,
            "nobody_to_deliver_to": self.unheard,
            "lost_because_too_many_waited": self.lost,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_rarer_and_end_after_a_week() {
        let mut webhook = Webhook {
            body: Arc::default(),
            field: "messages".to_owned(),
            line: 0,
            first: 0,
            attempts: 1,
            fault: Fault::None,
        };
        let (mut now, mut pauses) = (0, Vec::new());
        while let Some(at) = webhook.tried_again(now) {
            pauses.push(at - now);
            now = at;
            webhook.attempts += 1;
        }
        assert!(pauses.is_sorted());
        assert!(now <= TRIED_FOR && now + DAY > TRIED_FOR, "{now}");
        assert_eq!(webhook.attempts, 16);
    }
}
