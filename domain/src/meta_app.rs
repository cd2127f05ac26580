//! Meta apps: whose webhooks are let in, and with which secrets they are signed.

use portaria_entity::id::{MetaAppId, MetaAppSecretId, WorkspaceId};
use portaria_entity::{meta_app, meta_app_secret};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
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
    pub secrets: Vec<Zeroizing<Vec<u8>>>,
}

/// Registers a Meta app. Its secret is sealed and cannot be read back.
pub async fn create(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    new: NewMetaApp<'_>,
) -> Result<meta_app::Model> {
    let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if new.key.is_empty() || new.key.len() > 64 || !new.key.chars().all(well_formed) {
        return Err(Error::BadInput("a Meta app's key is 1 to 64 of a-z, 0-9 and -".to_owned()));
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
    let open = |row: meta_app_secret::Model| {
        installation.keys.open(&row.sealed_secret, &row.sealing_key, row.id.0.as_bytes())
    };
    Ok(Some(MetaAppCredentials { secrets: rows.into_iter().map(open).collect::<Result<_>>()?, app }))
}
