//! Limits that count exactly: so many in a span, one in a span with a burst, and so many different ones in a day.

use std::collections::{HashMap, VecDeque};

/// So many in any span of that length.
#[derive(Debug, Clone, Default)]
pub(crate) struct SlidingWindow {
    times: VecDeque<u64>,
}

impl SlidingWindow {
    /// Takes one, or says in how many milliseconds there is room again.
    pub(crate) fn take(&mut self, now: u64, most: u32, span: u64) -> Result<(), u64> {
        self.forget(now, span);
        if self.times.len() < most as usize {
            self.times.push_back(now);
            return Ok(());
        }
        // With a limit that was lowered meanwhile, more than one has to leave first.
        let leaves = self.times.len() - most as usize;
        Err(self.times.get(leaves).map_or(span, |oldest| (oldest + span).saturating_sub(now)))
    }

    /// How many there are now.
    pub(crate) fn count(&mut self, now: u64, span: u64) -> usize {
        self.forget(now, span);
        self.times.len()
    }

    fn forget(&mut self, now: u64, span: u64) {
        while self.times.front().is_some_and(|oldest| oldest + span <= now) {
            self.times.pop_front();
        }
    }
}

/// One in a span, with a burst that is borrowed from the future.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Borrowed {
    /// When all that was borrowed is paid back.
    settled: u64,
}

impl Borrowed {
    /// Takes one, or says in how many milliseconds there is room again.
    pub(crate) fn take(&mut self, now: u64, every: u64, burst: u32) -> Result<(), u64> {
        let settled = self.settled.max(now);
        let most = every.saturating_mul(u64::from(burst.saturating_sub(1)));
        let debt = settled - now;
        if debt > most {
            return Err(debt - most);
        }
        self.settled = settled + every;
        Ok(())
    }

    /// True when nothing is borrowed any more.
    pub(crate) fn is_settled(self, now: u64) -> bool {
        self.settled <= now
    }
}

/// So many different ones in any span of that length.
#[derive(Debug, Clone, Default)]
pub(crate) struct Distinct {
    last: HashMap<u64, u64>,
    /// In order of time; entries that were renewed since are skipped.
    order: VecDeque<(u64, u64)>,
}

impl Distinct {
    /// Takes that one; false when it is new and there is no room.
    pub(crate) fn take(&mut self, one: u64, now: u64, most: Option<u32>, span: u64) -> bool {
        while let Some((at, oldest)) = self.order.front().copied()
            && at + span <= now
        {
            self.order.pop_front();
            if self.last.get(&oldest) == Some(&at) {
                self.last.remove(&oldest);
            }
        }
        // Who was opened with within the span counts from that first time.
        if self.last.contains_key(&one) {
            return true;
        }
        if most.is_some_and(|most| self.last.len() >= most as usize) {
            return false;
        }
        self.last.insert(one, now);
        self.order.push_back((now, one));
        true
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.last.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_so_many_and_no_more() {
        let mut window = SlidingWindow::default();
        for at in 0..80 {
            assert_eq!(window.take(at, 80, 1000), Ok(()));
        }
        assert_eq!(window.take(999, 80, 1000), Err(1));
        assert_eq!(window.take(1000, 80, 1000), Ok(()));
        assert_eq!(window.take(1000, 80, 1000), Err(1));
        assert_eq!(window.count(5000, 1000), 0);
    }

    #[test]
    fn a_burst_is_paid_back() {
        let mut pair = Borrowed::default();
        for _ in 0..45 {
            assert_eq!(pair.take(1000, 6000, 45), Ok(()));
        }
        assert_eq!(pair.take(1000, 6000, 45), Err(6000));
        assert_eq!(pair.take(6999, 6000, 45), Err(1));
        assert_eq!(pair.take(7000, 6000, 45), Ok(()));
        assert_eq!(pair.take(7000, 6000, 45), Err(6000));
        assert!(!pair.is_settled(270_000) && pair.is_settled(277_000));
    }

    #[test]
    fn different_ones_are_counted_once_a_span() {
        let mut opened = Distinct::default();
        assert!(opened.take(1, 0, Some(2), 100) && opened.take(2, 10, Some(2), 100));
        assert!(!opened.take(3, 20, Some(2), 100));
        assert!(opened.take(1, 30, Some(2), 100));
        assert!(opened.take(3, 100, Some(2), 100), "the first has left");
        assert_eq!(opened.count(), 2);
    }
}
