//! Meta apps: whose webhooks are let in, and with which secrets they are signed.

use std::ops::Range;
use std::time::Duration;

use portaria_entity::id::{MetaAppId, MetaAppSecretId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{meta_app, meta_app_secret, webhook_refusal};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use zeroize::Zeroizing;

use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::token::TokenHash;

/// A Meta app to be registered.
pub struct NewMetaApp<'a> {
    pub workspace_id: WorkspaceId,
    /// Last segment of the callback URL.
    pub key: &'a str,
    pub name: &'a str,
    pub verify_token: &'a str,
    pub app_secret: &'a str,
}

/// An app with the secrets that are valid now.
pub struct MetaAppCredentials {
    pub app: meta_app::Model,
    pub secrets: Vec<AppSecret>,
}

/// A secret, opened.
pub struct AppSecret {
    pub id: MetaAppSecretId,
    pub meta_app_id: MetaAppId,
    pub secret: Zeroizing<Vec<u8>>,
}

/// A shorter one could be guessed; Meta's have 32.
const SHORTEST_SECRET: usize = 8;
/// So many are looked at for the one that made a signature.
const MOST_SECRETS: u64 = 50;
/// How long secrets that are replaced may still be used, at most.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Registers a Meta app. Its secret is sealed and cannot be read back.
pub async fn create(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    new: NewMetaApp<'_>,
) -> Result<meta_app::Model> {
    let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if new.key.is_empty() || new.key.len() > 64 || !new.key.chars().all(well_formed) {
        return Err(Refusal::InvalidKey.into());
    }
    if new.name.trim().is_empty() {
        return Err(Refusal::NameMissing.into());
    }
    if new.verify_token.len() < SHORTEST_SECRET {
        return Err(Refusal::SecretTooShort.into());
    }
    if by_key(transaction, new.key).await?.is_some() {
        return Err(Refusal::InvalidKey.into());
    }
    let row = meta_app::Model {
        workspace_id: new.workspace_id,
        id: installation.clock.new_id::<MetaAppId>(),
        key: new.key.to_owned(),
        name: new.name.trim().to_owned(),
        verify_token_hash: TokenHash::of(new.verify_token).to_vec(),
        created_at: installation.clock.now(),
    };
    meta_app::Entity::insert(meta_app::ActiveModel::from(row.clone()))
        .exec_without_returning(transaction)
        .await?;
    add_secret(transaction, installation, &row, new.app_secret).await?;
    Ok(row)
}

