//! Slows down who guesses, without letting them lock anybody out.
//!
//! Each wrong guess is counted in the database, in up to three buckets: of the account as it is tried from one network, of
//! the account, and of the network. What is beyond the free ones of a bucket has to wait, each time for longer; time
//! forgives. A device or network from which that account was signed in to of late counts in the first bucket only: what
//! strangers do to an account does not keep its owner out. Addresses that are no account are counted likewise, so that none of it
//! tells which are.
//!
//! A guess is counted before it is looked at, and given back when it was right: of many at once none slips through, and what
//! has to wait costs no hash.

mod codes;
mod known;
mod tally;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Value};
use sha2::{Digest, Sha256};

use crate::authentication::Origin;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;

use known::{Asked, By, Known, known};

pub(crate) use codes::Guess;
pub(crate) use tally::forget;
pub use tally::{Tally, write_down};

/// How a kind of bucket fills and empties.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// So many guesses wait for nothing.
    free: i32,
    /// One is forgiven each time so much has passed.
    forgives: Duration,
    /// The pause after the last free one; it doubles up to the longest.
    pause: Duration,
    longest: Duration,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An account as it is tried from one network: a bad memory, or a guesser in one place.
const FROM_ONE: Rule = Rule { free: 10, forgives: seconds(600), pause: seconds(4), longest: seconds(900) };
const FROM_ONE_KIND: &str = "from one";
/// An account, from networks that are not known to be its owner's: a guesser in many places.
const ACCOUNT: Rule = Rule { free: 20, forgives: seconds(900), pause: seconds(30), longest: seconds(900) };
/// A network, whatever accounts it tries: a guesser of common passwords. An office has many people.
const NETWORK: Rule = Rule { free: 30, forgives: seconds(60), pause: seconds(2), longest: seconds(300) };
/// Letters to one person.
const LETTERS: Rule = Rule { free: 3, forgives: seconds(1200), pause: seconds(1200), longest: seconds(1200) };
/// Letters that one network asks for.
const ASKING: Rule = Rule { free: 20, forgives: seconds(120), pause: seconds(10), longest: seconds(600) };

/// A bucket that nothing was put into for so long is empty by any rule.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is tried, and so what is counted.
pub(crate) enum Door<'a> {
    /// The password of an account, by its normalised e-mail address; it may be none.
    Password { email: &'a str, user: Option<UserId>, origin: &'a Origin },
    /// The password of who is signed in already: whoever holds the session, wherever they are.
    OwnPassword { user: UserId, origin: &'a Origin },
    /// A link for a new password, for whatever address.
    ResetRequest { origin: &'a Origin },
    /// A letter with such a link.
    ResetLetter { email: &'a str },
}

#[derive(Clone, Debug)]
struct Bucket {
    kind: &'static str,
    key: Vec<u8>,
    rule: Rule,
}

/// A guess that has been counted.
#[derive(Debug)]
pub(crate) struct Turn {
    /// With what was noted in each: until when the next one has to wait.
    counted: Vec<(Bucket, Timestamp)>,
}

/// The network that an address belongs to: IPv6 addresses are had by the 2^64.
pub fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let prefix = u128::from(address) >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from(prefix))
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Counts a guess that is about to be looked at. Refuses it when it has to wait.
pub(crate) async fn take(installation: &Installation, door: &Door<'_>) -> Result<Turn> {
    let now = installation.clock.now();
    let buckets = buckets(installation, door, now).await?;
    // Most of what has to wait is turned away here, at the cost of one reading statement.
    let waiting = waiting(installation.database.reader(), installation, &buckets, now).await?;
    let turn = match waiting {
        Some(wait) => Err(wait),
        None => count(installation, buckets, now).await?,
    };
    turn.map_err(|wait| {
        match door {
            Door::Password { user, origin, .. } => installation.tally.note(*user, &origin.address, now),
            Door::OwnPassword { user, origin } => installation.tally.note(Some(*user), &origin.address, now),
            Door::ResetRequest { .. } | Door::ResetLetter { .. } => {}
        }
        let whole = wait.as_millis().div_ceil(1_000);
        Refusal::Throttled { seconds: u32::try_from(whole).unwrap_or(u32::MAX) }.into()
    })
}

impl Turn {
    /// Takes the guess back: it was right, or not looked at after all.
    pub(crate) async fn give_back(
        self,
        connection: &impl ConnectionTrait,
        installation: &Installation,
    ) -> Result<()> {
        settle(connection, installation, self.counted, []).await
    }

    /// The same, and forgives what was guessed for the account from there: its owner has shown to be there. By a device
    /// that is known, only what that device guessed.
    pub(crate) async fn forgive(
        self,
        connection: &impl ConnectionTrait,
        installation: &Installation,
    ) -> Result<()> {
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            self.counted.into_iter().partition(|(bucket, _)| bucket.kind == FROM_ONE_KIND);
        let here = here.into_iter().map(|(bucket, _)| bucket);
        settle(connection, installation, elsewhere, here).await
    }
}

/// Forgives what was guessed for an account from a network: its owner has shown by other means to be there.
pub(crate) async fn forgive(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    (email, origin): (&str, &Origin),
) -> Result<()> {
    settle(connection, installation, Vec::new(), from_here(email, origin)).await
}

fn from_here(email: &str, origin: &Origin) -> Vec<Bucket> {
    let network = network(&origin.address);
    let device = known::shown(origin).map(|device| from_one(email, "", &device));
    let place = [from_one(email, &network, ""), from_one(email, &network, &origin.user_agent)];
    place.into_iter().chain(device).collect()
}

/// Takes one out of each bucket that was counted in, and empties others; in order of their keys, as they are locked when
/// they are counted.
async fn settle(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    counted: Vec<(Bucket, Timestamp)>,
    emptied: impl IntoIterator<Item = Bucket>,
) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    let mut buckets: BTreeMap<Vec<u8>, Option<Timestamp>> =
        counted.into_iter().map(|(bucket, free_at)| (bucket.key, Some(free_at))).collect();
    buckets.extend(emptied.into_iter().map(|bucket| (bucket.key, None)));
    for (key, free_at) in buckets {
        let statement = match free_at {
            None => database.statement("DELETE FROM throttles WHERE bucket = $1", [key.into()]),
            Some(free_at) => database.statement(
                "UPDATE throttles SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END, \
                 free_at = CASE WHEN free_at = $2 THEN $3 ELSE free_at END WHERE bucket = $1",
                [key.into(), free_at.0.into(), now.0.into()],
            ),
        };
        connection.execute_raw(statement).await?;
    }
    Ok(())
}

