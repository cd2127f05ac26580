//! API keys: principals of a workspace with grants of their own, for programs.
//!
//! Making a key is granting, by the same rules: nobody makes one that holds more than they do, or for longer. A key holds
//! nothing that is sensitive, whatever its roles allow; nothing can be assigned to it; and it grants nothing. It is the
//! workspace's, not its maker's: it goes on when they leave.

mod grants;
mod networks;
mod rotation;
mod usage;

use portaria_entity::id::{ApiKeyId, GrantId, RoleId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key, api_key_grant};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use std::time::Duration;

use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::grant::require_scope;
use crate::granting::{Change, Conferral, Holder, stated};
use crate::permission::PermissionSet;
use crate::token::Token;

pub use grants::revoke_grant;
pub use networks::{Networks, set_addresses};
pub use rotation::rotate;
pub(crate) use usage::{Refused, Used, note_refusal, note_use};

/// What every key begins with.
pub const PREFIX: &str = "ptr_key_";
/// So much of a key may be shown, that people recognise it.
const SHOWN: usize = PREFIX.len() + 4;
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const NAME_CHARS: usize = 100;

/// A key to be made.
pub struct NewApiKey<'a> {
    pub name: &'a str,
    pub grants: &'a [(RoleId, Scope)],
    pub expires_at: Timestamp,
    /// Where it may be used from; empty: anywhere.
    pub allowed_addresses: &'a [String],
}

/// A key that has just been made. The token is shown this once.
pub struct CreatedApiKey {
    pub token: Token,
    pub key: api_key::Model,
}

