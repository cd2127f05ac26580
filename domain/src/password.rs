//! Passwords: which may be chosen, how they are kept (Argon2id in PHC form), and how many are hashed at once.

mod change;
mod letter;
mod policy;
mod reset;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params, PasswordHash};
use portaria_entity::id::UserId;
use portaria_entity::member::{self, MemberStatus};
use portaria_entity::workspace;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect,
};
use tokio::sync::Semaphore;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::throttle::network;

pub use change::{Change, change};
pub(crate) use letter::{News, tell};
pub use policy::{About, LENGTH as PASSWORD_LENGTH};
pub use reset::{Reset, answer_requests, issue_link, request_reset, reset};

/// A hash takes 19 MiB and some 20 ms of processor; more at once would only slow each other down.
const PARALLEL_HASHES: usize = 2;
/// Requests that may wait for a hash. More are told to come back.
const WAITING_HASHES: usize = 64;
/// How many of those may come from one network: nobody fills the queue alone.
const OF_ONE_NETWORK: usize = 16;

/// Hashes and verifies passwords, a bounded number at once.
#[derive(Clone)]
pub struct Passwords {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    networks: Arc<Mutex<HashMap<String, usize>>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(PARALLEL_HASHES)),
            admitted: Arc::new(Semaphore::new(PARALLEL_HASHES + WAITING_HASHES)),
            networks: Arc::default(),
        }
    }
}

/// What came of comparing a password with a hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Verdict {
    pub correct: bool,
    /// The hash was made by parameters that are no longer ours.
    pub outdated: bool,
}

/// What is verified when there is no account, so that it takes as long as when there is one.
static DECOY: LazyLock<Option<String>> = LazyLock::new(|| hashed("nobody has this password").ok());

impl Passwords {
    /// The hash of a password that somebody has chosen, if it may be chosen.
    pub async fn hash(&self, password: &str, about: &About<'_>) -> Result<String> {
        policy::check(password, about)?;
        self.hash_again(password).await
    }

    /// The hash of a password that is in use already.
    pub(crate) async fn hash_again(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.work(move || hashed(&password)).await?
    }

