//! What a workspace consists of: people, roles, numbers, teams.

use std::sync::Arc;

use async_graphql::Context;
use portaria_domain::audit::reader;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::{channel, member, role, session_policy, team};
use portaria_entity::id::MemberId;
use portaria_guard::guarded;
use uuid::Uuid;

use crate::error::Result;
use crate::graphql::audit_schedule::ReportPreference;
use crate::graphql::channel::Channel;
use crate::graphql::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use crate::graphql::member::Member;
use crate::graphql::role::Role;
use crate::graphql::session::SessionPolicy;
use crate::graphql::team::Team;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct WorkspaceQuery;

impl Subject for WorkspaceQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl WorkspaceQuery {
    /// The people of the workspace, in the order in which they joined. At most 100 a page.
    #[requires(MemberRead)]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<Member>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(decode_cursor::<16>).transpose()?;
        let after = after.map(|bytes| MemberId(Uuid::from_bytes(bytes)));
        let reader = request.installation.database.reader();
        let rows = member::page(reader, request.viewer()?, after, size.limit()).await?;
        let rows = rows.into_iter().map(|row| Member(Arc::new(row))).collect();
        Ok(Connection::new(size, rows, |member: &Member| encode_cursor(&[member.0.member.id.0.as_bytes()])))
    }

    /// The roles of the workspace, built-in ones first.
    #[requires(RoleRead)]
    async fn roles(&self, ctx: &Context<'_>) -> Result<Vec<Role>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = role::all(request.installation.database.reader(), workspace).await?;
        Ok(rows.into_iter().map(|row| Role { row, own: false }).collect())
    }

    /// The phone numbers of the workspace.
    #[requires(WorkspaceRead)]
    async fn channels(&self, ctx: &Context<'_>) -> Result<Vec<Channel>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = channel::all(request.installation.database.reader(), workspace).await?;
        Ok(rows.into_iter().map(|row| Channel(row.into())).collect())
    }

    /// How long sessions in the workspace may last.
    #[requires(WorkspaceRead)]
    async fn session_policy(&self, ctx: &Context<'_>) -> Result<SessionPolicy> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        Ok(session_policy::of(request.installation.database.reader(), workspace).await?.into())
    }

    /// How the viewer wants the reports of the audit.
    #[requires(AccessAuditRead)]
    async fn report_preference(&self, ctx: &Context<'_>) -> Result<Option<ReportPreference>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let Some(member) = viewer.member_id() else { return Ok(None) };
        let reader = request.installation.database.reader();
        Ok(Some(reader::preference(reader, (viewer.workspace_id, member)).await?.into()))
    }

    /// The teams of the workspace, by name.
    #[requires(TeamRead)]
    async fn teams(&self, ctx: &Context<'_>) -> Result<Vec<Team>> {
        let request = Request::of(ctx);
        let workspace = request.viewer()?.workspace_id;
        let rows = team::all(request.installation.database.reader(), workspace).await?;
        Ok(rows.into_iter().map(|row| Team(row.into())).collect())
    }
}
