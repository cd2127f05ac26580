//! The database of countries that an installation uses, if it has one, and its replacement while everything runs.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use super::{Country, CountryDatabase, Position};
use crate::error::Result;

/// Where countries come from. Cheap to clone; by default from nowhere.
#[derive(Clone, Default)]
pub struct Countries(Option<Arc<Source>>);

struct Source {
    path: PathBuf,
    current: RwLock<Arc<CountryDatabase>>,
    /// What the file was like when it was last read, whether it could be used or not.
    seen: Mutex<Option<Stamp>>,
}

/// By what a file that was replaced differs.
type Stamp = (SystemTime, u64);

impl Countries {
    /// From a file, which must be there and good.
    pub fn open(path: &Path) -> Result<Self> {
        let seen = stamp(path);
        let database = CountryDatabase::open(path)?;
        let source = Source {
            path: path.to_owned(),
            current: RwLock::new(Arc::new(database)),
            seen: Mutex::new(seen),
        };
        Ok(Self(Some(Arc::new(source))))
    }

    /// Which country an address is in, or a network's first one, as far as that is known. Never fails, never waits for a disk.
    pub fn of(&self, address: &str) -> Option<Country> {
        self.current()?.country_of(first_of(address)?)
    }

    /// Where an address is, if the database is one of cities.
    pub fn position_of(&self, address: &str) -> Option<Position> {
        self.current()?.position_of(first_of(address)?)
    }

    /// Whether there is a database at all.
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    fn current(&self) -> Option<Arc<CountryDatabase>> {
        let source = self.0.as_ref()?;
        Some(Arc::clone(&source.current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Takes up the file when it was replaced, and answers whether it was. One that is gone or bad is told once, and what
    /// was read before goes on being used. Reads a disk: not for where somebody waits.
    pub fn refresh(&self) -> Result<bool> {
        let Some(source) = &self.0 else { return Ok(false) };
        let mut seen = source.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before it is read: what is written meanwhile is another stamp, and seen the next time.
        let found = stamp(&source.path);
        if found == *seen {
            return Ok(false);
        }
        *seen = found;
        let database = Arc::new(CountryDatabase::open(&source.path)?);
        *source.current.write().unwrap_or_else(PoisonError::into_inner) = database;
        Ok(true)
    }
}

fn first_of(network: &str) -> Option<IpAddr> {
    network.split('/').next()?.parse().ok()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}
