//! Where sessions are used from, where that is not where they were opened: gathered in memory and written down now and then,
//! so that who never moves costs nothing, and who moves all day little.

use std::time::Duration;

use portaria_entity::id::{SessionId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::authentication::Origin;
use crate::country::Countries;
use crate::database::Database;
use crate::device::{Device, network};
use crate::error::Result;

/// So many places of a session are gathered until they are written down.
const GATHERED: usize = 16;
/// So many are kept of each session.
const KEPT: i64 = 50;
/// That a place is used still is written down so often.
const WRITTEN_EVERY: Duration = Duration::from_secs(60 * 60);

/// Where and with what a session was opened: there its use is no news.
#[derive(Debug)]
pub(crate) struct Opened {
    address: String,
    user_agent: String,
    network: String,
    device: Device,
}

impl Opened {
    /// None: it is not known from where, so nothing can be told apart from it.
    pub fn from(address: String, user_agent: String) -> Option<Self> {
        let network = network(&address);
        let device = Device::from_user_agent(&user_agent);
        (!address.is_empty()).then_some(Self { address, user_agent, network, device })
    }

    /// What is other when it is used from there, if anything is.
    pub fn elsewhere(&self, origin: &Origin, at: Timestamp) -> Option<Elsewhere> {
        let is_there = origin.address == self.address && origin.user_agent == self.user_agent;
        if is_there || origin.address.is_empty() {
            return None;
        }
        let (network, device) = (network(&origin.address), Device::from_user_agent(&origin.user_agent));
        if network == self.network && device == self.device {
            return None;
        }
        Some(Elsewhere {
            network,
            device,
            is_other_device: !device.may_be(self.device),
            address: origin.address.clone(),
            user_agent: origin.user_agent.clone(),
            first: at,
            last: at,
        })
    }
}

/// A use of a session from another network, or with another kind of device.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    network: String,
    device: Device,
    is_other_device: bool,
    address: String,
    user_agent: String,
    first: Timestamp,
    last: Timestamp,
}

/// Such uses of one session that are not written down yet, each network and kind of device once.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<Elsewhere>);

impl Places {
    pub fn note(&mut self, place: Elsewhere) {
        let is_it = |known: &&mut Elsewhere| known.network == place.network && known.device == place.device;
        if let Some(known) = self.0.iter_mut().find(is_it) {
            known.first = known.first.min(place.first);
            known.last = known.last.max(place.last);
            return;
        }
        if self.0.len() >= GATHERED {
            // Who uses many networks with one device hides no other behind them.
            let usual = self.0.iter().position(|known| !known.is_other_device);
            self.0.remove(usual.unwrap_or(0));
        }
        self.0.push(place);
    }

    /// Takes in what came before it and could not be written.
    pub fn after(&mut self, earlier: Self) {
        let later = std::mem::replace(self, earlier);
        for place in later.0 {
            self.note(place);
        }
    }
}

/// Of a session that is gone, or whose person is forgotten, nothing is put down; nor what was within the hour.
const NOTE: &str = "
INSERT INTO session_uses (workspace_id, session_id, network, device, member_id, user_id, address, user_agent,
                          first_at, last_at, other_device, other_country)
SELECT s.workspace_id, s.id, $3, $4, s.member_id, s.user_id, $5, $6, $7, $8, $9, $10
FROM sessions s
WHERE s.workspace_id = $1 AND s.id = $2 AND s.address <> '' AND NOT EXISTS (
    SELECT 1 FROM session_uses u
    WHERE u.workspace_id = $1 AND u.session_id = $2 AND u.network = $3 AND u.device = $4 AND u.last_at > $11)
ON CONFLICT (workspace_id, session_id, network, device)
DO UPDATE SET last_at = excluded.last_at WHERE session_uses.last_at < excluded.last_at";

/// The oddest stay, and of those the last.
const FORGET: &str = "
DELETE FROM session_uses WHERE workspace_id = $1 AND session_id = $2 AND (network, device) IN (
    SELECT network, device FROM session_uses WHERE workspace_id = $1 AND session_id = $2
    ORDER BY CASE WHEN other_device OR other_country <> '' THEN 0 ELSE 1 END, last_at DESC, network, device
    LIMIT 1000 OFFSET $3)";

/// Writes down where a session was used.
pub(crate) async fn note(
    transaction: &DatabaseTransaction,
    (database, countries): (&Database, &Countries),
    (workspace, session): (WorkspaceId, SessionId),
    (opened, places): (&Opened, &Places),
) -> Result<()> {
    let mut has_more = false;
    for place in &places.0 {
        let country_of = |address: &str| countries.of(address).map(|country| country.code().to_owned());
        let country =
            country_of(&place.address).filter(|code| country_of(&opened.address).as_ref() != Some(code));
        let values = [
            workspace.0.into(),
            session.0.into(),
            place.network.as_str().into(),
            place.device.kind().into(),
            place.address.as_str().into(),
            place.user_agent.as_str().into(),
            place.first.0.into(),
            place.last.0.into(),
            place.is_other_device.into(),
            country.unwrap_or_default().into(),
            (place.last - WRITTEN_EVERY).0.into(),
        ];
        let done = transaction.execute_raw(database.statement(NOTE, values)).await?;
        has_more |= done.rows_affected() > 0;
    }
    if has_more {
        let values = [workspace.0.into(), session.0.into(), KEPT.into()];
        transaction.execute_raw(database.statement(FORGET, values)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Chrome/131 Windows";

    fn opened() -> Opened {
        Opened::from("192.0.2.1".to_owned(), CHROME.to_owned()).unwrap()
    }

    fn used(address: &str, user_agent: &str) -> Option<Elsewhere> {
        let origin = Origin { address: address.to_owned(), user_agent: user_agent.to_owned(), device: None };
        opened().elsewhere(&origin, Timestamp::from_secs(1))
    }

    #[test]
    fn what_is_as_it_was_opened_is_no_news() {
        for (address, user_agent) in
            [("192.0.2.1", CHROME), ("192.0.2.250", "Chrome/132 Windows"), ("", "curl/8")]
        {
            assert!(used(address, user_agent).is_none(), "{address} {user_agent}");
        }
        assert!(Opened::from(String::new(), CHROME.to_owned()).is_none());
        let moved = used("198.51.100.7", CHROME).unwrap();
        assert!(!moved.is_other_device, "a telephone changes networks");
        for other in ["curl/8", "", "Firefox/133 Windows", "Chrome/131 Android"] {
            assert!(used("192.0.2.1", other).unwrap().is_other_device, "{other}");
        }
    }

    #[test]
    fn many_networks_hide_no_other_device_until_they_are_written_down() {
        let mut places = Places::default();
        places.note(used("198.51.100.7", "curl/8").unwrap());
        for n in 0..100 {
            places.note(used(&format!("10.0.{n}.1"), CHROME).unwrap());
        }
        assert_eq!(places.0.len(), GATHERED);
        assert!(places.0.iter().any(|place| place.is_other_device));
        let mut later = Places::default();
        later.note(used("10.0.99.7", CHROME).unwrap());
        later.after(places);
        assert_eq!(later.0.len(), GATHERED, "the last network is one of them");
        assert!(later.0[0].is_other_device, "in the order in which they came");
    }
}
