//! What there is between one number and one customer: windows, limits, and what may be answered.

use super::offer::Offer;
use super::quota::Borrowed;
use crate::scenario::exchange::Exchange;
use crate::span::{DAY, HOUR};

/// How long a customer's message lets the business answer with anything.
pub(crate) const WINDOW: u64 = DAY;
/// How long an answered advertisement makes messages free.
pub(crate) const FREE_ENTRY: u64 = 72 * HOUR;

/// One number and one customer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thread {
    /// When the customer last wrote.
    pub(crate) wrote: Option<u64>,
    /// When the customer came from an advertisement that was not answered yet.
    from_ad: Option<u64>,
    /// Until when messages are free because of it.
    pub(crate) free_until: u64,
    /// How fast the business writes.
    pub(crate) pair: Borrowed,
    /// What the business last offered to press or fill in, and in which message.
    pub(crate) offer: Option<(String, Offer)>,
    /// What the customer is telling.
    pub(crate) exchange: Option<Box<Exchange>>,
    /// The business's last message.
    pub(crate) last_sent: Option<String>,
    /// The customer's last message.
    pub(crate) last_wrote: Option<String>,
}

impl Thread {
    /// The customer wrote, perhaps having come from an advertisement.
    pub(crate) fn hears(&mut self, now: u64, from_ad: bool) {
        self.wrote = Some(now);
        if from_ad {
            self.from_ad = Some(now);
        }
    }

    /// The business wrote.
    pub(crate) fn answers(&mut self, now: u64, message_id: &str) {
        if self.from_ad.take().is_some_and(|came| now < came + DAY) {
            self.free_until = now + FREE_ENTRY;
        }
        self.last_sent = Some(message_id.to_owned());
    }

    /// Until when anything may be sent.
    pub(crate) fn open_until(&self) -> Option<u64> {
        self.wrote.map(|wrote| wrote + WINDOW)
    }

    pub(crate) fn is_open(&self, now: u64) -> bool {
        self.open_until().is_some_and(|until| now < until)
    }

    pub(crate) fn is_free_entry(&self, now: u64) -> bool {
        now < self.free_until
    }

    /// True when forgetting it changes nothing.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        !self.is_open(now) && !self.is_free_entry(now) && self.pair.is_settled(now) && self.exchange.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_opens_for_a_day_to_the_millisecond() {
        let mut thread = Thread::default();
        assert!(!thread.is_open(0));
        thread.hears(1000, false);
        assert!(thread.is_open(1000 + DAY - 1) && !thread.is_open(1000 + DAY));
        assert!(!thread.is_free_entry(1000));
    }

    #[test]
    fn an_answered_advertisement_is_free_for_three_days() {
        let mut thread = Thread::default();
        thread.hears(0, true);
        thread.answers(DAY - 1, "wamid.A");
        assert!(
            thread.is_free_entry(DAY - 1 + FREE_ENTRY - 1) && !thread.is_free_entry(DAY - 1 + FREE_ENTRY)
        );
        let mut late = Thread::default();
        late.hears(0, true);
        late.answers(DAY, "wamid.A");
        assert!(!late.is_free_entry(DAY));
    }
}