async fn buckets(installation: &Installation, door: &Door<'_>, now: Timestamp) -> Result<Vec<Bucket>> {
    let mut buckets = match door {
        Door::Password { email, user, origin } => {
            let network = network(&origin.address);
            let asked = Asked { user: *user, origin, by: By::Password };
            match known(installation.database.reader(), installation, asked, now).await? {
                // What a device did that is not its owner's must not keep out the one that is.
                Known::Device(device) => vec![from_one(email, "", &device)],
                Known::Program => vec![from_one(email, &network, &origin.user_agent)],
                Known::Network => vec![from_one(email, &network, "")],
                Known::Nothing => vec![
                    from_one(email, &network, ""),
                    bucket("account", &[email], ACCOUNT),
                    bucket("network", &[&network], NETWORK),
                ],
            }
        }
        Door::OwnPassword { user, .. } => vec![bucket("own", &[&user.to_string()], FROM_ONE)],
        Door::ResetRequest { origin } => vec![bucket("asking", &[&network(&origin.address)], ASKING)],
        Door::ResetLetter { email } => vec![bucket("letters", &[email], LETTERS)],
    };
    buckets.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    Ok(buckets)
}

fn from_one(email: &str, network: &str, device: &str) -> Bucket {
    bucket(FROM_ONE_KIND, &[email, network, device], FROM_ONE)
}

fn bucket(kind: &'static str, of: &[&str], rule: Rule) -> Bucket {
    let mut hash = Sha256::new_with_prefix(kind);
    for part in of {
        hash.update([0]);
        hash.update(part.as_bytes());
    }
    Bucket { kind, key: hash.finalize().to_vec(), rule }
}

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    failures: i32,
    counted_at: Timestamp,
    free_at: Timestamp,
}

impl Level {
    fn read(row: &QueryResult) -> Result<(Vec<u8>, Self)> {
        let level = Self {
            failures: row.try_get_by_index(1)?,
            counted_at: row.try_get_by_index(2)?,
            free_at: row.try_get_by_index(3)?,
        };
        Ok((row.try_get_by_index(0)?, level))
    }

    /// With one more, after what time has forgiven.
    fn with_one_more(self, rule: Rule, now: Timestamp) -> Self {
        let forgiven = now.since(self.counted_at).as_secs() / rule.forgives.as_secs();
        let forgiven = i32::try_from(forgiven).unwrap_or(i32::MAX);
        let left = self.failures.saturating_sub(forgiven).max(0);
        let counted_at = match left {
            0 => now,
            // What has passed since the last one was forgiven goes on counting.
            _ => self.counted_at + rule.forgives * u32::try_from(forgiven).unwrap_or(0),
        };
        let failures = left.saturating_add(1);
        let pause = match u32::try_from(failures - rule.free) {
            Ok(beyond) => rule.pause.saturating_mul(1 << beyond.min(16)).min(rule.longest),
            Err(_) => Duration::ZERO,
        };
        Self { failures, counted_at, free_at: now + pause }
    }
}

