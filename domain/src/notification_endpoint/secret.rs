//! What is secret of an endpoint: its address, and with what is signed. Sealed at rest; a signing secret is shown once.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portaria_entity::id::{NotificationEndpointId, NotificationEndpointSecretId, WorkspaceId};
use portaria_entity::notification_endpoint_secret::{self, SecretPurpose};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use zeroize::Zeroizing;

use crate::error::{Error, Refusal, Result};
use crate::granting::Change;
use crate::installation::Installation;

/// As Standard Webhooks has it: this, and then base 64.
const PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;
const LONGEST_OVERLAP_HOURS: u32 = 7 * 24;

/// The secrets of an endpoint, opened.
pub struct Secrets {
    pub address: Zeroizing<String>,
    /// The newest first. As bytes, not as they are shown.
    pub signing: Vec<Zeroizing<Vec<u8>>>,
}

/// Keeps a secret of an endpoint.
pub(super) async fn put(
    change: &Change<'_>,
    endpoint_id: NotificationEndpointId,
    (purpose, secret): (SecretPurpose, &str),
) -> Result<()> {
    let id: NotificationEndpointSecretId = change.installation.clock.new_id();
    let sealed = change.installation.keys.seal(secret.as_bytes(), id.0.as_bytes())?;
    let row = notification_endpoint_secret::ActiveModel {
        workspace_id: Set(change.workspace_id),
        id: Set(id),
        endpoint_id: Set(endpoint_id),
        purpose: Set(purpose),
        sealed_secret: Set(sealed.bytes),
        sealing_key: Set(sealed.key),
        created_at: Set(change.now),
        ends_at: Set(None),
    };
    notification_endpoint_secret::Entity::insert(row).exec_without_returning(&change.transaction).await?;
    Ok(())
}

/// Makes a secret to sign with, as it is shown to who puts it into the receiver.
pub(super) async fn make(change: &Change<'_>, id: NotificationEndpointId) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0u8; SECRET_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(Error::internal)?;
    let secret = Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())));
    put(change, id, (SecretPurpose::Signing, &secret)).await?;
    Ok(secret)
}

/// Forgets the secrets of a purpose.
pub(super) async fn forget(
    change: &Change<'_>,
    id: NotificationEndpointId,
    purpose: SecretPurpose,
) -> Result<()> {
    let sql = "DELETE FROM notification_endpoint_secrets WHERE workspace_id = $1 AND endpoint_id = $2 AND purpose = $3";
    change.execute(sql, [id.0.into(), purpose.to_value().into()]).await?;
    Ok(())
}

/// Lets the present secret sign for so many hours yet. Those that were replaced before end now.
pub(super) async fn replace(change: &Change<'_>, id: NotificationEndpointId, hours: u32) -> Result<()> {
    if hours > LONGEST_OVERLAP_HOURS {
        return Err(Refusal::TooLong.into());
    }
    let ended = "DELETE FROM notification_endpoint_secrets WHERE workspace_id = $1 AND endpoint_id = $2 \
                 AND purpose = 'signing' AND ends_at IS NOT NULL";
    change.execute(ended, [id.0.into()]).await?;
    let ends = "UPDATE notification_endpoint_secrets SET ends_at = $3 WHERE workspace_id = $1 AND endpoint_id = $2 \
                AND purpose = 'signing'";
    let ends_at = change.now + Duration::from_secs(60 * 60) * hours;
    change.execute(ends, [id.0.into(), ends_at.0.into()]).await?;
    Ok(())
}

/// Opens what is needed to send something.
pub async fn secrets(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    (workspace, id): (WorkspaceId, NotificationEndpointId),
) -> Result<Secrets> {
    let now = installation.clock.now();
    let rows = notification_endpoint_secret::Entity::find()
        .filter(notification_endpoint_secret::Column::WorkspaceId.eq(workspace))
        .filter(notification_endpoint_secret::Column::EndpointId.eq(id))
        .order_by_desc(notification_endpoint_secret::Column::Id)
        .all(connection)
        .await?;
    let mut secrets = Secrets { address: Zeroizing::default(), signing: Vec::new() };
    for row in rows.iter().filter(|row| row.ends_at.is_none_or(|at| at > now)) {
        let opened = installation.keys.open(&row.sealed_secret, &row.sealing_key, row.id.0.as_bytes())?;
        let text = Zeroizing::new(String::from_utf8(opened.to_vec()).map_err(Error::internal)?);
        match row.purpose {
            SecretPurpose::Address => secrets.address = text,
            SecretPurpose::Signing => {
                let encoded = text.strip_prefix(PREFIX).unwrap_or(&text);
                secrets.signing.push(Zeroizing::new(STANDARD.decode(encoded).map_err(Error::internal)?));
            }
        }
    }
    Ok(secrets)
}
