//! A file in MaxMind's format (GeoLite2 Country or City, DB-IP...), held in memory.

use std::io::Error as IoError;
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{Reader, geoip2};
use portaria_entity::time::Timestamp;

use super::{Country, Position, is_code, presentable};
use crate::error::{Error, Result};

/// Among so many of the networks that come first, one must have a country.
const LOOKED_AT: usize = 1_000;
/// Larger than any such file.
const LARGEST: u64 = 1 << 30;

pub struct CountryDatabase {
    reader: Reader<Vec<u8>>,
}

impl CountryDatabase {
    /// Reads a file whole. One that names no countries is as bad as none.
    pub fn open(path: &Path) -> Result<Self> {
        let unusable = |why: String| {
            Error::BadInput(format!("the database of countries {} cannot be used: {why}", path.display()))
        };
        let bytes = read(path).map_err(|error| unusable(error.to_string()))?;
        let reader = Reader::from_source(bytes).map_err(|error| unusable(error.to_string()))?;
        let database = Self { reader };
        if !database.names_countries() {
            return Err(unusable(format!("{} names no countries", database.kind())));
        }
        Ok(database)
    }

    /// Which country an address is in; none for what is no public address, unknown, or not to be read.
    pub fn country_of(&self, address: IpAddr) -> Option<Country> {
        let address = address.to_canonical();
        if is_internal(address) {
            return None;
        }
        let found: geoip2::Country<'_> = self.reader.lookup(address).ok()?.decode().ok()??;
        country(&found)
    }

    /// Where an address is, if the database has coordinates, as those of cities do.
    pub fn position_of(&self, address: IpAddr) -> Option<Position> {
        let address = address.to_canonical();
        if is_internal(address) {
            return None;
        }
        let found: geoip2::City<'_> = self.reader.lookup(address).ok()?.decode().ok()??;
        let geoip2::city::Location { latitude, longitude, accuracy_radius, .. } = found.location;
        Position::new(latitude?, longitude?, accuracy_radius)
    }

    /// What kind of database it says it is.
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When its publisher made it.
    pub fn built_at(&self) -> Timestamp {
        let seconds = i64::try_from(self.reader.metadata().build_epoch).unwrap_or(i64::MAX);
        Timestamp(seconds.saturating_mul(1_000_000))
    }

    /// Looks at every part of the file, which takes seconds of a large one.
    pub fn verify(&self) -> Result<()> {
        self.reader.verify().map_err(|error| Error::BadInput(error.to_string()))
    }

    fn names_countries(&self) -> bool {
        let Ok(networks) = self.reader.networks(maxminddb::WithinOptions::default()) else { return false };
        networks.take(LOOKED_AT).flatten().any(|network| {
            let found = network.decode::<geoip2::Country<'_>>();
            found.ok().flatten().is_some_and(|found| country(&found).is_some())
        })
    }
}

fn read(path: &Path) -> std::result::Result<Vec<u8>, IoError> {
    let file = std::fs::metadata(path)?;
    if !file.is_file() || file.len() > LARGEST {
        return Err(IoError::other("it is no file, or far too large"));
    }
    std::fs::read(path)
}

fn country(found: &geoip2::Country<'_>) -> Option<Country> {
    let code = found.country.iso_code.filter(|code| is_code(code))?;
    let names = &found.country.names;
    Some(Country {
        code: code.to_owned(),
        portuguese: presentable(names.brazilian_portuguese),
        english: presentable(names.english),
        spanish: presentable(names.spanish),
    })
}

/// Whatever a database says of these: they are in no country, but in somebody's own network.
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => {
            v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified()
        }
    }
}
