//! The one source of time in the simulator: the machine, a test, or a time of its own that runs faster or stands
//! still until it is moved.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of Unix time. Cheap to clone; clones tell the same time.
#[derive(Clone)]
pub struct UnixClock(Arc<Source>);

enum Source {
    /// Whatever it says, in milliseconds.
    Function(Box<dyn Fn() -> u64 + Send + Sync>),
    /// A time of its own.
    Paced(Mutex<Pacing>),
}

/// At `from` it was `at` milliseconds, and since then it has gone `speed` times as fast as the machine's time.
struct Pacing {
    at: u64,
    from: Instant,
    speed: u32,
}

impl Pacing {
    fn now(&self) -> u64 {
        let passed = u64::try_from(self.from.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.at.saturating_add(passed.saturating_mul(u64::from(self.speed)) / 1000)
    }
}

impl UnixClock {
    /// Whatever the function says, in seconds.
    pub fn from_fn(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(Source::Function(Box::new(move || now().saturating_mul(1000)))))
    }

    /// Always the same second.
    pub fn fixed(unix_secs: u64) -> Self {
        Self::from_fn(move || unix_secs)
    }

    /// The machine's own time.
    pub fn system() -> Self {
        Self(Arc::new(Source::Function(Box::new(machine))))
    }

    /// A time of its own from that second on, so many times as fast as the machine's. At 0 it stands still.
    pub fn paced(unix_secs: u64, speed: u32) -> Self {
        let pacing = Pacing { at: unix_secs.saturating_mul(1000), from: Instant::now(), speed };
        Self(Arc::new(Source::Paced(Mutex::new(pacing))))
    }

    /// A time of its own from the machine's present on.
    pub fn paced_from_now(speed: u32) -> Self {
        Self::paced(machine() / 1000, speed)
    }

    /// Unix seconds now.
    pub fn now(&self) -> u64 {
        self.millis() / 1000
    }

    /// Unix milliseconds now.
    pub fn millis(&self) -> u64 {
        match &*self.0 {
            Source::Function(now) => now(),
            Source::Paced(pacing) => held(pacing).now(),
        }
    }

    /// How many times as fast as the machine's time it goes.
    pub fn speed(&self) -> u32 {
        match &*self.0 {
            Source::Function(_) => 1,
            Source::Paced(pacing) => held(pacing).speed,
        }
    }

    /// Goes on at another speed; only a time of its own can.
    pub fn set_speed(&self, speed: u32) {
        if let Source::Paced(pacing) = &*self.0 {
            let mut pacing = held(pacing);
            *pacing = Pacing { at: pacing.now(), from: Instant::now(), speed };
        }
    }

    /// Moves on to that millisecond, never back; only a time of its own can.
    pub fn move_to(&self, millis: u64) {
        if let Source::Paced(pacing) = &*self.0 {
            let mut pacing = held(pacing);
            let at = pacing.now().max(millis);
            *pacing = Pacing { at, from: Instant::now(), speed: pacing.speed };
        }
    }

    /// How long it takes on the machine until that millisecond; none when the time stands still.
    pub fn wait(&self, until: u64) -> Option<Duration> {
        let missing = until.saturating_sub(self.millis());
        let speed = u64::from(self.speed());
        let micros = missing.saturating_mul(1000).checked_div(speed)?;
        Some(Duration::from_micros(micros))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator plays Meta, a foreign system with a clock of its own, and knows no domain"
)]
fn machine() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The pacing is plain data, right even after a panic elsewhere.
fn held(pacing: &Mutex<Pacing>) -> MutexGuard<'_, Pacing> {
    pacing.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for UnixClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnixClock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_it_is_moved_and_never_back() {
        let clock = UnixClock::paced(1_800_000_000, 0);
        assert_eq!((clock.now(), clock.wait(u64::MAX)), (1_800_000_000, None));
        clock.move_to(1_800_000_060_500);
        clock.move_to(5);
        assert_eq!(clock.millis(), 1_800_000_060_500);
    }

    #[test]
    fn a_fast_clock_says_how_long_it_takes() {
        let clock = UnixClock::paced(1_800_000_000, 1440);
        let wait = clock.wait(clock.millis() + 86_400_000).unwrap();
        assert!(wait > Duration::from_secs(59) && wait <= Duration::from_secs(60), "{wait:?}");
    }
}
