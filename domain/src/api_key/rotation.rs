//! A new secret for a key, with the old one good for a while longer.

use std::time::Duration;

use portaria_entity::id::ApiKeyId;
use serde_json::json;

use super::{CreatedApiKey, changeable, new_token, shown};
use crate::error::{Refusal, Result};
use crate::granting::{Change, Conferral, Holder};

/// The old secret may go on for a week at most.
const MOST_HOURS: u32 = 7 * 24;

/// Gives a key a new secret at once; the old one goes on for so many hours, with none at all for 0, and never longer than
/// the key. There are two at the most: one that was still going on from an earlier rotation ends now.
///
/// Who rotates a key holds its secret. So it is like making one: of what it holds nothing may be more than they hold, or
/// outlast them.
pub async fn rotate(change: &mut Change<'_>, id: ApiKeyId, overlap_hours: u32) -> Result<CreatedApiKey> {
    let mut key = changeable(change, id).await?;
    if overlap_hours > MOST_HOURS {
        return Err(Refusal::TooLong.into());
    }
    for holding in change.ledger.keys.get(&id).map(Vec::as_slice).unwrap_or_default() {
        let what =
            Conferral { scope: holding.scope, permissions: holding.permissions, until: Some(key.expires_at) };
        change.confer_to(Holder::ApiKey(id), what)?;
    }
    let token = new_token()?;
    let before = json!({ "name": key.name, "prefix": key.prefix });
    let overlap = Duration::from_secs(u64::from(overlap_hours) * 60 * 60);
    key.previous_ends_at = (overlap_hours > 0).then(|| key.expires_at.min(change.now + overlap));
    key.previous_token_hash = key.previous_ends_at.map(|_| key.token_hash.clone());
    key.token_hash = token.hash().to_vec();
    key.prefix = shown(&token);
    key.rotated_by = change.author();
    let sql = "UPDATE api_keys SET token_hash = $3, prefix = $4, previous_token_hash = $5, previous_ends_at = $6, rotated_by = $7 \
               WHERE workspace_id = $1 AND id = $2";
    let values = [
        id.0.into(),
        key.token_hash.clone().into(),
        key.prefix.clone().into(),
        key.previous_token_hash.clone().into(),
        key.previous_ends_at.map(|at| at.0).into(),
        key.rotated_by.map(|by| by.0).into(),
    ];
    change.execute(sql, values).await?;
    let after = json!({ "name": key.name, "prefix": key.prefix, "previousEndsAt": key.previous_ends_at });
    change.record("api_key.rotated", id, (Some(before), Some(after))).await?;
    Ok(CreatedApiKey { token, key })
}
