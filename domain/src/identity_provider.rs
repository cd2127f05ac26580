//! Identity providers of a workspace: who may vouch for its members, and which roles their claims confer.
//!
//! To configure a mapping is to grant what it gives, by the rules of every grant. The issuer of a provider never changes:
//! whoever could change it could name other people with the subjects that are linked already.

mod mapping;

use portaria_entity::id::{IdentityProviderId, WorkspaceId};
use portaria_entity::{identity_provider, role_mapping};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, Refusal, Result};
use crate::external_identity;
use crate::granting::{Change, stated};
use crate::installation::Installation;

pub use mapping::{NewMapping, in_force};
pub(crate) use mapping::{dispose, hand_on};

const NAME_CHARS: usize = 100;
const TEXT_CHARS: usize = 500;
/// Without it there is no identity token.
const OPENID: &str = "openid";

/// A provider to be configured.
pub struct NewProvider<'a> {
    pub issuer: &'a str,
    pub settings: Settings<'a>,
    pub mappings: &'a [NewMapping],
}

/// What can be set of a provider; what is `None` stays as it was, or as it is by default.
#[derive(Clone, Copy, Default)]
pub struct Settings<'a> {
    pub name: Option<&'a str>,
    pub client_id: Option<&'a str>,
    /// `Some(None)`: a public client from now on.
    pub client_secret: Option<Option<&'a str>>,
    pub scopes: Option<&'a [String]>,
    pub second_factor_acr: Option<&'a [String]>,
    pub second_factor_amr: Option<&'a [String]>,
    pub creates_members: Option<bool>,
}

/// A provider with the mappings that are in force.
#[derive(Clone, Debug)]
pub struct ProviderRow {
    pub provider: identity_provider::Model,
    pub mappings: Vec<role_mapping::Model>,
}

/// Configures a provider. Its mappings must be its maker's to grant.
pub async fn create(change: &mut Change<'_>, new: NewProvider<'_>) -> Result<ProviderRow> {
    let name = stated(new.settings.name.unwrap_or_default(), Refusal::NameMissing)?;
    let mut row = identity_provider::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: name.to_owned(),
        issuer: short("an issuer", new.issuer)?,
        client_id: String::new(),
        sealed_client_secret: None,
        sealing_key: None,
        scopes: [OPENID, "email", "profile"].join(" "),
        second_factor_acr: String::new(),
        second_factor_amr: String::new(),
        creates_members: false,
        configured_by: change.author().ok_or(Error::PersonRequired)?,
        created_at: change.now,
        deleted_at: None,
    };
    set(change.installation, &mut row, new.settings)?;
    if row.client_id.is_empty() {
        return Err(Error::BadInput("a client needs an id".to_owned()));
    }
    identity_provider::Entity::insert(identity_provider::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    mapping::replace(change, row.id, new.mappings).await?;
    let made = find(&change.transaction, (change.workspace_id, row.id)).await?;
    change.record("identity_provider.created", row.id, (None, Some(told(&made)))).await?;
    Ok(made)
}

/// Changes a provider, and perhaps puts other mappings in the place of its own.
pub async fn update(
    change: &mut Change<'_>,
    id: IdentityProviderId,
    settings: Settings<'_>,
    mappings: Option<&[NewMapping]>,
) -> Result<ProviderRow> {
    let before = find(&change.transaction, (change.workspace_id, id)).await?;
    let mut row = before.provider.clone();
    set(change.installation, &mut row, settings)?;
    row.configured_by = change.author().ok_or(Error::PersonRequired)?;
    let all = identity_provider::ActiveModel::from(row).reset_all();
    identity_provider::Entity::update(all).exec(&change.transaction).await?;
    if let Some(mappings) = mappings {
        mapping::replace(change, id, mappings).await?;
    }
    let after = find(&change.transaction, (change.workspace_id, id)).await?;
    change.record("identity_provider.updated", id, (Some(told(&before)), Some(told(&after)))).await?;
    Ok(after)
}

/// Takes a provider away: what its mappings gave, the sessions that it opened and its links to members end with it.
pub async fn delete(change: &mut Change<'_>, id: IdentityProviderId) -> Result<IdentityProviderId> {
    let before = find(&change.transaction, (change.workspace_id, id)).await?;
    mapping::replace(change, id, &[]).await?;
    for identity in external_identity::of_provider(&change.transaction, (change.workspace_id, id)).await? {
        if change.author() != Some(identity.member_id) {
            change.touch(identity.member_id)?;
        }
        external_identity::end(change, &identity).await?;
    }
    let sql = "UPDATE identity_providers SET deleted_at = $3, sealed_client_secret = NULL, sealing_key = NULL \
               WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), change.now.0.into()]).await?;
    change.record("identity_provider.deleted", id, (Some(told(&before)), None)).await?;
    Ok(id)
}

