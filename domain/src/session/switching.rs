//! A session in another workspace of the same person. What they proved in this one carries over, and so does its end:
//! going from one workspace to the next makes no session last longer.

use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::{member, session, workspace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Opening, lock, open, within};
use crate::authentication::{Holder, OpenedSession, Origin, Proof};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::session_policy;
use crate::viewer::Viewer;

/// A workspace that a person can sign in to.
#[derive(Clone, Debug)]
pub struct Membership {
    pub workspace_id: WorkspaceId,
    pub member_id: MemberId,
    /// What the workspace is called.
    pub name: String,
}

/// The workspaces that a viewer can go to, in the order in which they joined them: of who proved themselves to one alone,
/// that one.
pub async fn memberships(connection: &impl ConnectionTrait, viewer: &Viewer) -> Result<Vec<Membership>> {
    let session = viewer.session()?;
    let reach = session.confined.then_some(viewer.workspace_id);
    let members = member::Entity::find()
        .filter(member::Column::UserId.eq(session.user_id))
        .filter(within(member::Column::WorkspaceId, reach))
        .filter(member::Column::Status.eq(MemberStatus::Active))
        .order_by_asc(member::Column::CreatedAt)
        .order_by_asc(member::Column::Id)
        .all(connection)
        .await?;
    let ids = members.iter().map(|member| member.workspace_id);
    let workspaces =
        workspace::Entity::find().filter(workspace::Column::Id.is_in(ids)).all(connection).await?;
    let with_name = |member: member::Model| {
        let found = workspaces.iter().find(|row| row.id == member.workspace_id)?;
        Some(Membership { workspace_id: found.id, member_id: member.id, name: found.name.clone() })
    };
    Ok(members.into_iter().filter_map(with_name).collect())
}

/// Opens a session in another workspace that the person is a member of. The one they use stays.
pub async fn switch(
    installation: &Installation,
    viewer: &Viewer,
    to: WorkspaceId,
    origin: Origin,
) -> Result<OpenedSession> {
    let current = *viewer.session()?;
    if to == viewer.workspace_id {
        return Err(Refusal::AlreadyActive.into());
    }
    if current.confined {
        return Err(Refusal::Confined.into());
    }
    let transaction = installation.database.begin().await?;
    // Who ends this session, or is shut out there, beside it has ended the new one too, or there is none.
    lock(&transaction, current.user_id).await?;
    let member = member::Entity::find()
        .filter(member::Column::WorkspaceId.eq(to))
        .filter(member::Column::UserId.eq(current.user_id))
        .filter(member::Column::Status.eq(MemberStatus::Active))
        .lock_shared()
        .one(&transaction)
        .await?
        .ok_or(Error::NotFound)?;
    let from = session::Entity::find_by_id((viewer.workspace_id, current.session_id))
        .filter(session::Column::EndedAt.is_null())
        // What it has proved since under a new token is not for who has the old one.
        .filter(session::Column::TokenHash.eq(current.token.to_vec()))
        .one(&transaction)
        .await?
        .ok_or(Error::NotFound)?;
    let policy = session_policy::of(&transaction, to).await?;
    let opening = Opening {
        holder: Holder { workspace_id: to, user_id: current.user_id, member_id: member.id },
        proof: Proof {
            method: from.authentication_method,
            second_factor: from.second_factor,
            confined: false,
        },
        authenticated_at: from.authenticated_at,
        expires_at: viewer.expires_at.min(installation.clock.now() + policy.lifetime()),
        origin,
    };
    let opened = open(installation, &transaction, opening).await?;
    transaction.commit().await?;
    Ok(opened)
}
