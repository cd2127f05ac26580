//! Challenges: what a device is asked to sign. Kept for five minutes, for one purpose and one session, and used up by the
//! first answer, right or wrong.

use std::time::Duration;

use portaria_entity::id::{PasskeyChallengeId, SessionId};
use portaria_entity::passkey_challenge::{self, ChallengePurpose};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::RelyingParty;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::throttle::network;

const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// As many open ones as one network may have: more than an office that signs in at eight, less than would fill a disk.
const OPEN_PER_NETWORK: u64 = 300;

/// What a page hands to the device.
pub struct Asked {
    pub id: PasskeyChallengeId,
    /// Options for `navigator.credentials`, as JSON.
    pub options: String,
    pub expires_at: Timestamp,
}

/// Who asks, for what.
pub(super) struct Asking<'a> {
    pub purpose: ChallengePurpose,
    pub session_id: Option<SessionId>,
    pub party: &'a RelyingParty,
    pub address: &'a str,
}

/// A challenge that has been used up.
pub(super) struct Challenge {
    pub origin: String,
    state: String,
}

impl Challenge {
    /// What the answer is checked against.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.state).map_err(Error::internal)
    }
}

/// Keeps what an answer will be checked against.
pub(super) async fn ask(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    asking: Asking<'_>,
    (options, state): (Value, &impl Serialize),
) -> Result<Asked> {
    let now = installation.clock.now();
    passkey_challenge::Entity::delete_many()
        .filter(passkey_challenge::Column::ExpiresAt.lte(now))
        .exec(transaction)
        .await?;
    let network = network(asking.address);
    let open = passkey_challenge::Entity::find()
        .filter(passkey_challenge::Column::Address.eq(&network))
        .count(transaction)
        .await?;
    if open >= OPEN_PER_NETWORK {
        return Err(Error::Busy);
    }
    let id: PasskeyChallengeId = installation.clock.new_id();
    let row = passkey_challenge::ActiveModel {
        id: Set(id),
        purpose: Set(asking.purpose),
        session_id: Set(asking.session_id),
        origin: Set(asking.party.origin()),
        address: Set(network),
        state: Set(serde_json::to_string(state).map_err(Error::internal)?),
        created_at: Set(now),
        expires_at: Set(now + LIFETIME),
    };
    passkey_challenge::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(Asked { id, options: options.to_string(), expires_at: now + LIFETIME })
}

/// Takes a challenge for its answer, if it is one for that purpose and session. Of two answers at once, one is too late.
pub(super) async fn use_up(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (id, purpose, session): (PasskeyChallengeId, ChallengePurpose, Option<SessionId>),
) -> Result<Challenge> {
    let found = passkey_challenge::Entity::find_by_id(id).one(transaction).await?;
    let found = found.filter(|row| {
        row.purpose == purpose && row.session_id == session && row.expires_at > installation.clock.now()
    });
    let Some(row) = found else { return Err(Refusal::ChallengeExpired.into()) };
    let statement =
        installation.database.statement("DELETE FROM passkey_challenges WHERE id = $1", [id.0.into()]);
    match transaction.execute_raw(statement).await?.rows_affected() {
        1 => Ok(Challenge { origin: row.origin, state: row.state }),
        _ => Err(Refusal::ChallengeExpired.into()),
    }
}
