//! The registered Meta apps with their secrets, remembered for moments, so that a flood of requests is not one of statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use portaria_domain::meta_app::{self, MetaAppCredentials};
use portaria_domain::{Error, Installation, Result};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long what was read is relied upon: a secret that expired may be accepted for as long.
const TRUST: Duration = Duration::from_secs(5);
/// What was not found may have been registered since, but is looked for again only so often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a request waits for the database here.
const PATIENCE: Duration = Duration::from_secs(2);

/// Read through it; never holds an app that is not registered.
pub(super) struct Apps {
    installation: Installation,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: HashSet<String>,
    keys_read_at: Option<Instant>,
    apps: HashMap<String, (Instant, Arc<MetaAppCredentials>)>,
    /// When the database was found to be away.
    away_at: Option<Instant>,
    /// When the secrets of an app could not be opened: that is the app's trouble alone.
    broken: HashMap<String, Instant>,
}

impl Apps {
    pub(super) fn new(installation: Installation) -> Self {
        Self { installation, known: Mutex::default() }
    }

    /// The app with this key, if there is one.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Arc<MetaAppCredentials>>> {
        self.read(key, TRUST).await
    }

    /// The same, for who found that the secrets do not fit: a new one may just have been added.
    pub(super) async fn get_again(&self, key: &str) -> Result<Option<Arc<MetaAppCredentials>>> {
        self.read(key, LOOK_AGAIN).await
    }

    /// A database that is away is asked once a second, not by every request in turn.
    async fn read(&self, key: &str, trust: Duration) -> Result<Option<Arc<MetaAppCredentials>>> {
        let mut known = self.known.lock().await;
        let recent = |at: Option<&Instant>| at.is_some_and(|at| at.elapsed() < LOOK_AGAIN);
        if recent(known.away_at.as_ref()) || recent(known.broken.get(key)) {
            return Err(Error::Busy);
        }
        let looked = tokio::time::timeout(PATIENCE, self.look(&mut known, key, trust)).await;
        let found = looked.unwrap_or(Err(Error::Busy));
        match &found {
            Ok(_) => {
                known.away_at = None;
                known.broken.remove(key);
            }
            Err(Error::Database(_) | Error::Busy) => known.away_at = Some(Instant::now()),
            Err(error) => {
                tracing::error!(app = key, %error, "the secrets of a Meta app cannot be opened");
                known.broken.insert(key.to_owned(), Instant::now());
            }
        }
        found
    }

    async fn look(
        &self,
        known: &mut Known,
        key: &str,
        trust: Duration,
    ) -> Result<Option<Arc<MetaAppCredentials>>> {
        if !self.is_registered(known, key).await? {
            known.apps.remove(key);
            return Ok(None);
        }
        if let Some((read_at, app)) = known.apps.get(key)
            && read_at.elapsed() < trust
        {
            return Ok(Some(app.clone()));
        }
        let read_at = Instant::now();
        let Some(app) = meta_app::credentials(&self.installation, key).await? else {
            known.apps.remove(key);
            return Ok(None);
        };
        let app = Arc::new(app);
        known.apps.insert(key.to_owned(), (read_at, app.clone()));
        Ok(Some(app))
    }

    /// Whoever makes up keys costs one statement a second, however many they make up.
    async fn is_registered(&self, known: &mut Known, key: &str) -> Result<bool> {
        let trust = if known.keys.contains(key) { TRUST } else { LOOK_AGAIN };
        if known.keys_read_at.is_none_or(|at| at.elapsed() >= trust) {
            let read_at = Instant::now();
            known.keys = meta_app::keys(self.installation.database.reader()).await?.into_iter().collect();
            known.keys_read_at = Some(read_at);
        }
        Ok(known.keys.contains(key))
    }
}
