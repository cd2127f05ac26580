//! Which sessions are open.

use std::collections::HashMap;

use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{session, session_policy, workspace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

use crate::device::Device;
use crate::error::Result;
use crate::session_policy::SessionPolicy;
use crate::viewer::Viewer;

use super::within;

/// A session that can be used.
#[derive(Clone, Debug)]
pub struct OpenSession {
    pub session: session::Model,
    /// What the workspace that it is in is called.
    pub workspace: String,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// When it ends unless it is used.
    pub idle_at: Timestamp,
}

impl OpenSession {
    pub fn device(&self) -> Device {
        Device::from_user_agent(&self.session.user_agent)
    }
}

/// The viewer's open sessions in every workspace, last used first; of who proved themselves to one workspace alone, those
/// in that one.
pub async fn of_viewer(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    now: Timestamp,
) -> Result<Vec<OpenSession>> {
    let own = viewer.session()?;
    let find = session::Entity::find()
        .filter(session::Column::UserId.eq(own.user_id))
        .filter(within(session::Column::WorkspaceId, own.confined.then_some(viewer.workspace_id)));
    open(connection, find, now).await
}

/// The open sessions of some members in this workspace, last used first.
pub async fn of_members(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    members: &[MemberId],
    now: Timestamp,
) -> Result<Vec<OpenSession>> {
    let find = session::Entity::find()
        .filter(session::Column::WorkspaceId.eq(workspace))
        .filter(session::Column::MemberId.is_in(members.iter().copied()));
    open(connection, find, now).await
}

async fn open(
    connection: &impl ConnectionTrait,
    find: sea_orm::Select<session::Entity>,
    now: Timestamp,
) -> Result<Vec<OpenSession>> {
    let sessions = find
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
        .order_by_desc(session::Column::LastUsedAt)
        .order_by_desc(session::Column::Id)
        .all(connection)
        .await?;
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sessions.iter().map(|session| session.workspace_id);
    let policy = workspace::Entity::belongs_to(session_policy::Entity)
        .from(workspace::Column::Id)
        .to(session_policy::Column::WorkspaceId);
    let rows = workspace::Entity::find()
        .filter(workspace::Column::Id.is_in(ids))
        .join(JoinType::LeftJoin, policy.into())
        .select_also(session_policy::Entity)
        .all(connection)
        .await?;
    let workspaces: HashMap<WorkspaceId, (String, SessionPolicy)> = rows
        .into_iter()
        .map(|(row, policy)| {
            let limits = policy.map(|row| (row.idle_minutes, row.lifetime_minutes)).unzip();
            (row.id, (row.name, SessionPolicy::of_columns(limits.0, limits.1)))
        })
        .collect();
    let with_limits = |session: session::Model| {
        let (workspace, policy) = workspaces.get(&session.workspace_id).cloned().unwrap_or_default();
        OpenSession {
            workspace,
            expires_at: session.expires_at.min(session.created_at + policy.lifetime()),
            idle_at: session.last_used_at + policy.idle(),
            session,
        }
    };
    let open = |session: &OpenSession| session.expires_at > now && session.idle_at > now;
    Ok(sessions.into_iter().map(with_limits).filter(open).collect())
}