/// Puts settings into a row.
fn set(
    installation: &Installation,
    row: &mut identity_provider::Model,
    settings: Settings<'_>,
) -> Result<()> {
    if let Some(name) = settings.name {
        row.name = stated(name, Refusal::NameMissing)?.chars().take(NAME_CHARS).collect();
    }
    if let Some(client_id) = settings.client_id {
        row.client_id = short("a client's id", client_id)?;
    }
    match settings.client_secret {
        None => {}
        Some(None) => (row.sealed_client_secret, row.sealing_key) = (None, None),
        Some(Some(secret)) => {
            let sealed =
                installation.keys.seal(short("a secret", secret)?.as_bytes(), row.id.0.as_bytes())?;
            (row.sealed_client_secret, row.sealing_key) = (Some(sealed.bytes), Some(sealed.key));
        }
    }
    if let Some(scopes) = settings.scopes {
        row.scopes = words(scopes)?;
        if !row.scopes.split(' ').any(|scope| scope == OPENID) {
            row.scopes = format!("{OPENID} {}", row.scopes).trim_end().to_owned();
        }
    }
    if let Some(values) = settings.second_factor_acr {
        row.second_factor_acr = words(values)?;
    }
    if let Some(values) = settings.second_factor_amr {
        row.second_factor_amr = words(values)?;
    }
    row.creates_members = settings.creates_members.unwrap_or(row.creates_members);
    Ok(())
}

fn short(what: &str, text: &str) -> Result<String> {
    let text = text.trim();
    match text.is_empty() || text.chars().count() > TEXT_CHARS || text.contains(char::is_control) {
        true => Err(Error::BadInput(format!("{what} has from 1 to {TEXT_CHARS} characters"))),
        false => Ok(text.to_owned()),
    }
}

/// Words that contain no spaces, with spaces between them.
fn words(words: &[String]) -> Result<String> {
    if words
        .iter()
        .any(|word| word.is_empty() || word.contains(|c: char| c.is_whitespace() || c.is_control()))
    {
        return Err(Error::BadInput("values have no spaces".to_owned()));
    }
    let text = words.join(" ");
    if text.is_empty() { Ok(text) } else { short("a list of values", &text) }
}

/// A provider that is not deleted.
pub async fn find(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, IdentityProviderId),
) -> Result<ProviderRow> {
    let find = identity_provider::Entity::find_by_id((workspace, id))
        .filter(identity_provider::Column::DeletedAt.is_null());
    let provider = find.one(connection).await?.ok_or(Error::NotFound)?;
    Ok(ProviderRow { mappings: in_force(connection, workspace, &[id]).await?, provider })
}

/// The providers of a workspace, oldest first.
pub async fn all(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Vec<ProviderRow>> {
    let providers = identity_provider::Entity::find()
        .filter(identity_provider::Column::WorkspaceId.eq(workspace))
        .filter(identity_provider::Column::DeletedAt.is_null())
        .order_by_asc(identity_provider::Column::Id)
        .all(connection)
        .await?;
    let ids: Vec<_> = providers.iter().map(|provider| provider.id).collect();
    let mappings = in_force(connection, workspace, &ids).await?;
    let with_mappings = |provider: identity_provider::Model| {
        let own = mappings.iter().filter(|mapping| mapping.provider_id == provider.id).cloned().collect();
        ProviderRow { provider, mappings: own }
    };
    Ok(providers.into_iter().map(with_mappings).collect())
}

/// The secret with which the provider knows this client; none of a public one.
pub fn client_secret(
    installation: &Installation,
    provider: &identity_provider::Model,
) -> Result<Option<Zeroizing<String>>> {
    let (Some(sealed), Some(key)) = (&provider.sealed_client_secret, &provider.sealing_key) else {
        return Ok(None);
    };
    let opened = installation.keys.open(sealed, key, provider.id.0.as_bytes())?;
    Ok(Some(Zeroizing::new(String::from_utf8(opened.to_vec()).map_err(Error::internal)?)))
}

/// A provider as the activity log tells it. Its secret is not told.
fn told(row: &ProviderRow) -> Value {
    let provider = &row.provider;
    let mappings: Vec<Value> = row.mappings.iter().map(mapping::told).collect();
    json!({
        "name": provider.name,
        "issuer": provider.issuer,
        "clientId": provider.client_id,
        "confidential": provider.sealed_client_secret.is_some(),
        "scopes": provider.scopes,
        "secondFactorAcr": provider.second_factor_acr,
        "secondFactorAmr": provider.second_factor_amr,
        "createsMembers": provider.creates_members,
        "mappings": mappings,
    })
}
