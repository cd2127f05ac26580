//! Configuring identity providers.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject};
use portaria_domain::error::Refusal;
use portaria_domain::identity_provider::{self, NewMapping, NewProvider, Settings};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::grant::GrantScopeInput;
use crate::graphql::id::parse;
use crate::graphql::identity_provider::IdentityProvider;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;
use crate::single_sign_on::Providers;

#[derive(Default)]
pub struct IdentityProviderMutation;

impl Subject for IdentityProviderMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A role for everybody of whom the provider claims something.
#[derive(InputObject)]
pub struct RoleMappingInput {
    /// Name of the claim in the identity token, or a path through objects, with dots: `groups`, `realm_access.roles`.
    claim: String,
    /// What the claim must be, or have among its values.
    value: String,
    /// Which role (`role_...`).
    role_id: ID,
    /// Where it shall hold.
    scope: GrantScopeInput,
}

impl RoleMappingInput {
    fn parse(&self) -> Result<NewMapping> {
        Ok(NewMapping {
            claim: self.claim.trim().to_owned(),
            value: self.value.trim().to_owned(),
            role_id: parse(&self.role_id)?,
            scope: self.scope.parse()?,
        })
    }
}

/// An OpenID Connect provider, and the client that is registered there for this workspace.
#[derive(InputObject)]
pub struct CreateIdentityProviderInput {
    /// As people know it: it stands on the sign-in page.
    name: String,
    /// Its address, exactly as it calls itself in its discovery document: `https://login.example.com/realm`.
    issuer: String,
    /// By which it knows the client.
    client_id: String,
    /// The client's secret, kept sealed and never shown; none for a public client.
    client_secret: Option<String>,
    /// What to ask for; `openid`, `email` and `profile` if not said.
    scopes: Option<Vec<String>>,
    /// Values of the claim `acr` that stand for a second factor.
    second_factor_acr: Option<Vec<String>>,
    /// Values of the claim `amr` that stand for a second factor: `mfa`, `hwk`.
    second_factor_amr: Option<Vec<String>>,
    /// Whether who is unknown becomes a member at their first sign-in, when a role is mapped for them.
    #[graphql(default)]
    creates_members: bool,
    /// Which roles follow from its claims.
    #[graphql(default)]
    mappings: Vec<RoleMappingInput>,
}

/// What shall be different about a provider; what is not said stays. Its issuer never changes.
#[derive(InputObject)]
pub struct UpdateIdentityProviderInput {
    /// Which provider (`idp_...`).
    identity_provider_id: ID,
    /// As people know it.
    name: Option<String>,
    /// By which it knows the client.
    client_id: Option<String>,
    /// A new secret of the client. An empty one makes the client a public one.
    client_secret: Option<String>,
    /// What to ask for.
    scopes: Option<Vec<String>>,
    /// Values of the claim `acr` that stand for a second factor.
    second_factor_acr: Option<Vec<String>>,
    /// Values of the claim `amr` that stand for a second factor.
    second_factor_amr: Option<Vec<String>>,
    /// Whether who is unknown becomes a member at their first sign-in, when a role is mapped for them.
    creates_members: Option<bool>,
    /// Which roles follow from its claims, in the place of those that do so far: grants of one that is left out end.
    mappings: Option<Vec<RoleMappingInput>>,
}

/// Which provider.
#[derive(InputObject)]
pub struct DeleteIdentityProviderInput {
    /// Which provider (`idp_...`).
    identity_provider_id: ID,
}

pub struct DeletedIdentityProvider(ID);

/// That a provider is deleted.
#[guarded]
impl DeletedIdentityProvider {
    /// Which it was (`idp_...`).
    #[authenticated]
    fn id(&self) -> &ID {
        &self.0
    }
}

payload! {
    /// What came of configuring a provider.
    CreateIdentityProviderPayload [authenticated] {
        /// The new provider; null when it was refused.
        identity_provider: IdentityProvider
    }
    CreateIdentityProviderUserError, CreateIdentityProviderErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// Not an address that Portaria asks: it begins with `https://`, without a query, and is no address of a private network.
        InvalidIssuer = InvalidIssuer at "issuer",
        /// The viewer does not hold there what a mapping would give.
        NotHeld = NotHeld at "mappings",
        /// The viewer does not hold for good what a mapping would give.
        OutlastsGranter = OutlastsGranter at "mappings",
        /// A mapping's role allows nothing in its scope.
        NothingConferred = NothingConferred at "mappings",
    }
}

payload! {
    /// What came of changing a provider.
    UpdateIdentityProviderPayload [authenticated] {
        /// The provider as it is now; null when it was refused.
        identity_provider: IdentityProvider
    }
    UpdateIdentityProviderUserError, UpdateIdentityProviderErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// The viewer does not hold there what a mapping would give.
        NotHeld = NotHeld at "mappings",
        /// The viewer does not hold for good what a mapping would give.
        OutlastsGranter = OutlastsGranter at "mappings",
        /// A mapping's role allows nothing in its scope.
        NothingConferred = NothingConferred at "mappings",
        /// A mapping that would be left out gives what the viewer does not hold, or has given it to somebody who holds more.
        HoldsMore = HoldsMore at "mappings",
        /// A mapping that would be left out has given the viewer a role: somebody else has to do it.
        OwnAccess = OwnAccess at "mappings",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator at "mappings",
    }
}

