//! What a company's directory has, here.

use async_graphql::Context;
use portaria_domain::directory::{credential, group};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::directory::{DirectoryCredential, DirectoryGroup};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct DirectoryQuery;

impl Subject for DirectoryQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl DirectoryQuery {
    /// The directory credentials, newest first, those that have ended included.
    #[requires(IntegrationRead)]
    async fn directory_credentials(&self, ctx: &Context<'_>) -> Result<Vec<DirectoryCredential>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = credential::all(request.installation.database.reader(), workspace).await?;
        DirectoryCredential::all_of(request, rows).await
    }

    /// The groups of the directory, by name, with what they stand for.
    #[requires(IntegrationRead)]
    async fn directory_groups(&self, ctx: &Context<'_>) -> Result<Vec<DirectoryGroup>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = group::all(request.installation.database.reader(), workspace).await?;
        DirectoryGroup::all_of(request, rows).await
    }
}
