//! Guesses that were turned away: counted in memory by minute, network and account, and written down now and then, so
//! that a flood of them costs no more than a few rows.

use std::collections::HashMap;
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
/// Beyond so many different ones they are counted together.
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
pub struct Tally(Arc<Mutex<HashMap<Kind, i64>>>);

impl Tally {
    pub(crate) fn note(&self, user: Option<UserId>, address: &str, now: Timestamp) {
        let minute = now.0.div_euclid(MINUTE) * MINUTE;
        let user = user.map_or_else(Uuid::nil, |user| user.0);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kind = Kind { minute, address: network(address), user };
        if counts.len() >= DIFFERENT && !counts.contains_key(&kind) {
            kind = Kind { minute, address: String::new(), user: Uuid::nil() };
        }
        *counts.entry(kind).or_insert(0) += 1;
    }

    fn take(&self) -> HashMap<Kind, i64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
