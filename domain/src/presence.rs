//! Presence: whose screen is connected. Who takes conversations and is not there for too long, or has ended their last
//! session, is offline until they are back; then they are as available as they were.

mod roll;

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::event::EventKind;
use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::member::Availability;
use portaria_entity::time::Timestamp;
use sea_orm::{ActiveEnum, ConnectionTrait, QueryResult};
use serde_json::json;

pub use roll::Roll;

use crate::activity::{Actor, Deed, record};
use crate::database::Database;
use crate::error::Result;
use crate::event::{Happening, append};
use crate::installation::Installation;
use crate::routing::setting;
use crate::signal::Signal;

/// How often a connected screen says so.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// Who has not said so for as long is not connected any more.
const LOST: Duration = Duration::from_secs(90);

/// Takes note that a member's screen is connected. Who was taken for away is back at once.
pub async fn seen(installation: &Installation, workspace: WorkspaceId, member: MemberId) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    let sql = "SELECT seen_at, left_as IS NOT NULL FROM presences WHERE workspace_id = $1 AND member_id = $2";
    let values = [workspace.0.into(), member.0.into()];
    let known = database.reader().query_one_raw(database.statement(sql, values)).await?;
    let (seen_at, was_away): (Option<Timestamp>, bool) = match &known {
        Some(row) => (row.try_get_by_index(0)?, row.try_get_by_index(1)?),
        None => (None, false),
    };
    let sql = "INSERT INTO presences (workspace_id, member_id, seen_at) VALUES ($1, $2, $3) \
               ON CONFLICT (workspace_id, member_id) DO UPDATE SET seen_at = $3 \
               WHERE presences.seen_at IS NULL OR presences.seen_at <= $4 OR presences.left_as IS NOT NULL";
    let values = [
        workspace.0.into(),
        member.0.into(),
        now.0.into(),
        // Several screens of one person write it no more often than one does.
        (now - HEARTBEAT / 2).0.into(),
    ];
    database.writer().execute_raw(database.statement(sql, values)).await?;
    if was_away {
        welcome_back(installation, (workspace, member)).await?;
        installation.events.wake();
    }
    if seen_at.is_none_or(|at| at <= now - LOST) {
        installation.signals.tell(Signal::Presence { workspace_id: workspace, member_id: member });
    }
    Ok(())
}

/// How a member is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    pub availability: Availability,
    /// Whether their screen is connected.
    pub is_online: bool,
}

