//! For which pages a passkey is: those of Portaria's own address, and those of the front end of a workspace.
//!
//! A workspace's front end is in the hands of that workspace. What is signed there proves something to that workspace
//! alone; or its pages could open the same person's sessions in another.

use portaria_entity::id::WorkspaceId;
use portaria_entity::{passkey, workspace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use webauthn_rs::prelude::{DiscoverableAuthentication, Url, Webauthn, WebauthnBuilder};

use crate::error::{Error, Refusal, Result};
use crate::front_end::origin_of;
use crate::installation::Installation;

/// What devices call the service.
const NAME: &str = "Portaria";

/// The pages of one origin.
pub(super) struct RelyingParty {
    origin: Url,
    id: String,
}

impl RelyingParty {
    /// Of an origin that was found good before. Passkeys are for names, not for bare addresses.
    pub fn of(origin: &str) -> Result<Self> {
        let origin = Url::parse(origin).map_err(|_| Refusal::UnknownOrigin)?;
        let id = origin.domain().ok_or(Refusal::UnknownOrigin)?.to_owned();
        Ok(Self { origin, id })
    }

    /// Of the page that asks, if it is one of ours or of this workspace's; without a workspace, of any's. Without a page:
    /// our own.
    pub async fn named(
        connection: &impl ConnectionTrait,
        installation: &Installation,
        page: Option<&str>,
        workspace: Option<WorkspaceId>,
    ) -> Result<Self> {
        let own = origin_of(&installation.public_url).ok_or(Refusal::UnknownOrigin)?;
        let wanted = match page {
            None => own.clone(),
            Some(page) => origin_of(page).ok_or(Refusal::UnknownOrigin)?,
        };
        if wanted != own {
            let served = served_by(connection, &wanted).await?;
            let is_known = match workspace {
                Some(workspace) => served.contains(&workspace),
                None => !served.is_empty(),
            };
            if !is_known {
                return Err(Refusal::UnknownOrigin.into());
            }
        }
        Self::of(&wanted)
    }

    /// The host whose pages may use the passkeys that are registered here.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    pub fn webauthn(&self) -> Result<Webauthn> {
        WebauthnBuilder::new(&self.id, &self.origin)
            .and_then(|builder| builder.rp_name(NAME).build())
            .map_err(Error::internal)
    }

    /// Asks for a signature by one of these passkeys, or by any if none are named.
    pub fn ask(&self, own: &[passkey::Model]) -> Result<(Value, DiscoverableAuthentication)> {
        let (asked, state) = self.webauthn()?.start_discoverable_authentication().map_err(Error::internal)?;
        let mut options = serde_json::to_value(&asked.public_key).map_err(Error::internal)?;
        options["allowCredentials"] = own
            .iter()
            .map(|row| {
                use base64::Engine;
                let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&row.credential_id);
                json!({ "type": "public-key", "id": id })
            })
            .collect();
        Ok((options, state))
    }
}

/// The workspaces whose front end is at this origin.
async fn served_by(connection: &impl ConnectionTrait, origin: &str) -> Result<Vec<WorkspaceId>> {
    let find = workspace::Entity::find().filter(workspace::Column::FrontEndUrl.is_not_null());
    let rows = find.all(connection).await?;
    let served = rows.into_iter().filter(|row| {
        row.front_end_url.as_deref().and_then(origin_of).is_some_and(|address| address == origin)
    });
    Ok(served.map(|row| row.id).collect())
}

/// To which workspaces something proves itself that was signed on the pages of this origin; `None`: to all.
pub(super) async fn opens(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    origin: &str,
) -> Result<Option<Vec<WorkspaceId>>> {
    match origin_of(&installation.public_url).is_some_and(|own| own == origin) {
        true => Ok(None),
        false => served_by(connection, origin).await.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_for_a_name() {
        assert!(RelyingParty::of("http://127.0.0.1:8080").is_err(), "a bare address");
        assert_eq!(RelyingParty::of("http://localhost:8080").unwrap().id(), "localhost");
    }
}
