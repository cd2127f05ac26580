//! For whom less would do.

use std::sync::Arc;

use async_graphql::Context;
use portaria_domain::least_privilege;
use portaria_domain::permission::PermissionSet;
use portaria_domain::permission_use::Whose;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::MemberId;
use portaria_guard::guarded;
use uuid::Uuid;

use crate::error::Result;
use crate::graphql::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use crate::graphql::least_privilege::LeastPrivilege;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct LeastPrivilegeQuery;

impl Subject for LeastPrivilegeQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

fn cursor(advice: &LeastPrivilege) -> String {
    match advice.0.whose {
        Whose::Member(id) => encode_cursor(&[id.0.as_bytes()]),
        Whose::ApiKey(id) => encode_cursor(&[id.0.as_bytes()]),
    }
}

#[guarded]
impl LeastPrivilegeQuery {
    /// The active members for whom less would have sufficed, longest members first. At most 100 a page.
    #[requires(AccessAuditRead)]
    async fn least_privilege_advice(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many days are looked at, from 30 to 366; 90 if not said.")] days: Option<i32>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<LeastPrivilege>> {
        let request = Request::of(ctx);
        let (size, lookback) = (PageSize::new(first)?, LeastPrivilege::lookback(days)?);
        let after = after.map(|after| decode_cursor::<16>(&after)).transpose()?;
        let after = after.map(|bytes| MemberId(Uuid::from_bytes(bytes)));
        let (database, workspace) = (&request.installation.database, request.viewer()?.workspace_id);
        let at = (lookback, request.now);
        let limit = usize::try_from(size.limit()).unwrap_or(usize::MAX);
        let found = least_privilege::page(database.reader(), database, (workspace, after), at, limit).await?;
        let rows = found.into_iter().map(|(_, advice)| LeastPrivilege(Arc::new(advice))).collect();
        Ok(Connection::new(size, rows, cursor))
    }
}
