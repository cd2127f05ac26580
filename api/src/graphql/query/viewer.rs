//! Who asks, and anything by its id.

use async_graphql::{Context, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::node::{self, Node};
use crate::graphql::viewer::Viewer as ViewerObject;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ViewerQuery;

impl Subject for ViewerQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl ViewerQuery {
    /// Who asks; null, without an error, for who has not signed in.
    #[public]
    async fn viewer(&self, ctx: &Context<'_>) -> Option<ViewerObject> {
        Request::of(ctx).viewer.clone().map(ViewerObject)
    }

    /// Anything by its id.
    #[authenticated]
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Id of a conversation, contact, member, message, channel, team, role, template or finding."
        )]
        id: ID,
    ) -> Result<Option<Node>> {
        Ok(Some(node::find(Request::of(ctx), &id).await?))
    }
}
