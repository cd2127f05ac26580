//! What a directory signs in with. Letting it in is granting: nobody approves a role that they do not hold there for good
//! themselves, for what the directory gives outlasts its credential.

use std::time::Duration;

use portaria_entity::id::{DirectoryCredentialId, GrantId, RoleId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{directory_approval, directory_credential};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::{Directory, require};
use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::grant::require_scope;
use crate::granting::{Change, Conferral, Holder, stated};
use crate::installation::Installation;
use crate::token::{Token, TokenHash};

/// What every token begins with.
pub const PREFIX: &str = "ptr_dir_";
/// So much of a token may be shown, that people recognise it.
const SHOWN: usize = PREFIX.len() + 4;
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const NAME_CHARS: usize = 100;
/// When a credential was last used is written down to the minute.
const USE_PRECISION: Duration = Duration::from_secs(60);

/// A credential to be made.
pub struct NewCredential<'a> {
    pub name: &'a str,
    /// What the directory may give and take.
    pub approved: &'a [(RoleId, Scope)],
    pub expires_at: Timestamp,
}

/// A credential that has just been made. The token is shown this once.
pub struct CreatedCredential {
    pub token: Token,
    pub credential: directory_credential::Model,
}

/// Lets a directory in.
pub async fn create(change: &mut Change<'_>, new: NewCredential<'_>) -> Result<CreatedCredential> {
    require(change)?;
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
    if new.approved.is_empty() {
        return Err(Refusal::NothingConferred.into());
    }
    let token = Token::with_checksum(PREFIX.trim_end_matches('_'))?;
    let credential = directory_credential::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: name.to_owned(),
        prefix: token.reveal()[..SHOWN].to_owned(),
        token_hash: token.hash().to_vec(),
        created_by: change.author().ok_or(Error::PersonRequired)?,
        created_at: change.now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
        revoked_by: None,
    };
    directory_credential::Entity::insert(directory_credential::ActiveModel::from(credential.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    for (role, scope) in new.approved {
        let permissions = change.ledger.role(*role)?.permissions;
        require_scope(change, *scope).await?;
        if scope.narrow(permissions).is_empty() {
            return Err(Refusal::NothingConferred.into());
        }
        let what = Conferral { scope: *scope, permissions, until: None };
        change.confer_to(Holder::Directory(credential.id), what)?;
        approve(change, credential.id, (*role, *scope)).await?;
    }
    let told = told(&credential, new.approved);
    change.record("directory_credential.created", credential.id, (None, Some(told))).await?;
    change.reload().await?;
    Ok(CreatedCredential { token, credential })
}

/// Ends a credential, in force at once. It stays on record, and so does what the directory gave.
pub async fn revoke(
    change: &mut Change<'_>,
    id: DirectoryCredentialId,
) -> Result<directory_credential::Model> {
    require(change)?;
    let find = directory_credential::Entity::find_by_id((change.workspace_id, id));
    let mut row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    change.touch_directory(id)?;
    if row.revoked_at.is_some() || row.expires_at <= change.now {
        return Err(Refusal::AlreadyEnded.into());
    }
    (row.revoked_at, row.revoked_by) = (Some(change.now), change.author());
    let sql = "UPDATE directory_credentials SET revoked_at = $3, revoked_by = $4 WHERE workspace_id = $1 AND id = $2";
    let by = row.revoked_by.map(|member| member.0);
    change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
    let told = Some(json!({ "name": row.name }));
    change.record("directory_credential.revoked", id, (told, None)).await?;
    change.reload().await?;
    Ok(row)
}

/// Writes an approval that has been permitted.
pub(crate) async fn approve(
    change: &Change<'_>,
    credential: DirectoryCredentialId,
    (role, scope): (RoleId, Scope),
) -> Result<()> {
    let (channel_id, team_id) = scope.columns();
    let row = directory_approval::ActiveModel {
        workspace_id: Set(change.workspace_id),
        id: Set(change.installation.clock.new_id()),
        credential_id: Set(credential),
        role_id: Set(role),
        channel_id: Set(channel_id),
        team_id: Set(team_id),
        approved_by: Set(change.author().ok_or(Error::PersonRequired)?),
        created_at: Set(change.now),
        closed_at: Set(None),
        closed_by: Set(None),
    };
    directory_approval::Entity::insert(row).exec_without_returning(&change.transaction).await?;
    Ok(())
}

/// Approves another role in the place of one that is deleted. That it may be approved has been looked at.
pub(crate) async fn approve_instead(
    change: &Change<'_>,
    id: DirectoryCredentialId,
    (approval, role, scope): (GrantId, RoleId, Scope),
) -> Result<()> {
    let find = directory_credential::Entity::find_by_id((change.workspace_id, id));
    let row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    let before = approved(change, id).await?;
    close_approval(change, approval).await?;
    approve(change, id, (role, scope)).await?;
    let after = approved(change, id).await?;
    let told = (Some(told(&row, &before)), Some(told(&row, &after)));
    change.record("directory_credential.approvals_changed", id, told).await
}

async fn approved(change: &Change<'_>, id: DirectoryCredentialId) -> Result<Vec<(RoleId, Scope)>> {
    let rows = approvals_of(&change.transaction, change.workspace_id, &[id]).await?;
    Ok(rows.iter().map(|row| (row.role_id, Scope::of_grant(row.channel_id, row.team_id))).collect())
}

/// Ends an approval, whose role is gone.
pub(crate) async fn close_approval(change: &Change<'_>, id: GrantId) -> Result<()> {
    let sql =
        "UPDATE directory_approvals SET closed_at = $3, closed_by = $4 WHERE workspace_id = $1 AND id = $2";
    let by = change.author().map(|member| member.0);
    change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
    Ok(())
}

/// The directory behind a bearer token; `None` when it opens nothing (any more). Nothing of it is cached.
pub async fn authenticate(
    installation: &Installation,
    bearer: &str,
    address: Option<String>,
) -> Result<Option<Directory>> {
    if !bearer.starts_with(PREFIX) || !Token::has_checksum(bearer) {
        return Ok(None);
    }
    let (database, now) = (&installation.database, installation.clock.now());
    let found = directory_credential::Entity::find()
        .filter(directory_credential::Column::TokenHash.eq(TokenHash::of(bearer).to_vec()))
        .filter(directory_credential::Column::RevokedAt.is_null())
        .filter(directory_credential::Column::ExpiresAt.gt(now))
        .one(database.reader())
        .await?;
    let Some(row) = found else { return Ok(None) };
    if row.last_used_at.is_none_or(|at| now.since(at) >= USE_PRECISION) {
        let sql = "UPDATE directory_credentials SET last_used_at = $3 WHERE workspace_id = $1 AND id = $2";
        let values = [row.workspace_id.0.into(), row.id.0.into(), now.0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await?;
    }
    Ok(Some(Directory { workspace_id: row.workspace_id, credential_id: row.id, address }))
}

/// Whether a credential may be used, as the change sees it.
pub(super) async fn is_in_force(change: &Change<'_>, id: DirectoryCredentialId) -> Result<bool> {
    Ok(in_force(change).await?.contains(&id))
}

/// The credentials that may be used.
pub(super) async fn in_force(change: &Change<'_>) -> Result<Vec<DirectoryCredentialId>> {
    Ok(rows_in_force(change).await?.into_iter().map(|row| row.id).collect())
}

/// The same, whole, oldest first.
pub(super) async fn rows_in_force(change: &Change<'_>) -> Result<Vec<directory_credential::Model>> {
    let find = directory_credential::Entity::find()
        .filter(directory_credential::Column::WorkspaceId.eq(change.workspace_id))
        .filter(directory_credential::Column::RevokedAt.is_null())
        .filter(directory_credential::Column::ExpiresAt.gt(change.now))
        .order_by_asc(directory_credential::Column::Id);
    Ok(find.all(&change.transaction).await?)
}

/// The credentials of a workspace, newest first, those that have ended included.
pub async fn all(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<directory_credential::Model>> {
    let find = directory_credential::Entity::find()
        .filter(directory_credential::Column::WorkspaceId.eq(workspace))
        .order_by_desc(directory_credential::Column::Id);
    Ok(find.all(connection).await?)
}

/// What some credentials are approved for.
pub async fn approvals_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    credentials: &[DirectoryCredentialId],
) -> Result<Vec<directory_approval::Model>> {
    let find = directory_approval::Entity::find()
        .filter(directory_approval::Column::WorkspaceId.eq(workspace))
        .filter(directory_approval::Column::CredentialId.is_in(credentials.iter().copied()))
        .filter(directory_approval::Column::ClosedAt.is_null())
        .order_by_asc(directory_approval::Column::Id);
    Ok(find.all(connection).await?)
}

/// A credential as the activity log tells it.
fn told(row: &directory_credential::Model, approved: &[(RoleId, Scope)]) -> Value {
    let approved: Vec<Value> = approved
        .iter()
        .map(|(role, scope)| {
            let (channel, team) = scope.columns();
            json!({ "role": role, "channel": channel, "team": team })
        })
        .collect();
    json!({ "name": row.name, "prefix": row.prefix, "expiresAt": row.expires_at.0, "approved": approved })
}