payload! {
    /// What came of deleting a provider.
    DeleteIdentityProviderPayload [authenticated] {
        /// The provider that is gone; null when it was refused.
        deleted: DeletedIdentityProvider
    }
    DeleteIdentityProviderUserError, DeleteIdentityProviderErrorCode {
        /// Somebody who signs in by it, or one of its mappings, holds what the viewer does not.
        HoldsMore = HoldsMore at "identityProviderId",
        /// It has given the viewer a role: somebody else has to do it.
        OwnAccess = OwnAccess at "identityProviderId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator at "identityProviderId",
    }
}

fn parse_all(mappings: &[RoleMappingInput]) -> Result<Vec<NewMapping>> {
    mappings.iter().map(RoleMappingInput::parse).collect()
}

#[guarded]
impl IdentityProviderMutation {
    /// Lets members sign in by an OpenID Connect provider. To map a claim to a role is to grant it: one maps only what one
    /// holds oneself, there and for good. Register `redirectUri` of the result with the provider.
    #[requires(SecurityPolicyManage)]
    async fn create_identity_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The provider, and this workspace as its client.")]
        input: CreateIdentityProviderInput,
    ) -> Result<CreateIdentityProviderPayload> {
        let request = Request::of(ctx);
        let mappings = parse_all(&input.mappings)?;
        let issuer = input.issuer.trim();
        let settings = Settings {
            name: Some(&input.name),
            client_id: Some(&input.client_id),
            client_secret: input
                .client_secret
                .as_deref()
                .map(|secret| Some(secret).filter(|text| !text.is_empty())),
            scopes: input.scopes.as_deref(),
            second_factor_acr: input.second_factor_acr.as_deref(),
            second_factor_amr: input.second_factor_amr.as_deref(),
            creates_members: Some(input.creates_members),
        };
        let outcome = async {
            let mut change = begin(request, Permission::SecurityPolicyManage).await?;
            permit_issuer(ctx, issuer)?;
            let new = NewProvider { issuer, settings, mappings: &mappings };
            let row = identity_provider::create(&mut change, new).await?;
            change.finish().await?;
            Ok(IdentityProvider::all_of(request, vec![row]).await?.pop())
        };
        CreateIdentityProviderPayload::new(outcome.await)
    }

    /// Changes how members sign in by a provider, in force at their next sign-in; of a mapping that is left out, at once.
    #[requires(SecurityPolicyManage)]
    async fn update_identity_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which provider, and what shall be different.")] input: UpdateIdentityProviderInput,
    ) -> Result<UpdateIdentityProviderPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.identity_provider_id)?;
        let mappings = input.mappings.as_deref().map(parse_all).transpose()?;
        let settings = Settings {
            name: input.name.as_deref(),
            client_id: input.client_id.as_deref(),
            client_secret: input
                .client_secret
                .as_deref()
                .map(|secret| Some(secret).filter(|text| !text.is_empty())),
            scopes: input.scopes.as_deref(),
            second_factor_acr: input.second_factor_acr.as_deref(),
            second_factor_amr: input.second_factor_amr.as_deref(),
            creates_members: input.creates_members,
        };
        let outcome = async {
            let mut change = begin(request, Permission::SecurityPolicyManage).await?;
            let row = identity_provider::update(&mut change, id, settings, mappings.as_deref()).await?;
            change.finish().await?;
            Ok(IdentityProvider::all_of(request, vec![row]).await?.pop())
        };
        UpdateIdentityProviderPayload::new(outcome.await)
    }

    /// Ends signing in by a provider: the sessions that it opened, its links to members and what its mappings have given.
    #[requires(SecurityPolicyManage)]
    async fn delete_identity_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which provider.")] input: DeleteIdentityProviderInput,
    ) -> Result<DeleteIdentityProviderPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.identity_provider_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::SecurityPolicyManage).await?;
            let id = identity_provider::delete(&mut change, id).await?;
            change.finish().await?;
            Ok(Some(DeletedIdentityProvider(id.into())))
        };
        DeleteIdentityProviderPayload::new(outcome.await)
    }
}

/// Refuses an issuer that would not be asked anyway, so that it is told now.
fn permit_issuer(ctx: &Context<'_>, issuer: &str) -> portaria_domain::Result<()> {
    let providers = ctx.data_opt::<Arc<Providers>>().ok_or(Refusal::InvalidIssuer)?;
    match providers.outbound.permit(issuer) {
        Ok(url) if url.query().is_none() && url.fragment().is_none() => Ok(()),
        Ok(_) | Err(_) => Err(Refusal::InvalidIssuer.into()),
    }
}
