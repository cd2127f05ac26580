//! What it takes to manage people: invitations, the catalogue for a role editor, and how roles differ.

use std::sync::LazyLock;

use async_graphql::{Context, ID};
use portaria_domain::language::Language;
use portaria_domain::permission::{Breadth, Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_domain::{api_key, invitation, role};
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::api_key::ApiKey;
use crate::graphql::grant::ScopeKind;
use crate::graphql::id::parse;
use crate::graphql::invitation::{Invitation, InvitationPreview};
use crate::graphql::permission::PermissionKey;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct PeopleQuery;

impl Subject for PeopleQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A permission as the catalogue describes it.
pub struct CataloguePermission(Permission);

/// The permissions that some field asks for. The others guard nothing yet.
static GUARDING: LazyLock<PermissionSet> = LazyLock::new(|| {
    let sdl = crate::graphql::sdl();
    let lists = sdl.split("anyOf: [").skip(1).filter_map(|rest| rest.split(']').next());
    let names: Vec<&str> = lists.flat_map(|list| list.split(',').map(str::trim)).collect();
    Permission::all().filter(|permission| names.contains(&permission.graphql_name().as_str())).collect()
});

/// Something that somebody may be permitted to do, as a role editor shows it.
#[guarded]
impl CataloguePermission {
    /// Its name in this schema.
    #[authenticated]
    fn key(&self) -> PermissionKey {
        self.0.into()
    }

    /// Its stable name elsewhere, e.g. `contact:read_phone`.
    #[authenticated]
    fn name(&self) -> &str {
        self.0.key()
    }

    /// What people call it, in the nearest of Portuguese, English and Spanish.
    #[authenticated]
    fn label(
        &self,
        #[graphql(desc = "Such as `pt-BR`; English for any that is not spoken here.")] language: String,
    ) -> &str {
        self.0.label(Language::from_tag(&language))
    }

    /// What it allows.
    #[authenticated]
    fn description(&self) -> &str {
        self.0.entry().description
    }

    /// Where it may be granted. A narrower grant of a role does not confer it. Empty: every member has it.
    #[authenticated]
    fn scopes(&self) -> Vec<ScopeKind> {
        match self.0.entry().breadth {
            Breadth::Basic => Vec::new(),
            Breadth::Workspace => vec![ScopeKind::Workspace],
            Breadth::Channel => vec![ScopeKind::Workspace, ScopeKind::Channel],
            Breadth::Team => vec![ScopeKind::Workspace, ScopeKind::Channel, ScopeKind::Team],
        }
    }

    /// Whether it needs a two-factor session that was authenticated within the last hour.
    #[authenticated]
    fn sensitive(&self) -> bool {
        self.0.entry().sensitive
    }

    /// Whether it guards nothing yet: a role editor does not offer it.
    #[authenticated]
    fn reserved(&self) -> bool {
        !GUARDING.contains(self.0)
    }
}

pub struct RoleComparison(role::Comparison);

/// How two roles differ.
#[guarded]
impl RoleComparison {
    /// What both allow.
    #[authenticated]
    fn both(&self) -> Vec<PermissionKey> {
        self.0.both.iter().map(Into::into).collect()
    }

    /// What only the first allows.
    #[authenticated]
    fn only_first(&self) -> Vec<PermissionKey> {
        self.0.only_first.iter().map(Into::into).collect()
    }

    /// What only the second allows.
    #[authenticated]
    fn only_second(&self) -> Vec<PermissionKey> {
        self.0.only_second.iter().map(Into::into).collect()
    }
}

#[guarded]
impl PeopleQuery {
    /// Every permission there is, in the order of the catalogue: what a role editor is built from.
    #[requires(RoleRead)]
    async fn permissions(&self) -> Vec<CataloguePermission> {
        Permission::all().map(CataloguePermission).collect()
    }

    /// How two roles differ.
    #[requires(RoleRead)]
    async fn compare_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the first role (`role_...`).")] first_id: ID,
        #[graphql(desc = "Id of the second role (`role_...`).")] second_id: ID,
    ) -> Result<RoleComparison> {
        let request = Request::of(ctx);
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let first = role::find(reader, workspace, parse(&first_id)?).await?;
        let second = role::find(reader, workspace, parse(&second_id)?).await?;
        Ok(RoleComparison(role::compare(first.permissions, second.permissions)))
    }

    /// The API keys, newest first, those that have ended included.
    #[requires(ApiKeyRead)]
    async fn api_keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiKey>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = api_key::all(request.installation.database.reader(), workspace).await?;
        ApiKey::all_of(request, rows).await
    }

    /// The invitations that may still be accepted, oldest first.
    #[requires(MemberReadPrivate)]
    async fn invitations(&self, ctx: &Context<'_>) -> Result<Vec<Invitation>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows =
            invitation::pending(request.installation.database.reader(), workspace, request.now).await?;
        Ok(rows.into_iter().map(Invitation).collect())
    }

    /// The invitation that a letter's token opens; null, without an error, when the token is wrong, used or expired, and
    /// when the invitation was taken back. Ask by POST: the token does not belong into an address.
    #[public]
    async fn invitation_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From the letter.")] token: String,
    ) -> async_graphql::Result<Option<InvitationPreview>> {
        let found =
            invitation::preview(&Request::of(ctx).installation, &token).await.map_err(Problem::from)?;
        Ok(found.map(InvitationPreview))
    }
}
