//! Guesses that were turned away: counted in memory by minute, network and account, and written down now and then, so
//! that a flood of them costs no more than a few rows.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

use super::{FORGOTTEN_AFTER, network};
use crate::database::Database;
use crate::error::Result;
use crate::installation::Installation;

const MINUTE: i64 = 60_000_000;
/// Beyond so many different ones in a minute they are counted together, however often it is written down meanwhile: who has
/// networks by the thousand fills no table with them.
const DIFFERENT_A_MINUTE: usize = 500;
/// The same of those that wait to be written down, should that be impossible for long.
const DIFFERENT: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Kind {
    minute: i64,
    address: String,
    /// Nil for an account that is none.
    user: Uuid,
}

/// What this process has turned away and not written down yet.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    attempts: HashMap<Kind, i64>,
    /// The latest minute, and what was different in it: written down or not.
    minute: i64,
    different: HashSet<Kind>,
}

impl Counts {
    fn add(&mut self, kind: Kind) {
        if kind.minute > self.minute {
            self.minute = kind.minute;
            self.different.clear();
        }
        let has_room = self.different.len() < DIFFERENT_A_MINUTE && self.attempts.len() < DIFFERENT;
        let counted = if self.different.contains(&kind) {
            kind
        } else if has_room {
            self.different.insert(kind.clone());
            kind
        } else {
            Kind { minute: kind.minute, address: String::new(), user: Uuid::nil() }
        };
        *self.attempts.entry(counted).or_insert(0) += 1;
    }
}

impl Tally {
    pub(crate) fn note(&self, user: Option<UserId>, address: &str, now: Timestamp) {
        let minute = now.0.div_euclid(MINUTE) * MINUTE;
        let user = user.map_or_else(Uuid::nil, |user| user.0);
        let kind = Kind { minute, address: network(address), user };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(kind);
    }

    fn take(&self) -> HashMap<Kind, i64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).attempts)
    }
}

/// Writes down what was turned away, and forgets buckets that are empty; to be called every few seconds.
pub async fn write_down(installation: &Installation) -> Result<()> {
    let mut counts: Vec<_> = installation.tally.take().into_iter().collect();
    let forgotten = (installation.clock.now() - FORGOTTEN_AFTER).0;
    let database = &installation.database;
    if counts.is_empty() {
        let old = "SELECT 1 FROM throttles WHERE counted_at < $1 LIMIT 1";
        let old = database.statement(old, [forgotten.into()]);
        if database.reader().query_one_raw(old).await?.is_none() {
            return Ok(());
        }
    }
    counts.sort_unstable();
    let transaction = database.begin().await?;
    for (kind, attempts) in counts {
        let sql = "INSERT INTO throttled_attempts (minute, address, user_id, attempts) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (minute, address, user_id) \
                   DO UPDATE SET attempts = throttled_attempts.attempts + excluded.attempts";
        let values = [kind.minute.into(), kind.address.into(), kind.user.into(), attempts.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
    }
    let sql = "DELETE FROM throttles WHERE counted_at < $1 AND free_at < $1";
    transaction.execute_raw(database.statement(sql, [forgotten.into()])).await?;
    Ok(transaction.commit().await?)
}

/// Erases from where somebody's account was guessed at.
pub(crate) async fn forget(
    transaction: &impl ConnectionTrait,
    database: &Database,
    user: UserId,
) -> Result<()> {
    let sql = "DELETE FROM throttled_attempts WHERE user_id = $1";
    transaction.execute_raw(database.statement(sql, [user.0.into()])).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_from_many_networks_is_a_few_rows_a_minute() {
        let tally = Tally::default();
        let known = UserId(Uuid::from_u128(7));
        let (mut rows, mut attempts) = (HashSet::new(), 0);
        for second in 0..120 {
            let now = Timestamp::from_secs(6_000 + second);
            tally.note(Some(known), "192.0.2.7", now);
            for host in 0..1_000 {
                tally.note(None, &format!("2001:db8:{second:x}:{host:x}::1"), now);
            }
            for (kind, count) in tally.take() {
                attempts += count;
                rows.insert(kind);
            }
        }
        assert_eq!(attempts, 120 * 1_001, "all are counted");
        assert_eq!(rows.len(), 2 * (DIFFERENT_A_MINUTE + 1));
        let of_known = rows.iter().filter(|kind| kind.user == known.0).count();
        assert_eq!(of_known, 2, "what is known of the minute goes on being told apart");
    }
}
