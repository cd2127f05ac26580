//! Where people sign in from: which networks, countries and devices are somebody's own.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use portaria_entity::id::{MemberId, SignInEventId, UserId};
use portaria_entity::time::Timestamp;
use sea_orm::QueryResult;

pub(super) use super::colleague::is_of_company;
use super::fact::SignIn;
use super::{DAY, Look};
use crate::device::{Device, network};
use crate::error::Result;

/// So many people's past is looked at by one statement, and held at once.
pub(super) const AT_ONCE: usize = 200;

/// Who has more new devices than this in ninety days does not keep what they are recognised by.
const FEW_DEVICES: usize = 6;
/// A device is put down a moment after the sign-in, in the same transaction.
const MOMENT: Duration = Duration::from_secs(10);

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: SignInEventId,
    pub member: MemberId,
    pub user: UserId,
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
}

impl Entry {
    /// From six columns of a row, beginning at one: id, member, user, when, address, user agent.
    pub fn read(row: &QueryResult, first: usize) -> Result<Self> {
        Ok(Self {
            id: row.try_get_by_index(first)?,
            member: row.try_get_by_index(first + 1)?,
            user: row.try_get_by_index(first + 2)?,
            at: row.try_get_by_index(first + 3)?,
            address: row.try_get_by_index(first + 4)?,
            user_agent: row.try_get_by_index(first + 5)?,
        })
    }

    pub fn told(&self) -> SignIn {
        SignIn { at: self.at, address: self.address.clone(), user_agent: self.user_agent.clone() }
    }

    fn device(&self) -> Device {
        Device::from_user_agent(&self.user_agent)
    }
}

/// From where and with what one person has signed in to this workspace, each with the first time.
#[derive(Debug, Default)]
pub(super) struct Past {
    networks: HashMap<String, Timestamp>,
    countries: HashMap<String, Timestamp>,
    devices: Vec<(Device, Timestamp)>,
    /// When each device by which they are recognised was first seen.
    recognised: Vec<Timestamp>,
}

impl Past {
    /// Whether they had got in from this network before then.
    pub fn knows_network(&self, entry: &Entry, before: Timestamp) -> bool {
        self.knows_network_of(&entry.address, before)
    }

    /// The same of the network that an address is in.
    pub fn knows_network_of(&self, address: &str, before: Timestamp) -> bool {
        self.networks.get(&network(address)).is_some_and(|first| *first < before)
    }

    /// Whether they had got in from this country before then.
    pub fn knows_country(&self, code: &str, before: Timestamp) -> bool {
        self.countries.get(code).is_some_and(|first| *first < before)
    }

    /// Whether this is the first time that they got in from a country, after others.
    pub fn is_new_country(&self, code: &str, at: Timestamp) -> bool {
        !self.knows_country(code, at) && self.countries.values().any(|first| *first < at)
    }

    /// Whether they had used a device of this kind, and this is none that shows itself for the first time.
    pub fn knows_device(&self, entry: &Entry) -> bool {
        self.knows_kind(entry) && !self.shows_itself_first(entry.at)
    }

    /// Whether this came from one of the very devices by which they are recognised: not merely from one of that kind.
    pub fn recognises(&self, entry: &Entry) -> bool {
        let is_first = |first: &Timestamp| *first >= entry.at && first.since(entry.at) <= MOMENT;
        self.knows_kind(entry)
            && self.recognised.iter().any(|first| *first < entry.at)
            && !self.recognised.iter().any(is_first)
    }

    /// Whether they have got in before, and never from this network nor with a device of this kind.
    pub fn is_strange(&self, entry: &Entry) -> bool {
        self.devices.iter().any(|(_, first)| *first < entry.at)
            && !self.knows_network(entry, entry.at)
            && !self.knows_kind(entry)
    }

    fn knows_kind(&self, entry: &Entry) -> bool {
        let device = entry.device();
        self.devices.iter().any(|(known, first)| *known == device && *first < entry.at)
    }

    /// Whether a device was first seen in this sign-in, of somebody who keeps theirs.
    fn shows_itself_first(&self, at: Timestamp) -> bool {
        let earlier = self.recognised.iter().any(|first| *first < at);
        earlier
            && self.devices_lately(at) <= FEW_DEVICES
            && self.recognised.iter().any(|first| *first >= at && first.since(at) <= MOMENT)
    }

    /// How many devices were new within ninety days before then. One that keeps no token is put down twice in a moment: by its
    /// network, and by the token it was given.
    fn devices_lately(&self, at: Timestamp) -> usize {
        let is_lately = |first: &&Timestamp| **first < at && at.since(**first) < DAY * 90;
        let mut lately: Vec<Timestamp> = self.recognised.iter().filter(is_lately).copied().collect();
        lately.sort_unstable();
        lately.chunk_by(|one, next| next.since(*one) <= MOMENT).count()
    }

