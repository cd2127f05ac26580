//! A running Portaria: what every part of it shares. Cheap to clone.

use std::sync::Arc;

use crate::clock::Clock;
use crate::database::Database;
use crate::event::EventFeed;
use crate::password::Passwords;
use crate::sealing::KeyRing;
use crate::throttle::Tally;
use crate::viewer::ViewerCache;

#[derive(Clone)]
pub struct Installation {
    pub database: Database,
    pub clock: Clock,
    pub keys: Arc<KeyRing>,
    pub viewers: ViewerCache,
    pub events: EventFeed,
    pub passwords: Passwords,
    /// Guesses that were turned away.
    pub tally: Tally,
    /// The address people reach it by, without a path.
    pub public_url: Arc<str>,
}

impl Installation {
    pub fn new(database: Database, clock: Clock, keys: KeyRing, public_url: &str) -> Self {
        Self {
            viewers: ViewerCache::new(database.clone(), clock.clone()),
            events: EventFeed::new(database.clone(), clock.clone()),
            passwords: Passwords::default(),
            tally: Tally::default(),
            public_url: public_url.into(),
            keys: Arc::new(keys),
            database,
            clock,
        }
    }
}
