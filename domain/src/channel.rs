//! Channels: the phone numbers of a workspace.

use portaria_entity::channel;
use portaria_entity::id::{ChannelId, MetaAppId, TeamId, WorkspaceId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::installation::Installation;

/// A phone number to be registered.
pub struct NewChannel<'a> {
    pub workspace_id: WorkspaceId,
    pub meta_app_id: MetaAppId,
    pub name: &'a str,
    /// WhatsApp Business account id.
    pub waba_id: &'a str,
    /// Meta's id of the number.
    pub phone_number_id: &'a str,
    pub display_phone_number: &'a str,
    /// The team that receives its new conversations.
    pub team_id: Option<TeamId>,
    pub access_token: Option<&'a str>,
}

/// Registers a phone number. Its access token, if any, is sealed and cannot be read back.
pub async fn create(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    new: NewChannel<'_>,
) -> Result<channel::Model> {
    let id: ChannelId = installation.clock.new_id();
    let sealed = new
        .access_token
        .map(|token| installation.keys.seal(token.as_bytes(), id.0.as_bytes()))
        .transpose()?;
    let (sealed_access_token, sealing_key) = sealed.map(|sealed| (sealed.bytes, sealed.key)).unzip();
    let row = channel::Model {
        workspace_id: new.workspace_id,
        id,
        meta_app_id: new.meta_app_id,
        name: new.name.trim().to_owned(),
        waba_id: new.waba_id.to_owned(),
        phone_number_id: new.phone_number_id.to_owned(),
        display_phone_number: new.display_phone_number.to_owned(),
        sealed_access_token,
        sealing_key,
        team_id: new.team_id,
        created_at: installation.clock.now(),
    };
    channel::Entity::insert(channel::ActiveModel::from(row.clone()))
        .exec_without_returning(transaction)
        .await?;
    Ok(row)
}

/// All channels of a workspace. Every active member may know them.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<channel::Model>> {
    let channels = channel::Entity::find()
        .filter(channel::Column::WorkspaceId.eq(workspace))
        .order_by_asc(channel::Column::Id)
        .all(connection)
        .await?;
    Ok(channels)
}

/// The token by which Meta is asked on behalf of a number; none where none was given.
pub fn access_token(installation: &Installation, row: &channel::Model) -> Result<Option<Zeroizing<String>>> {
    let (Some(sealed), Some(key)) = (&row.sealed_access_token, &row.sealing_key) else { return Ok(None) };
    let opened = installation.keys.open(sealed, key, row.id.0.as_bytes())?;
    let token =
        String::from_utf8(opened.to_vec()).map_err(|_| Error::internal("an access token is no text"))?;
    Ok(Some(Zeroizing::new(token)))
}
