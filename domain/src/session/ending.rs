//! Ending sessions: one's own, a member's in this workspace, and all of a person whose way in has changed.

use std::collections::BTreeSet;

use portaria_entity::id::{MemberId, SessionId, UserId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::{member, session};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::{lock, within};
use crate::activity::{Actor, Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::granting::Change;
use crate::installation::Installation;
use crate::viewer::Viewer;
use crate::workspace::bump_access_epoch;

/// Ends a person's sessions in every workspace, except perhaps the one that they act in. Answers their memberships:
/// after the commit, the access of each has changed.
pub(crate) async fn end_all(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    except: Option<SessionId>,
) -> Result<Vec<member::Model>> {
    let members = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .filter(member::Column::Status.ne(MemberStatus::Removed))
        .order_by_asc(member::Column::WorkspaceId)
        .all(transaction)
        .await?;
    // Workspaces first and in order, as every change of access takes them, so that no two wait for each other.
    for member in &members {
        bump_access_epoch(transaction, installation, member.workspace_id).await?;
    }
    let statement = installation.database.statement(
        "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND ($3 IS NULL OR id <> $3)",
        [user.0.into(), installation.clock.now().0.into(), except.map(|session| session.0).into()],
    );
    transaction.execute_raw(statement).await?;
    Ok(members)
}

/// Ends the session that the viewer uses, in force at once.
pub async fn end(installation: &Installation, viewer: &Viewer) -> Result<SessionId> {
    let id = viewer.session()?.session_id;
    end_these(installation, viewer, |session| session.id == id).await?;
    Ok(id)
}

/// Ends one of the person's own sessions, wherever it is. Another than the one they use only for who proved within the
/// hour who they are: a session that was left open is not enough to shut its owner out.
pub async fn end_own(installation: &Installation, viewer: &Viewer, id: SessionId) -> Result<SessionId> {
    if viewer.session()?.session_id != id {
        require_fresh(installation, viewer)?;
    }
    match end_these(installation, viewer, |session| session.id == id).await? {
        0 => {
            let known = session::Entity::find()
                .filter(session::Column::UserId.eq(viewer.session()?.user_id))
                .filter(session::Column::Id.eq(id))
                .filter(within(session::Column::WorkspaceId, reach(viewer)?))
                .one(installation.database.reader())
                .await?;
            Err(known.map_or(Error::NotFound, |_| Refusal::AlreadyEnded.into()))
        }
        _ => Ok(id),
    }
}

/// Ends all of the person's sessions but the one they use, in every workspace. Answers how many there were.
pub async fn end_others(installation: &Installation, viewer: &Viewer) -> Result<usize> {
    require_fresh(installation, viewer)?;
    let own = viewer.session()?.session_id;
    end_these(installation, viewer, |session| session.id != own).await
}

/// Where one's own sessions are one's to end: of who proved themselves to one workspace alone, there.
fn reach(viewer: &Viewer) -> Result<Option<WorkspaceId>> {
    Ok(viewer.session()?.confined.then_some(viewer.workspace_id))
}

fn require_fresh(installation: &Installation, viewer: &Viewer) -> Result<()> {
    match viewer.session()?.is_fresh(installation.clock.now()) {
        true => Ok(()),
        false => Err(Refusal::AuthenticationTooOld.into()),
    }
}

/// Ends those of the person's sessions, each put down in its workspace.
async fn end_these(
    installation: &Installation,
    viewer: &Viewer,
    which: impl Fn(&session::Model) -> bool,
) -> Result<usize> {
    let transaction = installation.database.begin().await?;
    let user = viewer.session()?.user_id;
    // None is opened out of one of these meanwhile.
    lock(&transaction, user).await?;
    let open: Vec<session::Model> = session::Entity::find()
        .filter(session::Column::UserId.eq(user))
        .filter(within(session::Column::WorkspaceId, reach(viewer)?))
        .filter(session::Column::EndedAt.is_null())
        .all(&transaction)
        .await?
        .into_iter()
        .filter(which)
        .collect();
    // As in `end_all`.
    let workspaces: BTreeSet<WorkspaceId> = open.iter().map(|session| session.workspace_id).collect();
    for workspace in &workspaces {
        bump_access_epoch(&transaction, installation, *workspace).await?;
    }
    let mut count = 0;
    for session in open {
        if !end_one(&transaction, installation, &session).await? {
            continue;
        }
        count += 1;
        // Another workspace learns that its session was ended, not from where.
        let (actor, address) = match session.workspace_id == viewer.workspace_id {
            true => (Actor::from(viewer), viewer.stated_address()),
            false => (Actor::Member { member_id: session.member_id, session_id: session.id }, None),
        };
        let deed = Deed {
            workspace_id: session.workspace_id,
            actor,
            action: "session.ended",
            subject: session.id.to_string(),
            before: None,
            after: None,
            address,
        };
        record(&transaction, &installation.clock, deed).await?;
    }
    transaction.commit().await?;
    for workspace in workspaces {
        installation.viewers.access_changed(workspace);
    }
    installation.events.wake();
    Ok(count)
}

/// Whether it was still open.
async fn end_one(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    session: &session::Model,
) -> Result<bool> {
    let sql = "UPDATE sessions SET ended_at = $3 WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL";
    let values = [session.workspace_id.0.into(), session.id.0.into(), installation.clock.now().0.into()];
    let done = transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of another member in this workspace, by the rules of every change of somebody's access.
pub async fn end_of_member(change: &mut Change<'_>, member: MemberId) -> Result<()> {
    change.touch(member)?;
    let before = json!({ "sessions": end_in_workspace(change, member).await? });
    change.record("member.sessions_ended", member, (Some(before), None)).await
}

/// Ends every session of a member in this workspace; those in others are not this workspace's. Answers how many were open.
pub(crate) async fn end_in_workspace(change: &Change<'_>, member: MemberId) -> Result<u64> {
    let sql =
        "UPDATE sessions SET ended_at = $3 WHERE workspace_id = $1 AND member_id = $2 AND ended_at IS NULL";
    change.execute(sql, [member.0.into(), change.now.0.into()]).await
}
