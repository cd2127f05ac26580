//! Labels.

use async_graphql::Context;
use portaria_domain::label;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::label::Label;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct LabelQuery;

impl Subject for LabelQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

#[guarded]
impl LabelQuery {
    /// What conversations can be marked with, by name.
    #[requires(WorkspaceRead)]
    async fn labels(&self, ctx: &Context<'_>) -> Result<Vec<Label>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = label::all(request.installation.database.reader(), workspace).await?;
        Ok(rows.into_iter().map(|row| Label(row.into())).collect())
    }
}