/// Makes a key.
pub async fn create(change: &mut Change<'_>, new: NewApiKey<'_>) -> Result<CreatedApiKey> {
    let name = stated(new.name, Refusal::NameMissing)?;
    if name.chars().count() > NAME_CHARS {
        return Err(Error::BadInput(format!("a name has at most {NAME_CHARS} characters")));
    }
    if new.expires_at <= change.now {
        return Err(Refusal::InvalidPeriod.into());
    }
    if new.expires_at > change.now + LONGEST {
        return Err(Refusal::EndsTooLate.into());
    }
    if new.grants.is_empty() {
        return Err(Refusal::NothingConferred.into());
    }
    let networks = Networks::parse(new.allowed_addresses)?;
    let token = new_token()?;
    let key = api_key::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: name.to_owned(),
        prefix: shown(&token),
        token_hash: token.hash().to_vec(),
        created_by: change.author().ok_or(Error::PersonRequired)?,
        created_at: change.now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
        revoked_by: None,
        previous_token_hash: None,
        previous_ends_at: None,
        allowed_addresses: networks.to_string(),
        last_used_address: None,
        last_used_agent: None,
        refused_count: 0,
        last_refused_at: None,
        last_refused_address: None,
        rotated_by: None,
    };
    api_key::Entity::insert(api_key::ActiveModel::from(key.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    for (role_id, scope) in new.grants {
        let permissions = change.ledger.role(*role_id)?.permissions;
        require_scope(change, *scope).await?;
        if scope.narrow(permissions.without(PermissionSet::SENSITIVE)).is_empty() {
            return Err(Refusal::NothingConferred.into());
        }
        let what = Conferral { scope: *scope, permissions, until: Some(new.expires_at) };
        change.confer_to(Holder::ApiKey(key.id), what)?;
        grant(change, key.id, (*role_id, *scope)).await?;
    }
    change.record("api_key.created", key.id, (None, Some(told(&key, new.grants)))).await?;
    change.reload().await?;
    Ok(CreatedApiKey { token, key })
}

fn new_token() -> Result<Token> {
    Token::with_checksum(PREFIX.trim_end_matches('_'))
}

fn shown(token: &Token) -> String {
    token.reveal()[..SHOWN].to_owned()
}

/// A key that is to be changed and may be.
async fn changeable(change: &Change<'_>, id: ApiKeyId) -> Result<api_key::Model> {
    let find = api_key::Entity::find_by_id((change.workspace_id, id));
    let key = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    change.touch_key(id)?;
    if key.revoked_at.is_some() || key.expires_at <= change.now {
        return Err(Refusal::AlreadyEnded.into());
    }
    Ok(key)
}

/// Ends a key, in force at once. It stays on record.
pub async fn revoke(change: &mut Change<'_>, id: ApiKeyId) -> Result<api_key::Model> {
    let mut key = changeable(change, id).await?;
    (key.revoked_at, key.revoked_by) = (Some(change.now), change.author());
    let sql = "UPDATE api_keys SET revoked_at = $3, revoked_by = $4 WHERE workspace_id = $1 AND id = $2";
    let by = key.revoked_by.map(|member| member.0);
    change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
    change.record("api_key.revoked", id, (Some(json!({ "name": key.name })), None)).await?;
    change.reload().await?;
    Ok(key)
}

/// Writes a grant that has been permitted.
pub(crate) async fn grant(change: &Change<'_>, key: ApiKeyId, (role, scope): (RoleId, Scope)) -> Result<()> {
    let (channel_id, team_id) = scope.columns();
    let row = api_key_grant::ActiveModel {
        workspace_id: Set(change.workspace_id),
        id: Set(change.installation.clock.new_id()),
        api_key_id: Set(key),
        role_id: Set(role),
        channel_id: Set(channel_id),
        team_id: Set(team_id),
        granted_by: Set(change.author().ok_or(Error::PersonRequired)?),
        created_at: Set(change.now),
        closed_at: Set(None),
        closed_by: Set(None),
    };
    api_key_grant::Entity::insert(row).exec_without_returning(&change.transaction).await?;
    Ok(())
}

/// Ends a key's grant, whose role is gone.
pub(crate) async fn close_grant(change: &Change<'_>, id: GrantId) -> Result<()> {
    let sql = "UPDATE api_key_grants SET closed_at = $3, closed_by = $4 WHERE workspace_id = $1 AND id = $2";
    let by = change.author().map(|member| member.0);
    change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
    Ok(())
}

/// Closes some of a key's grants and gives it others in their place, in force at once; its secret stays. Answers the new ones.
pub(crate) async fn regrant(
    change: &mut Change<'_>,
    id: ApiKeyId,
    (closes, gives): (&[GrantId], &[(RoleId, Scope)]),
    reason: &str,
) -> Result<Vec<GrantId>> {
    let key = changeable(change, id).await?;
    let before = grants_of(&change.transaction, change.workspace_id, &[id]).await?;
    for (role, scope) in gives {
        let permissions = change.ledger.role(*role)?.permissions;
        let what = Conferral { scope: *scope, permissions, until: Some(key.expires_at) };
        change.confer_to(Holder::ApiKey(id), what)?;
        grant(change, id, (*role, *scope)).await?;
    }
    for grant in closes {
        close_grant(change, *grant).await?;
    }
    let after = grants_of(&change.transaction, change.workspace_id, &[id]).await?;
    let scoped = |rows: &[api_key_grant::Model]| -> Vec<(RoleId, Scope)> {
        rows.iter().map(|row| (row.role_id, Scope::of_grant(row.channel_id, row.team_id))).collect()
    };
    let mut changed = told(&key, &scoped(&after));
    changed["reason"] = reason.into();
    change.record("api_key.grants_changed", id, (Some(told(&key, &scoped(&before))), Some(changed))).await?;
    change.reload().await?;
    let is_new = |row: &&api_key_grant::Model| before.iter().all(|known| known.id != row.id);
    Ok(after.iter().filter(is_new).map(|row| row.id).collect())
}

/// The keys of a workspace, newest first, those that have ended included.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<api_key::Model>> {
    let find = api_key::Entity::find()
        .filter(api_key::Column::WorkspaceId.eq(workspace))
        .order_by_desc(api_key::Column::Id);
    Ok(find.all(connection).await?)
}

/// What some keys hold.
pub async fn grants_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    keys: &[ApiKeyId],
) -> Result<Vec<api_key_grant::Model>> {
    let find = api_key_grant::Entity::find()
        .filter(api_key_grant::Column::WorkspaceId.eq(workspace))
        .filter(api_key_grant::Column::ApiKeyId.is_in(keys.iter().copied()))
        .filter(api_key_grant::Column::ClosedAt.is_null())
        .order_by_asc(api_key_grant::Column::Id);
    Ok(find.all(connection).await?)
}

/// A key as the activity log tells it.
fn told(key: &api_key::Model, grants: &[(RoleId, Scope)]) -> Value {
    let grants: Vec<Value> = grants
        .iter()
        .map(|(role, scope)| {
            let (channel, team) = scope.columns();
            json!({ "role": role, "channel": channel, "team": team })
        })
        .collect();
    json!({ "name": key.name, "prefix": key.prefix, "expiresAt": key.expires_at.0, "grants": grants,
            "allowedAddresses": key.allowed_addresses })
}
