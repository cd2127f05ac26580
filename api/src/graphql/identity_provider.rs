//! Identity providers: by what the people of a workspace may sign in besides a password, and which roles follow from it.

use std::collections::HashMap;

use async_graphql::{Context, ID};
use portaria_domain::identity_provider::ProviderRow;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::{external_identity, role};
use portaria_entity::id::{IdentityProviderId, RoleId};
use portaria_entity::{external_identity as identity_entity, role_mapping};
use portaria_guard::guarded;

use super::grant::ScopeKind;
use super::member::Member;
use super::role::Role;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;
use crate::single_sign_on::redirect_uri;

pub struct IdentityProvider {
    row: ProviderRow,
    mappings: Vec<RoleMapping>,
}

impl IdentityProvider {
    /// Puts their roles beside the mappings of some providers.
    pub async fn all_of(request: &Request, rows: Vec<ProviderRow>) -> Result<Vec<Self>> {
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let roles: HashMap<RoleId, role::RoleRow> =
            role::all(reader, workspace).await?.into_iter().map(|row| (row.role.id, row)).collect();
        let mapping = |row: &role_mapping::Model| {
            let role = roles.get(&row.role_id)?;
            Some(RoleMapping { row: row.clone(), role: Role { row: role.clone(), own: false } })
        };
        Ok(rows
            .into_iter()
            .map(|row| Self { mappings: row.mappings.iter().filter_map(mapping).collect(), row })
            .collect())
    }
}

impl Subject for IdentityProvider {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

/// An OpenID Connect provider that vouches for members of the workspace, and the workspace as its client.
#[guarded]
impl IdentityProvider {
    /// Starts with `idp_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.provider.id.into()
    }

    /// As people know it.
    #[requires(SecurityPolicyManage)]
    fn name(&self) -> &str {
        &self.row.provider.name
    }

    /// Its address, by which it also calls itself. It never changes.
    #[requires(SecurityPolicyManage)]
    fn issuer(&self) -> &str {
        &self.row.provider.issuer
    }

    /// By which it knows this client.
    #[requires(SecurityPolicyManage)]
    fn client_id(&self) -> &str {
        &self.row.provider.client_id
    }

    /// Whether a secret of the client is kept. It is never shown.
    #[requires(SecurityPolicyManage)]
    fn has_client_secret(&self) -> bool {
        self.row.provider.sealed_client_secret.is_some()
    }

    /// The address to register with the provider, to the letter: it sends browsers back there. No other provider has the same.
    #[requires(SecurityPolicyManage)]
    fn redirect_uri(&self, ctx: &Context<'_>) -> String {
        redirect_uri(&Request::of(ctx).installation, self.row.provider.id)
    }

    /// What it is asked for.
    #[requires(SecurityPolicyManage)]
    fn scopes(&self) -> Vec<&str> {
        words(&self.row.provider.scopes)
    }

    /// Values of the claim `acr` that stand for a second factor.
    #[requires(SecurityPolicyManage)]
    fn second_factor_acr(&self) -> Vec<&str> {
        words(&self.row.provider.second_factor_acr)
    }

    /// Values of the claim `amr` that stand for a second factor.
    #[requires(SecurityPolicyManage)]
    fn second_factor_amr(&self) -> Vec<&str> {
        words(&self.row.provider.second_factor_amr)
    }

    /// Whether who is unknown becomes a member at their first sign-in, when a role is mapped for them.
    #[requires(SecurityPolicyManage)]
    fn creates_members(&self) -> bool {
        self.row.provider.creates_members
    }

    /// Which roles follow from its claims, at each sign-in.
    #[requires(SecurityPolicyManage)]
    fn mappings(&self) -> &[RoleMapping] {
        &self.mappings
    }

    /// Whom it knows here.
    #[requires(SecurityPolicyManage)]
    async fn identities(&self, ctx: &Context<'_>) -> Result<Vec<ExternalIdentity>> {
        let (provider, reader) = (&self.row.provider, Request::of(ctx).installation.database.reader());
        let rows = external_identity::of_provider(reader, (provider.workspace_id, provider.id)).await?;
        let named = |row| ExternalIdentity { row, provider_name: provider.name.clone() };
        Ok(rows.into_iter().map(named).collect())
    }
}

pub struct RoleMapping {
    row: role_mapping::Model,
    role: Role,
}

impl Subject for RoleMapping {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A role that goes to everybody of whom a provider claims something.
#[guarded]
impl RoleMapping {
    /// Starts with `map_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Name of the claim, or a path through objects, with dots: `realm_access.roles`.
    #[requires(SecurityPolicyManage)]
    fn claim(&self) -> &str {
        &self.row.claim
    }

    /// What the claim must be, or have among its values.
    #[requires(SecurityPolicyManage)]
    fn value(&self) -> &str {
        &self.row.value
    }

    /// The role.
    #[requires(SecurityPolicyManage)]
    fn role(&self) -> &Role {
        &self.role
    }

    /// Where it holds.
    #[requires(SecurityPolicyManage)]
    fn scope_kind(&self) -> ScopeKind {
        match (self.row.channel_id, self.row.team_id) {
            (Some(_), _) => ScopeKind::Channel,
            (None, Some(_)) => ScopeKind::Team,
            (None, None) => ScopeKind::Workspace,
        }
    }

    /// Id of the channel or team it holds for; null for the whole workspace.
    #[requires(SecurityPolicyManage)]
    fn scope_id(&self) -> Option<ID> {
        self.row.channel_id.map(ID::from).or(self.row.team_id.map(ID::from))
    }
}

pub struct ExternalIdentity {
    pub row: identity_entity::Model,
    pub provider_name: String,
}

impl Subject for ExternalIdentity {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        viewer.is_member(self.row.member_id)
    }
}

/// By which name an identity provider knows a member. It opens this workspace, and no other of the same person.
#[guarded]
impl ExternalIdentity {
    /// Starts with `xid_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Which provider.
    #[requires(SecurityPolicyManage, or_self)]
    fn provider_name(&self) -> &str {
        &self.provider_name
    }

    /// The provider's own name for the person (`sub`).
    #[requires(SecurityPolicyManage, or_self)]
    fn subject(&self) -> &str {
        &self.row.subject
    }

    /// Whose it is.
    #[requires(SecurityPolicyManage, or_self)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.row.member_id).await?.map(Member))
    }

    /// When it was linked.
    #[requires(SecurityPolicyManage, or_self)]
    fn linked_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// When it last signed in; null when never.
    #[requires(SecurityPolicyManage, or_self)]
    fn last_used_at(&self) -> Option<DateTime> {
        self.row.last_used_at.map(Into::into)
    }
}

pub struct SignInProvider {
    pub id: IdentityProviderId,
    pub name: String,
    pub workspace: String,
}

/// A way to sign in, as a sign-in page shows it.
#[guarded]
impl SignInProvider {
    /// Starts with `idp_`.
    #[public]
    fn id(&self) -> ID {
        self.id.into()
    }

    /// As people know it.
    #[public]
    fn name(&self) -> &str {
        &self.name
    }

    /// Where to send a browser whose pages come from the same site as this API. Add `?path=/...` for where in the front end
    /// it shall end. Others use `beginSingleSignOn`.
    #[public]
    fn start_path(&self) -> String {
        format!("/sso/{}/{}", self.workspace, self.id)
    }
}
