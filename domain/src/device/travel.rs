//! From which countries a person has signed in. They stand among their devices, each by the two letters of its code, which
//! no fingerprint is as short as. Behind the letters of one that only a workspace's provider or own pages vouch for stands
//! the workspace, for it is known there alone.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use portaria_entity::session;

use super::known::{is_for_here_alone, note};
use crate::country::Country;
use crate::error::Result;
use crate::installation::Installation;

/// How far is looked back when no country was noted yet.
const LOOKED_BACK: i64 = 200;

/// Takes note of the country that a session was opened from, and answers whether it is new: not when it is the first that
/// is known at all.
pub(super) async fn is_new(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    session: &session::Model,
    country: Option<&Country>,
) -> Result<bool> {
    let Some(country) = country else { return Ok(false) };
    let sql = "SELECT fingerprint FROM known_devices WHERE user_id = $1 AND length(fingerprint) IN (2, 18)";
    let statement = installation.database.statement(sql, [session.user_id.0.into()]);
    let rows = transaction.query_all_raw(statement).await?;
    let mut known = Vec::new();
    for row in rows {
        known.push(row.try_get_by_index::<Vec<u8>>(0)?);
    }
    if known.is_empty() {
        known = earlier(installation, transaction, session).await?;
        for code in &known {
            note(installation, transaction, session.user_id, code).await?;
        }
    }
    let code = country.code().as_bytes().to_vec();
    let here = [code.as_slice(), session.workspace_id.0.as_bytes()].concat();
    let is_for_here_alone = is_for_here_alone(session);
    note(installation, transaction, session.user_id, if is_for_here_alone { &here } else { &code }).await?;
    let is_known = |known: &Vec<u8>| *known == code || is_for_here_alone && *known == here;
    Ok(!known.is_empty() && !known.iter().any(is_known))
}

/// By the addresses of earlier sessions: those from before there was a database count too, so that it makes nothing new
/// that is not.
async fn earlier(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    session: &session::Model,
) -> Result<Vec<Vec<u8>>> {
    let sql = "SELECT address FROM sessions WHERE user_id = $1 AND id <> $2 AND address <> '' \
               AND NOT confined AND NOT carried_over GROUP BY address ORDER BY MAX(created_at) DESC LIMIT $3";
    let values = [session.user_id.0.into(), session.id.0.into(), LOOKED_BACK.into()];
    let mut found: Vec<Vec<u8>> = Vec::new();
    for row in transaction.query_all_raw(installation.database.statement(sql, values)).await? {
        let address: String = row.try_get_by_index(0)?;
        found.extend(installation.countries.of(&address).map(|country| country.code().as_bytes().to_vec()));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
