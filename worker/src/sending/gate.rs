//! The last thing before a request: requests of one number leave one after another, no faster than Meta takes them, however
//! unevenly they came to be ready.

use std::time::Duration;

use portaria_domain::sending::pace::NumberPace;
use portaria_entity::time::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// How long who may not leave yet waits until it is looked again.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

pub(super) struct Gate {
    /// Its times count from here: no clock that is set changes a pace.
    opened: Instant,
    pace: Mutex<NumberPace>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { opened: Instant::now(), pace: Mutex::new(NumberPace::of_requests()) }
    }
}

impl Gate {
    /// Waits for one's turn, first come, first served.
    pub(super) async fn pass(&self, per_second: i32) {
        let mut pace = self.pace.lock().await;
        loop {
            let now = Timestamp(0) + self.opened.elapsed();
            if pace.room(now, per_second) > 0 {
                return pace.note(now, 1);
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}