/// Adds a secret beside those that are valid already, so that one may replace another without a gap.
pub async fn add_secret(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    app: &meta_app::Model,
    secret: &str,
) -> Result<()> {
    if secret.len() < SHORTEST_SECRET {
        return Err(Refusal::SecretTooShort.into());
    }
    let id: MetaAppSecretId = installation.clock.new_id();
    let sealed = installation.keys.seal(secret.as_bytes(), id.0.as_bytes())?;
    let row = meta_app_secret::ActiveModel {
        workspace_id: Set(app.workspace_id),
        id: Set(id),
        meta_app_id: Set(app.id),
        sealed_secret: Set(sealed.bytes),
        sealing_key: Set(sealed.key),
        created_at: Set(installation.clock.now()),
        expires_at: Set(None),
        last_used_at: Set(None),
    };
    meta_app_secret::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// The keys of all registered apps, of every workspace.
pub async fn keys(connection: &impl ConnectionTrait) -> Result<Vec<String>> {
    let keys = meta_app::Entity::find()
        .select_only()
        .column(meta_app::Column::Key)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(keys)
}

/// The app behind a callback URL, with its current secrets opened.
pub async fn credentials(installation: &Installation, key: &str) -> Result<Option<MetaAppCredentials>> {
    let reader = installation.database.reader();
    let Some(app) = meta_app::Entity::find().filter(meta_app::Column::Key.eq(key)).one(reader).await? else {
        return Ok(None);
    };
    let valid = sea_orm::Condition::any()
        .add(meta_app_secret::Column::ExpiresAt.is_null())
        .add(meta_app_secret::Column::ExpiresAt.gt(installation.clock.now()));
    let rows = meta_app_secret::Entity::find()
        .filter(meta_app_secret::Column::WorkspaceId.eq(app.workspace_id))
        .filter(meta_app_secret::Column::MetaAppId.eq(app.id))
        .filter(valid)
        .order_by_desc(meta_app_secret::Column::Id)
        .all(reader)
        .await?;
    let secrets = rows.iter().map(|row| open(installation, row)).collect::<Result<_>>()?;
    Ok(Some(MetaAppCredentials { secrets, app }))
}

fn open(installation: &Installation, row: &meta_app_secret::Model) -> Result<AppSecret> {
    let secret = installation.keys.open(&row.sealed_secret, &row.sealing_key, row.id.0.as_bytes())?;
    Ok(AppSecret { id: row.id, meta_app_id: row.meta_app_id, secret })
}

/// Every secret of every app of a workspace, ended ones too: to find out which one made a signature that is not taken.
pub async fn every_secret(installation: &Installation, workspace: WorkspaceId) -> Result<Vec<AppSecret>> {
    let rows = meta_app_secret::Entity::find()
        .filter(meta_app_secret::Column::WorkspaceId.eq(workspace))
        .order_by_desc(meta_app_secret::Column::Id)
        .limit(MOST_SECRETS)
        .all(installation.database.reader())
        .await?;
    // One that cannot be opened made no signature that anybody could tell of.
    Ok(rows.iter().filter_map(|row| open(installation, row).ok()).collect())
}

/// An app by its key.
pub async fn by_key(connection: &impl ConnectionTrait, key: &str) -> Result<Option<meta_app::Model>> {
    Ok(meta_app::Entity::find().filter(meta_app::Column::Key.eq(key)).one(connection).await?)
}

/// An app of a workspace.
pub async fn find(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: MetaAppId,
) -> Result<meta_app::Model> {
    meta_app::Entity::find_by_id((workspace, id)).one(connection).await?.ok_or(Error::NotFound)
}

/// What was refused of the webhooks of a workspace's apps, the latest first.
pub async fn refusals(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    during: Range<Timestamp>,
    limit: u64,
) -> Result<Vec<webhook_refusal::Model>> {
    let keys = meta_app::Entity::find()
        .select_only()
        .column(meta_app::Column::Key)
        .filter(meta_app::Column::WorkspaceId.eq(workspace))
        .into_tuple::<String>()
        .all(connection)
        .await?;
    let find = webhook_refusal::Entity::find()
        .filter(webhook_refusal::Column::AppKey.is_in(keys))
        .filter(webhook_refusal::Column::Minute.gte(during.start))
        .filter(webhook_refusal::Column::Minute.lt(during.end))
        .order_by_desc(webhook_refusal::Column::Minute)
        .order_by_asc(webhook_refusal::Column::AppKey)
        .order_by_asc(webhook_refusal::Column::Cause)
        .limit(limit);
    Ok(find.all(connection).await?)
}

/// The apps of a workspace, each with its secrets, the newest first.
pub async fn all(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<(meta_app::Model, Vec<meta_app_secret::Model>)>> {
    let apps = meta_app::Entity::find()
        .filter(meta_app::Column::WorkspaceId.eq(workspace))
        .order_by_asc(meta_app::Column::Id)
        .all(connection)
        .await?;
    let secrets = meta_app_secret::Entity::find()
        .filter(meta_app_secret::Column::WorkspaceId.eq(workspace))
        .order_by_desc(meta_app_secret::Column::Id)
        .all(connection)
        .await?;
    let of = |app: meta_app::Model| {
        let own = secrets.iter().filter(|secret| secret.meta_app_id == app.id).cloned().collect();
        (app, own)
    };
    Ok(apps.into_iter().map(of).collect())
}

/// Puts a new secret in the place of those in use, which are taken for `overlap` longer: so long Meta may still sign with
/// them after the secret was reset there.
pub async fn rotate_secret(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    app: &meta_app::Model,
    (secret, overlap): (&str, Duration),
) -> Result<()> {
    if overlap > LONGEST_OVERLAP {
        return Err(Refusal::InvalidPeriod.into());
    }
    let sql = "UPDATE meta_app_secrets SET expires_at = $3 \
               WHERE workspace_id = $1 AND meta_app_id = $2 AND (expires_at IS NULL OR expires_at > $3)";
    let ends = installation.clock.now() + overlap;
    let values = [app.workspace_id.0.into(), app.id.0.into(), ends.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    add_secret(transaction, installation, app, secret).await
}

/// Ends a secret at once. The last one that is in use stays: without it nothing would be let in.
pub async fn end_secret(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (workspace, id): (WorkspaceId, MetaAppSecretId),
) -> Result<meta_app_secret::Model> {
    let now = installation.clock.now();
    let row = meta_app_secret::Entity::find_by_id((workspace, id))
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or(Error::NotFound)?;
    let in_use = |row: &meta_app_secret::Model| row.expires_at.is_none_or(|ends| ends > now);
    if !in_use(&row) {
        return Err(Refusal::AlreadyEnded.into());
    }
    let lasting = meta_app_secret::Entity::find()
        .filter(meta_app_secret::Column::WorkspaceId.eq(workspace))
        .filter(meta_app_secret::Column::MetaAppId.eq(row.meta_app_id))
        .filter(meta_app_secret::Column::Id.ne(id))
        .filter(meta_app_secret::Column::ExpiresAt.is_null());
    if lasting.one(transaction).await?.is_none() {
        return Err(Refusal::LastSecret.into());
    }
    let sql = "UPDATE meta_app_secrets SET expires_at = $3 WHERE workspace_id = $1 AND id = $2";
    let values = [workspace.0.into(), id.0.into(), now.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(meta_app_secret::Model { expires_at: Some(now), ..row })
}

/// Writes down when a secret was last used.
pub async fn note_use(
    installation: &Installation,
    (workspace, id): (WorkspaceId, MetaAppSecretId),
    at: Timestamp,
) -> Result<()> {
    let sql = "UPDATE meta_app_secrets SET last_used_at = $3 \
               WHERE workspace_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
    let database = &installation.database;
    let values = [workspace.0.into(), id.0.into(), at.0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await?;
    Ok(())
}