/// So often a guess is tried to be counted while others empty its buckets.
const TRIES: usize = 5;

const LEVELS: &str = "SELECT bucket, failures, counted_at, free_at FROM throttles WHERE bucket IN (";

/// How long the next guess has to wait, if it has to.
async fn waiting(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    buckets: &[Bucket],
    now: Timestamp,
) -> Result<Option<Duration>> {
    let levels = levels(connection, installation, buckets, "").await?;
    Ok(longest_wait(levels.iter().map(|(_, level)| level), now))
}

fn longest_wait<'a>(levels: impl Iterator<Item = &'a Level>, now: Timestamp) -> Option<Duration> {
    levels.filter(|level| level.free_at > now).map(|level| level.free_at.since(now)).max()
}

async fn levels(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    buckets: &[Bucket],
    lock: &str,
) -> Result<Vec<(Vec<u8>, Level)>> {
    let places: Vec<String> = (1..=buckets.len()).map(|place| format!("${place}")).collect();
    let sql = format!("{LEVELS}{}) ORDER BY bucket{lock}", places.join(", "));
    let keys = buckets.iter().map(|bucket| Value::from(bucket.key.clone()));
    let rows = connection.query_all_raw(installation.database.statement(&sql, keys)).await?;
    rows.iter().map(Level::read).collect()
}

/// Counts a guess in each bucket, or says how long it has to wait. Guesses at the same buckets take turns.
async fn count(
    installation: &Installation,
    buckets: Vec<Bucket>,
    now: Timestamp,
) -> Result<std::result::Result<Turn, Duration>> {
    for _ in 0..TRIES {
        if let Some(counted) = try_to_count(installation, &buckets, now).await? {
            return Ok(counted);
        }
    }
    Err(Error::Busy)
}

async fn try_to_count(
    installation: &Installation,
    buckets: &[Bucket],
    now: Timestamp,
) -> Result<Option<std::result::Result<Turn, Duration>>> {
    let database = &installation.database;
    let transaction = database.begin().await?;
    for bucket in buckets {
        begin(&transaction, installation, bucket, now).await?;
    }
    let lock = if database.is_sqlite() { "" } else { " FOR UPDATE" };
    let levels = levels(&transaction, installation, buckets, lock).await?;
    if levels.len() < buckets.len() {
        // Somebody emptied a bucket between the two statements.
        return Ok(None);
    }
    if let Some(wait) = longest_wait(levels.iter().map(|(_, level)| level), now) {
        return Ok(Some(Err(wait)));
    }
    let mut counted = Vec::new();
    for (bucket, (_, level)) in buckets.iter().zip(levels) {
        counted.push(put_in(&transaction, installation, (bucket.clone(), level), now).await?);
    }
    transaction.commit().await?;
    Ok(Some(Ok(Turn { counted })))
}

/// Makes sure that there is a bucket to count in.
async fn begin(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    bucket: &Bucket,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO throttles (bucket, failures, counted_at, free_at) VALUES ($1, 0, $2, $2) \
               ON CONFLICT (bucket) DO NOTHING";
    let values = [bucket.key.clone().into(), now.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

async fn put_in(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (bucket, level): (Bucket, Level),
    now: Timestamp,
) -> Result<(Bucket, Timestamp)> {
    let level = level.with_one_more(bucket.rule, now);
    let sql = "UPDATE throttles SET failures = $2, counted_at = $3, free_at = $4 WHERE bucket = $1";
    let values =
        [bucket.key.clone().into(), level.failures.into(), level.counted_at.0.into(), level.free_at.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok((bucket, level.free_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_by_its_network() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::9"), network("2001:db8:1:2:ffff::1"));
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!((network("192.0.2.7").as_str(), network("").as_str()), ("192.0.2.7", ""));
    }

    #[test]
    fn pauses_grow_and_time_forgives() {
        let mut now = Timestamp::from_secs(1_000_000);
        let mut level = Level { failures: 0, counted_at: now, free_at: now };
        let mut pauses = Vec::new();
        for _ in 0..20 {
            level = level.with_one_more(FROM_ONE, now);
            pauses.push(level.free_at.since(now).as_secs());
            now = level.free_at;
        }
        assert_eq!(pauses[..9], [0; 9]);
        assert_eq!(pauses[9..15], [4, 8, 16, 32, 64, 128]);
        assert!(pauses.iter().all(|pause| *pause <= 900));
        let level = level.with_one_more(FROM_ONE, now + FORGOTTEN_AFTER);
        assert_eq!(level.failures, 1, "a day later nothing is left");
        let half =
            Level { failures: 5, counted_at: now, free_at: now }.with_one_more(FROM_ONE, now + seconds(900));
        assert_eq!((half.failures, half.counted_at), (5, now + seconds(600)), "the rest goes on counting");
    }
}