    /// Whether the password is the one behind the hash. Without a hash it takes as long and says no.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<String>,
        address: &str,
    ) -> Result<Verdict> {
        let _place = self.place_of(network(address))?;
        // Longer than any password can be: refused at the cost of the longest one.
        let password: String = password.chars().take(*PASSWORD_LENGTH.end() + 1).collect();
        self.work(move || match hash {
            Some(hash) => verdict(&password, &hash),
            None => {
                DECOY.as_ref().map(|decoy| verdict(&password, decoy));
                Verdict::default()
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _admitted = self.admitted.try_acquire().map_err(|_| Error::Busy)?;
        let _running = self.running.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }

    /// One of the places that a network may take in the queue.
    fn place_of(&self, network: String) -> Result<Place> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = networks.entry(network.clone()).or_insert(0);
        if *taken >= OF_ONE_NETWORK {
            return Err(Error::Busy);
        }
        *taken += 1;
        Ok(Place { networks: self.networks.clone(), network })
    }
}

/// A place in the queue, free again when it is dropped.
struct Place {
    networks: Arc<Mutex<HashMap<String, usize>>>,
    network: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = networks.get_mut(&self.network) {
            *taken -= 1;
            if *taken == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

fn hashed(password: &str) -> Result<String> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(Error::internal)
}

fn verdict(password: &str, hash: &str) -> Verdict {
    let Ok(parsed) = PasswordHash::new(hash) else { return Verdict::default() };
    let argon = Argon2::default();
    let used = Params::try_from(&parsed);
    let current = argon.params();
    let outdated = parsed.algorithm.as_str() != "argon2id"
        || used.is_ok_and(|used| {
            (used.m_cost(), used.t_cost(), used.p_cost())
                != (current.m_cost(), current.t_cost(), current.p_cost())
        });
    Verdict { correct: argon.verify_password(password.as_bytes(), &parsed).is_ok(), outdated }
}

/// The workspaces of a person, the one they joined first before the others.
pub(crate) async fn workspaces_of(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<Vec<workspace::Model>> {
    let join = member::Entity::belongs_to(workspace::Entity)
        .from(member::Column::WorkspaceId)
        .to(workspace::Column::Id);
    let rows = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .filter(member::Column::Status.ne(MemberStatus::Removed))
        .join(JoinType::InnerJoin, join.into())
        .select_also(workspace::Entity)
        // Where they are active comes before where they are suspended.
        .order_by_asc(member::Column::Status)
        .order_by_asc(member::Column::CreatedAt)
        .order_by_asc(member::Column::Id)
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|(_, workspace)| workspace).collect())
}

/// The workspace in whose name a person is written to.
async fn home(connection: &impl ConnectionTrait, user: UserId) -> Result<Option<workspace::Model>> {
    Ok(workspaces_of(connection, user).await?.into_iter().next())
}

/// Writes a hash in place of another one of the same person, if that is still in use. Answers whether it was.
pub(crate) async fn replace_hash(
    connection: &impl ConnectionTrait,
    database: &Database,
    user: UserId,
    (old, new): (Option<&str>, String),
) -> Result<bool> {
    let sql = "UPDATE users SET password_hash = $2 WHERE id = $1 AND COALESCE(password_hash, '') = $3";
    let values = [user.0.into(), new.into(), old.unwrap_or_default().into()];
    Ok(connection.execute_raw(database.statement(sql, values)).await?.rows_affected() == 1)
}

/// Hashes a password by today's parameters, in place of a hash by earlier ones. The sign-in that showed it succeeds
/// whether or not this does.
pub(crate) async fn renew_hash(installation: &Installation, user: UserId, (password, old): (&str, &str)) {
    let renewed = match installation.passwords.hash_again(password).await {
        Ok(new) => {
            let writer = installation.database.writer();
            replace_hash(writer, &installation.database, user, (Some(old), new)).await.map(|_| ())
        }
        Err(failure) => Err(failure),
    };
    if let Err(failure) = renewed {
        tracing::warn!(%failure, "an old hash could not be replaced");
    }
}

/// Makes a person's open links for a new password worthless.
pub(crate) async fn void_links(
    transaction: &DatabaseTransaction,
    database: &Database,
    user: UserId,
    now: portaria_entity::time::Timestamp,
) -> Result<()> {
    let sql = "UPDATE password_resets SET expires_at = $2 WHERE user_id = $1 AND used_at IS NULL AND expires_at > $2";
    transaction.execute_raw(database.statement(sql, [user.0.into(), now.0.into()])).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_by_other_parameters_is_seen_to_be_outdated() {
        let passwords = Passwords::default();
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let weak = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let old = weak.hash_password(b"a quite good password").unwrap().to_string();
        let new = passwords.hash("a quite good password", &About::default()).await.unwrap();
        for (hash, outdated) in [(old, true), (new, false)] {
            let verdict = passwords.verify("a quite good password", Some(hash.clone()), "").await.unwrap();
            assert!(verdict.correct && verdict.outdated == outdated, "{hash}");
            assert!(!passwords.verify("another", Some(hash), "").await.unwrap().correct);
        }
        assert!(!passwords.verify("nobody has this password", None, "").await.unwrap().correct);
    }

    #[tokio::test]
    async fn one_network_does_not_fill_the_queue() {
        let passwords = Passwords::default();
        let taken: Vec<_> = (0..OF_ONE_NETWORK)
            .map(|host| passwords.place_of(network(&format!("2001:db8::{host:x}"))).unwrap())
            .collect();
        assert!(matches!(passwords.place_of(network("2001:db8::ffff:1")), Err(Error::Busy)));
        assert!(passwords.place_of(network("2001:db8:0:1::1")).is_ok(), "others are served");
        drop(taken);
        assert!(passwords.place_of(network("2001:db8::ffff:1")).is_ok());
        assert!(
            passwords.networks.lock().unwrap().is_empty() || passwords.networks.lock().unwrap().len() == 1
        );
    }
}
