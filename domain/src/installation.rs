//! A running Portaria: what every part of it shares. Cheap to clone.

use std::sync::Arc;

use crate::clock::Clock;
use crate::country::Countries;
use crate::database::Database;
use crate::event::EventFeed;
use crate::media::Media;
use crate::outbound::OutboundPolicy;
use crate::password::Passwords;
use crate::presence::Roll;
use crate::sealing::KeyRing;
use crate::signal::Signals;
use crate::throttle::Tally;
use crate::viewer::ViewerCache;

#[derive(Clone)]
pub struct Installation {
    pub database: Database,
    pub clock: Clock,
    pub keys: Arc<KeyRing>,
    pub viewers: ViewerCache,
    pub events: EventFeed,
    /// What processes tell each other, of which nothing is kept.
    pub signals: Signals,
    /// How the members of each workspace are to be found.
    pub roll: Roll,
    pub passwords: Passwords,
    /// Guesses that were turned away.
    pub tally: Tally,
    /// In which countries addresses are: of none it is known, unless it was said where from.
    pub countries: Countries,
    /// Files of messages: where they lie, and how they are looked through.
    pub media: Media,
    /// Where something may be sent because a workspace says so.
    pub outbound: Arc<OutboundPolicy>,
    /// The address people reach it by, without a path.
    pub public_url: Arc<str>,
}

impl Installation {
    pub fn new(database: Database, clock: Clock, keys: KeyRing, public_url: &str) -> Self {
        let signals = Signals::new(clock.clone());
        Self {
            viewers: ViewerCache::new(database.clone(), clock.clone()),
            events: EventFeed::new(database.clone(), clock.clone(), signals.clone()),
            signals,
            roll: Roll::new(database.clone(), clock.clone()),
            passwords: Passwords::default(),
            tally: Tally::default(),
            countries: Countries::default(),
            media: Media::default(),
            outbound: Arc::default(),
            public_url: public_url.into(),
            keys: Arc::new(keys),
            database,
            clock,
        }
    }

    #[must_use]
    pub fn with_countries(self, countries: Countries) -> Self {
        Self { viewers: self.viewers.clone().with_countries(countries.clone()), countries, ..self }
    }

    #[must_use]
    pub fn with_outbound(self, outbound: OutboundPolicy) -> Self {
        Self { outbound: Arc::new(outbound), ..self }
    }

    #[must_use]
    pub fn with_media(self, media: Media) -> Self {
        Self { media, ..self }
    }
}
