//! How fast messages may go out: from one number, and to one person.

use std::collections::VecDeque;
use std::time::Duration;

use portaria_entity::time::Timestamp;

/// To one person one goes out in this time,
pub const PAIR_INTERVAL: Duration = Duration::from_secs(6);
/// and so many at once, which is paid back by waiting.
pub const PAIR_BURST: u32 = 45;
/// What was begun longer ago does not matter to anybody's pace any more.
pub const PAIR_MEMORY: Duration = Duration::from_secs(600);

/// A second, and a little more: not all requests take the same time to come to Meta.
const SECOND: Duration = Duration::from_millis(1_020);
/// Within a second they are spread, as far as whoever is slow still sends all. Messages are taken in bundles: in each of
/// these no more than a third.
const BUNDLES: Spread = Spread { piece: Duration::from_millis(250), pieces: 3 };
/// Requests leave one by one: in each of these no more than a fifteenth.
const REQUESTS: Spread = Spread { piece: Duration::from_millis(50), pieces: 15 };

#[derive(Clone, Copy, Debug)]
struct Spread {
    piece: Duration,
    /// In one piece no more than one part in so many of a second's.
    pieces: u32,
}

/// When the next may go out to a person to whom these were begun, in the order of their times: now, or later.
pub fn next_to_person(begun: &[Timestamp], now: Timestamp) -> Timestamp {
    let paid_back = begun.iter().fold(Timestamp(0), |paid_back, at| paid_back.max(*at) + PAIR_INTERVAL);
    now.max(paid_back - PAIR_INTERVAL * (PAIR_BURST - 1))
}

/// What a number has begun within the last second.
#[derive(Debug)]
pub struct NumberPace {
    begun: VecDeque<(Timestamp, usize)>,
    spread: Spread,
}

impl NumberPace {
    /// For messages, which are taken in bundles.
    pub fn of_bundles() -> Self {
        Self { begun: VecDeque::new(), spread: BUNDLES }
    }

    /// For requests, which leave one by one.
    pub fn of_requests() -> Self {
        Self { begun: VecDeque::new(), spread: REQUESTS }
    }

    /// How many may begin now.
    pub fn room(&mut self, now: Timestamp, per_second: i32) -> usize {
        // Who sets the clock back does not have to wait until it is where it was.
        self.begun.retain(|(at, _)| *at <= now && now < *at + SECOND);
        let per_second = u32::try_from(per_second).unwrap_or(0).max(1);
        let begun = |within: Duration| -> usize {
            self.begun.iter().filter(|(at, _)| now < *at + within).map(|(_, count)| count).sum()
        };
        let left = |most: u32, within| usize::try_from(most).unwrap_or(0).saturating_sub(begun(within));
        left(per_second, SECOND).min(left(per_second.div_ceil(self.spread.pieces), self.spread.piece))
    }

    pub fn note(&mut self, now: Timestamp, count: usize) {
        self.begun.push_back((now, count));
    }

    /// What another has begun within this second nobody knows: nothing goes out until it is over.
    pub fn rest(&mut self, now: Timestamp) {
        self.note(now, usize::MAX / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_772_452_800);

    #[test]
    fn a_number_sends_what_it_may_in_any_second_and_spreads_it() {
        let mut pace = NumberPace::of_bundles();
        let mut begun: Vec<(Duration, usize)> = Vec::new();
        for millis in (0..5_000).step_by(10) {
            let at = Duration::from_millis(millis);
            let room = pace.room(NOW + at, 80);
            pace.note(NOW + at, room);
            begun.push((at, room));
        }
        let most = |within: Duration| {
            let from =
                |start: Duration| begun.iter().filter(move |(at, _)| (start..start + within).contains(at));
            begun.iter().map(|(start, _)| from(*start).map(|(_, count)| count).sum::<usize>()).max()
        };
        assert_eq!(most(Duration::from_secs(1)), Some(80));
        assert_eq!(most(BUNDLES.piece), Some(27));
        let all: usize = begun.iter().map(|(_, count)| count).sum();
        assert!((380..=400).contains(&all), "{all}");
        pace.rest(NOW + Duration::from_secs(6));
        assert_eq!(pace.room(NOW + Duration::from_secs(7), 1_000), 0);
        assert_eq!(pace.room(NOW + Duration::from_secs(8), 1_000), 334);
        assert_eq!(pace.room(NOW + Duration::from_secs(10), 0), 1, "however slow, it goes on");
    }

    #[test]
    fn requests_leave_one_by_one_and_who_was_late_catches_up_slowly() {
        let mut pace = NumberPace::of_requests();
        let mut left: Vec<Duration> = Vec::new();
        for millis in 0..5_000 {
            let at = Duration::from_millis(millis);
            // For a fifth of a second nothing runs at all.
            if !(2_000..2_200).contains(&millis) && pace.room(NOW + at, 80) > 0 {
                pace.note(NOW + at, 1);
                left.push(at);
            }
        }
        let most = |within: Duration| {
            let from =
                |start: Duration| left.iter().filter(|at| (start..start + within).contains(*at)).count();
            left.iter().map(|start| from(*start)).max()
        };
        assert_eq!(most(Duration::from_secs(1)), Some(80));
        assert_eq!(most(REQUESTS.piece), Some(6));
        assert!((370..=400).contains(&left.len()), "{}", left.len());
    }

    #[test]
    fn a_person_gets_a_burst_and_then_one_in_six_seconds() {
        let mut begun = Vec::new();
        let mut now = NOW;
        while next_to_person(&begun, now) == now {
            begun.push(now);
        }
        assert_eq!(begun.len(), 45);
        for _ in 0..20 {
            let next = next_to_person(&begun, now);
            assert_eq!(next, now + PAIR_INTERVAL);
            now = next;
            begun.push(now);
        }
        // Who waits for a minute has ten again.
        now = now + Duration::from_secs(60);
        let before = begun.len();
        while next_to_person(&begun, now) == now {
            begun.push(now);
        }
        assert_eq!(begun.len() - before, 10);
    }
}
