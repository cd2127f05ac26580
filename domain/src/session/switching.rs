//! A session in another workspace of the same person. What they proved in this one carries over, and so does its end:
//! going from one workspace to the next makes no session last longer. It is a sign-in to where it goes all the same: who
//! came in with a stolen password elsewhere is seen there, too.

use std::time::Duration;

use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use portaria_entity::{member, session, user, workspace};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Opening, lock, open, within};
use crate::authentication::{Holder, OpenedSession, Origin, Proof};
use crate::device;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::session_policy;
use crate::throttle::network;
use crate::viewer::Viewer;

/// Who goes to and fro from one place signs in once in so long.
const ONE_SIGN_IN: Duration = Duration::from_secs(24 * 60 * 60);

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
    let owner = lock(&transaction, current.user_id).await?.ok_or(Error::NotFound)?;
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
        carried_over: true,
        origin: origin.clone(),
    };
    let is_noted = note_sign_in(installation, &transaction, &owner, to, &origin).await?;
    let opened = open(installation, &transaction, opening).await?;
    let device = match is_noted {
        true => device::recognise(installation, &transaction, &opened.session, &origin).await?,
        false => None,
    };
    transaction.commit().await?;
    Ok(OpenedSession { device, ..opened })
}

/// Takes note that somebody came in to a workspace, if it is not as they came in last. Answers whether it has.
async fn note_sign_in(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    owner: &user::Model,
    workspace: WorkspaceId,
    origin: &Origin,
) -> Result<bool> {
    let now = installation.clock.now();
    let from = network(&origin.address);
    let sql = "SELECT network, user_agent, \"at\" FROM sign_in_events \
               WHERE user_id = $1 AND workspace_id = $2 AND outcome = 'succeeded' ORDER BY \"at\" DESC LIMIT 1";
    let statement = installation.database.statement(sql, [owner.id.0.into(), workspace.0.into()]);
    if let Some(last) = transaction.query_one_raw(statement).await? {
        let (network, user_agent): (String, String) = (last.try_get_by_index(0)?, last.try_get_by_index(1)?);
        let at: Timestamp = last.try_get_by_index(2)?;
        if network == from && user_agent == origin.user_agent && now.since(at) < ONE_SIGN_IN {
            return Ok(false);
        }
    }
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(now),
        user_id: Set(Some(owner.id)),
        workspace_id: Set(Some(workspace)),
        email: Set(owner.email_normalized.clone()),
        outcome: Set(SignInOutcome::Succeeded),
        address: Set(origin.address.clone()),
        network: Set(from),
        user_agent: Set(origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(transaction).await?;
    Ok(true)
}
