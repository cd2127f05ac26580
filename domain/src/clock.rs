//! Time and ids. Both come from one clock, which tests can move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portaria_entity::id::TypedId;
use portaria_entity::time::Timestamp;
use uuid::{ContextV7, Uuid};

/// Where time comes from. Cheap to clone; clones of a fixed clock move together.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    ids: Arc<Mutex<Ids>>,
}

/// Where the part of an id comes from that is not time.
enum Ids {
    Random(Box<ContextV7>),
    /// The same ones every time, for tests that compare two runs byte for byte.
    Counted(u64),
}

impl Default for Ids {
    fn default() -> Self {
        Self::Random(Box::default())
    }
}

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self { source: Source::System, ids: Arc::default() }
    }

    /// A clock that stands still until it is moved.
    pub fn fixed(at: Timestamp) -> Self {
        Self { source: Source::Fixed(Arc::new(AtomicI64::new(at.0))), ids: Arc::default() }
    }

    /// A fixed clock whose ids are the same in every run.
    pub fn repeatable(at: Timestamp) -> Self {
        Self { ids: Arc::new(Mutex::new(Ids::Counted(0))), ..Self::fixed(at) }
    }

    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System => Timestamp(system_micros()),
            Source::Fixed(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock. The system's clock cannot be moved.
    pub fn set(&self, to: Timestamp) {
        if let Source::Fixed(at) = &self.source {
            at.store(to.0, Ordering::SeqCst);
        }
    }

    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// A new id, greater than those made before it by this clock within the same millisecond.
    pub fn new_id<T: TypedId>(&self) -> T {
        self.id_at(self.now())
    }

    /// A new id for something that happened at `at`, so that ids order as the things did.
    pub fn id_at<T: TypedId>(&self, at: Timestamp) -> T {
        let seconds = u64::try_from(at.as_secs()).unwrap_or(0);
        let nanos = u32::try_from(at.0.rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
        let mut ids = self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &mut *ids {
            Ids::Random(context) => {
                Uuid::new_v7(uuid::Timestamp::from_unix(&**context, seconds, nanos)).into()
            }
            Ids::Counted(count) => {
                *count += 1;
                let mut rest = [0; 10];
                rest[2..].copy_from_slice(&count.to_be_bytes());
                let millis = seconds.saturating_mul(1_000) + u64::from(nanos / 1_000_000);
                uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid().into()
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_micros() -> i64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portaria_entity::id::MessageId;

    #[test]
    fn ids_of_one_instant_keep_their_order() {
        let clock = Clock::fixed(Timestamp::from_secs(1_700_000_000));
        let ids: Vec<MessageId> = (0..1_000).map(|_| clock.new_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        clock.advance(Duration::from_millis(1));
        assert!(clock.new_id::<MessageId>() > ids[999]);
    }

    #[test]
    fn a_repeatable_clock_gives_the_same_ids_again_in_order() {
        let run = || {
            let clock = Clock::repeatable(Timestamp::from_secs(1_700_000_000));
            (0..1_000).map(|_| clock.new_id()).collect::<Vec<MessageId>>()
        };
        let ids = run();
        assert_eq!(ids, run());
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
