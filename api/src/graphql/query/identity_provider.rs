//! By what one may sign in besides a password.

use async_graphql::Context;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::{external_identity, identity_provider, single_sign_on};
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::identity_provider::{ExternalIdentity, IdentityProvider, SignInProvider};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct IdentityProviderQuery;

impl Subject for IdentityProviderQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl IdentityProviderQuery {
    /// By which identity providers the people of a workspace sign in: what a sign-in page shows. Empty when there are none,
    /// and when there is no such workspace.
    #[public]
    async fn sign_in_providers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The workspace: its id (`ws_...`) or short name.")] workspace: String,
    ) -> async_graphql::Result<Vec<SignInProvider>> {
        let reader = Request::of(ctx).installation.database.reader();
        let rows =
            single_sign_on::providers(reader, &workspace).await.map_err(crate::error::Problem::from)?;
        let shown = |row: identity_provider::ProviderRow| SignInProvider {
            id: row.provider.id,
            name: row.provider.name,
            workspace: row.provider.workspace_id.to_string(),
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// The identity providers of the workspace, as they are configured.
    #[requires(SecurityPolicyManage)]
    async fn identity_providers(&self, ctx: &Context<'_>) -> Result<Vec<IdentityProvider>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = identity_provider::all(request.installation.database.reader(), workspace).await?;
        IdentityProvider::all_of(request, rows).await
    }

    /// By which identities of providers the viewer may sign in to this workspace.
    #[authenticated]
    async fn linked_identities(&self, ctx: &Context<'_>) -> Result<Option<Vec<ExternalIdentity>>> {
        let request = Request::of(ctx);
        let (viewer, reader) = (request.viewer()?, request.installation.database.reader());
        let own = (viewer.workspace_id, viewer.session()?.member_id);
        let providers = identity_provider::all(reader, viewer.workspace_id).await?;
        let mut identities = Vec::new();
        for row in external_identity::of_member(reader, own).await? {
            if let Some(named) = providers.iter().find(|one| one.provider.id == row.provider_id) {
                identities.push(ExternalIdentity { row, provider_name: named.provider.name.clone() });
            }
        }
        Ok(Some(identities))
    }
}
