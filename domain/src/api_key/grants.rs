//! Taking back one of the grants of a key.

use portaria_entity::api_key_grant;
use portaria_entity::id::GrantId;
use sea_orm::EntityTrait;
use serde_json::json;

use super::{changeable, close_grant, grants_of, revoke};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, stated};

/// Ends a grant of a key, in force at once; with the last of them the key itself ends.
pub async fn revoke_grant(change: &mut Change<'_>, id: GrantId, reason: &str) -> Result<()> {
    let find = api_key_grant::Entity::find_by_id((change.workspace_id, id));
    let row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    changeable(change, row.api_key_id).await?;
    if row.closed_at.is_some() {
        return Err(Refusal::AlreadyEnded.into());
    }
    let reason = stated(reason, Refusal::ReasonMissing)?;
    close_grant(change, id).await?;
    let before = json!({ "grant": id, "role": row.role_id, "channel": row.channel_id, "team": row.team_id });
    change
        .record("api_key.grant_revoked", row.api_key_id, (Some(before), Some(json!({ "reason": reason }))))
        .await?;
    if grants_of(&change.transaction, change.workspace_id, &[row.api_key_id]).await?.is_empty() {
        revoke(change, row.api_key_id).await?;
    }
    change.reload().await
}