    fn note(&mut self, look: &Look<'_>, address: &str, first: Timestamp) {
        keep_first(&mut self.networks, network(address), first);
        if let Some(country) = look.countries.of(address) {
            keep_first(&mut self.countries, country.code().to_owned(), first);
        }
    }
}

fn keep_first(known: &mut HashMap<String, Timestamp>, what: String, first: Timestamp) {
    let kept = known.entry(what).or_insert(first);
    *kept = first.min(*kept);
}

/// The past of some people, at most `AT_ONCE` of them.
pub(super) async fn pasts(
    look: &Look<'_>,
    users: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, Past>> {
    let users: BTreeSet<UserId> = users.into_iter().collect();
    let mut pasts: HashMap<UserId, Past> = users.iter().map(|user| (*user, Past::default())).collect();
    if users.is_empty() {
        return Ok(pasts);
    }
    let places: Vec<String> = (2..users.len() + 2).map(|place| format!("${place}")).collect();
    let of = places.join(", ");
    let values = || std::iter::once(look.workspace.0.into()).chain(users.iter().map(|user| user.0.into()));
    let addresses = format!(
        "SELECT user_id, address, MIN(\"at\") FROM sign_in_events \
         WHERE user_id IN ({of}) AND workspace_id = $1 AND outcome = 'succeeded' AND address <> '' \
         GROUP BY user_id, address"
    );
    for row in look.rows(&addresses, values()).await? {
        let (user, address): (UserId, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        pasts.entry(user).or_default().note(look, &address, row.try_get_by_index(2)?);
    }
    let agents = format!(
        "SELECT user_id, user_agent, MIN(\"at\") FROM sign_in_events \
         WHERE user_id IN ({of}) AND workspace_id = $1 AND outcome = 'succeeded' GROUP BY user_id, user_agent"
    );
    for row in look.rows(&agents, values()).await? {
        let (user, agent): (UserId, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let device = (Device::from_user_agent(&agent), row.try_get_by_index(2)?);
        pasts.entry(user).or_default().devices.push(device);
    }
    // By whichever workspace: of those elsewhere it is only seen that they are no news.
    let devices = format!(
        "SELECT k.user_id, k.first_used_at FROM members m JOIN known_devices k ON k.user_id = m.user_id \
         WHERE m.workspace_id = $1 AND m.user_id IN ({of}) AND length(k.fingerprint) = 32"
    );
    for row in look.rows(&devices, values()).await? {
        let user: UserId = row.try_get_by_index(0)?;
        pasts.entry(user).or_default().recognised.push(row.try_get_by_index(1)?);
    }
    Ok(pasts)
}

/// Of each of these, what a judgement says of it that looks at its owner's past.
pub(super) async fn judged<T>(
    look: &Look<'_>,
    entries: &[Entry],
    judge: impl Fn(&Entry, &Past) -> Option<T>,
) -> Result<Vec<(Entry, T)>> {
    let mut judged = Vec::new();
    for some in entries.chunks(AT_ONCE) {
        let pasts = pasts(look, some.iter().map(|entry| entry.user)).await?;
        for entry in some {
            let judgement = pasts.get(&entry.user).and_then(|past| judge(entry, past));
            judged.extend(judgement.map(|judgement| (entry.clone(), judgement)));
        }
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Chrome/131 Windows";

    fn entry(at: Timestamp, address: &str, user_agent: &str) -> Entry {
        let nobody = uuid::Uuid::nil();
        Entry {
            id: SignInEventId(nobody),
            member: MemberId(nobody),
            user: UserId(nobody),
            at,
            address: address.to_owned(),
            user_agent: user_agent.to_owned(),
        }
    }

    #[test]
    fn a_device_is_known_by_its_kind_until_it_shows_itself_for_the_first_time() {
        let day = |days: i64| Timestamp::from_secs(days * 86_400);
        let known = Device::from_user_agent(CHROME);
        let mut past = Past { devices: vec![(known, day(1))], ..Past::default() };
        let again = entry(day(100), "192.0.2.1", "Chrome/132 Windows");
        assert!(past.knows_device(&again), "a newer version is no other device");
        assert!(!past.knows_device(&entry(day(100), "192.0.2.1", "Firefox/1 Linux")));
        assert!(!past.knows_device(&entry(day(1), "192.0.2.1", CHROME)), "it is the first itself");
        past.recognised = vec![day(1)];
        assert!(past.knows_device(&again));
        past.recognised.push(day(100) + Duration::from_millis(30));
        assert!(!past.knows_device(&again), "another of the same kind");
        // Each by its network and by its token.
        let twice = |days: std::ops::Range<i64>| {
            days.flat_map(|at| [day(at), day(at) + Duration::from_millis(2)]).collect::<Vec<_>>()
        };
        past.recognised.extend(twice(80..85));
        assert!(!past.knows_device(&again), "five devices are few, however they are put down");
        past.recognised.extend(twice(85..87));
        assert!(past.knows_device(&again), "who never keeps a token is not told of each time");
    }
}