/// How the members of a workspace are to be found. Whose availability changes, of that an event tells; whose screen is
/// there, a signal; who is there no longer, nothing but time.
pub(crate) async fn of_members(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<HashMap<MemberId, Presence>> {
    let sql = "SELECT m.id, m.availability, COALESCE(p.seen_at > $2, FALSE) FROM members m \
               LEFT JOIN presences p ON p.workspace_id = m.workspace_id AND p.member_id = m.id \
               WHERE m.workspace_id = $1 AND m.status <> 'removed'";
    let values = [workspace.0.into(), (now - LOST).0.into()];
    let rows = connection.query_all_raw(database.statement(sql, values)).await?;
    let read = |row: &QueryResult| {
        let availability = Availability::try_from_value(&row.try_get_by_index(1)?)?;
        Ok((row.try_get_by_index(0)?, Presence { availability, is_online: row.try_get_by_index(2)? }))
    };
    rows.iter().map(read).collect()
}

/// Whose screen is connected.
pub async fn online_members(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<MemberId>> {
    let sql = "SELECT member_id FROM presences WHERE workspace_id = $1 AND seen_at > $2 ORDER BY member_id";
    let values = [workspace.0.into(), (now - LOST).0.into()];
    let rows = connection.query_all_raw(database.statement(sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Writes when somebody's being offline began, or that it ended, by their own word.
pub(crate) async fn stated(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, member): (WorkspaceId, MemberId),
    away_since: Option<Timestamp>,
) -> Result<()> {
    let sql = "INSERT INTO presences (workspace_id, member_id, away_since_at) VALUES ($1, $2, $3) \
               ON CONFLICT (workspace_id, member_id) DO UPDATE SET left_as = NULL, \
               away_since_at = CASE WHEN $4 AND presences.away_since_at IS NOT NULL \
                               THEN presences.away_since_at ELSE $3 END";
    let values = [
        workspace.0.into(),
        member.0.into(),
        away_since.map(|at| at.0).into(),
        // Who says it twice has been away since the first time.
        away_since.is_some().into(),
    ];
    connection.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}

const GONE: &str = "
SELECT m.workspace_id, m.id FROM members m
LEFT JOIN presences p ON p.workspace_id = m.workspace_id AND p.member_id = m.id
WHERE m.workspace_id = $1 AND m.status = 'active' AND m.availability <> 'offline'
  AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.workspace_id = m.workspace_id AND s.member_id = m.id
                  AND s.ended_at IS NULL AND s.expires_at > $2
                  AND (s.last_used_at > $3 OR s.created_at > $3 OR m.last_active_at > $3 OR p.seen_at > $3))";

const BACK: &str = "
SELECT m.workspace_id, m.id FROM members m
JOIN presences p ON p.workspace_id = m.workspace_id AND p.member_id = m.id
WHERE p.left_as IS NOT NULL AND m.status = 'active'
  AND EXISTS (SELECT 1 FROM sessions s WHERE s.workspace_id = m.workspace_id AND s.member_id = m.id
              AND s.ended_at IS NULL AND s.expires_at > $1
              AND (s.last_used_at > p.away_since_at OR s.created_at > p.away_since_at
                   OR m.last_active_at > p.away_since_at OR p.seen_at > p.away_since_at))";

/// Who has gone without saying so is offline from now on, and who is back is as available as before. Answers how many.
pub async fn settle(installation: &Installation) -> Result<usize> {
    let (database, now) = (&installation.database, installation.clock.now());
    let reader = database.reader();
    let mut settled = 0;
    let back = reader.query_all_raw(database.statement(BACK, [now.0.into()])).await?;
    for one in keys(&back)? {
        settled += usize::from(welcome_back(installation, one).await?);
    }
    let workspaces = reader.query_all_raw(database.statement("SELECT id FROM workspaces", [])).await?;
    for row in &workspaces {
        let workspace: WorkspaceId = row.try_get_by_index(0)?;
        let Some(absent) = setting::of_workspace(reader, workspace).await?.absent_after_minutes else {
            continue;
        };
        let since = now - setting::minutes(absent);
        let values = [workspace.0.into(), now.0.into(), since.0.into()];
        for one in keys(&reader.query_all_raw(database.statement(GONE, values)).await?)? {
            settled += usize::from(take_leave(installation, one, since).await?);
        }
    }
    if settled > 0 {
        installation.events.wake();
    }
    Ok(settled)
}

fn keys(rows: &[QueryResult]) -> Result<Vec<(WorkspaceId, MemberId)>> {
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Somebody is taken for away. Several processes may find it; one does it.
async fn take_leave(
    installation: &Installation,
    (workspace, member): (WorkspaceId, MemberId),
    since: Timestamp,
) -> Result<bool> {
    let (database, now) = (&installation.database, installation.clock.now());
    let transaction = database.begin().await?;
    // Who has signed in meanwhile is there.
    let values = [workspace.0.into(), now.0.into(), since.0.into(), member.0.into()];
    let gone = database.statement(&format!("{GONE} AND m.id = $4"), values);
    if transaction.query_one_raw(gone).await?.is_none() {
        return Ok(false);
    }
    let sql = "INSERT INTO presences (workspace_id, member_id, away_since_at, left_as) \
               SELECT workspace_id, id, $3, availability FROM members \
               WHERE workspace_id = $1 AND id = $2 AND availability <> 'offline' \
               ON CONFLICT (workspace_id, member_id) DO UPDATE \
               SET away_since_at = $3, left_as = excluded.left_as";
    let values = [workspace.0.into(), member.0.into(), now.0.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    let sql = "UPDATE members SET availability = 'offline' \
               WHERE workspace_id = $1 AND id = $2 AND availability <> 'offline'";
    let values = [workspace.0.into(), member.0.into()];
    if transaction.execute_raw(database.statement(sql, values)).await?.rows_affected() == 0 {
        return Ok(false);
    }
    tell(installation, &transaction, (workspace, member), "member.taken_for_away").await?;
    transaction.commit().await?;
    Ok(true)
}

async fn welcome_back(installation: &Installation, who: (WorkspaceId, MemberId)) -> Result<bool> {
    let transaction = installation.database.begin().await?;
    let is_back = back(installation, &transaction, who).await?;
    transaction.commit().await?;
    Ok(is_back)
}

/// Who was taken for away is as available as before. To be called by whatever shows that they are there.
pub(crate) async fn back(
    installation: &Installation,
    transaction: &impl ConnectionTrait,
    (workspace, member): (WorkspaceId, MemberId),
) -> Result<bool> {
    let database = &installation.database;
    let sql = "UPDATE members SET availability = (SELECT left_as FROM presences p \
                   WHERE p.workspace_id = members.workspace_id AND p.member_id = members.id) \
               WHERE workspace_id = $1 AND id = $2 AND EXISTS (SELECT 1 FROM presences p \
                   WHERE p.workspace_id = members.workspace_id AND p.member_id = members.id AND p.left_as IS NOT NULL)";
    let values = || [workspace.0.into(), member.0.into()];
    if transaction.execute_raw(database.statement(sql, values())).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let sql = "UPDATE presences SET left_as = NULL, away_since_at = NULL \
               WHERE workspace_id = $1 AND member_id = $2";
    transaction.execute_raw(database.statement(sql, values())).await?;
    tell(installation, transaction, (workspace, member), "member.back").await?;
    Ok(true)
}

async fn tell(
    installation: &Installation,
    transaction: &impl ConnectionTrait,
    (workspace_id, member): (WorkspaceId, MemberId),
    action: &str,
) -> Result<()> {
    let deed = Deed {
        workspace_id,
        actor: Actor::Installation,
        action,
        subject: member.to_string(),
        before: None,
        after: Some(json!({ "offline": action == "member.taken_for_away" })),
        address: None,
    };
    record(transaction, &installation.clock, deed).await?;
    // Who is free has changed: the queue may be drained.
    let happening = Happening {
        workspace_id,
        kind: EventKind::AccessChanged,
        conversation_id: None,
        message_id: None,
        before: None,
    };
    append(transaction, &installation.clock, happening).await
}
