//! What the database of countries tells.

use jiff::Timestamp;
use portaria_domain::clock::Clock;
use portaria_domain::country::CountryDatabase;

use super::Remark;
use crate::config::Config;

/// Addresses change hands: what is older puts many in the wrong country.
const OLD_AFTER_DAYS: u64 = 90;
const SECONDS_A_DAY: u64 = 24 * 60 * 60;

pub fn look_at(config: &Config) -> Option<Remark> {
    let path = config.geo.database()?;
    let database = match CountryDatabase::open(path) {
        Ok(database) => database,
        Err(error) => return Some(Remark::Wrong(format!("geo.database: {error}"))),
    };
    if let Err(error) = database.verify() {
        return Some(Remark::Wrong(format!("geo.database: {} is damaged: {error}", path.display())));
    }
    let built_at = database.built_at();
    let day = Timestamp::from_microsecond(built_at.0).map(|at| at.strftime("%Y-%m-%d").to_string());
    let day = day.unwrap_or_else(|_| "no known day".to_owned());
    let days = Clock::system().now().since(built_at).as_secs() / SECONDS_A_DAY;
    Some(match days {
        0..=OLD_AFTER_DAYS => {
            Remark::Good(format!("countries of sign-ins are known by {} of {day}", database.kind()))
        }
        _ => Remark::Weak(format!(
            "geo.database: {} is of {day}, {days} days old: put a newer file in its place",
            database.kind()
        )),
    })
}
