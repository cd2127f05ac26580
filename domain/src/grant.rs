//! Grants: member x role x scope x time.

mod giving;
mod tenure;

use std::collections::HashMap;

use portaria_entity::grant;
use portaria_entity::id::{GrantId, MemberId, RoleId, TeamId, WorkspaceId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};

use crate::access::{Access, EffectiveGrant, Scope};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};

pub use giving::{Amendment, Giving, change, give, require_scope, revoke};
pub(crate) use giving::{ROLE_DELETED, give_instead, hand_on};

/// A grant to be made.
pub struct NewGrant<'a> {
    pub workspace_id: WorkspaceId,
    pub member_id: MemberId,
    pub role_id: RoleId,
    pub scope: Scope,
    pub valid_until: Option<Timestamp>,
    pub reason: &'a str,
    /// None: the installation itself.
    pub granted_by: Option<MemberId>,
}

/// Writes a grant that begins now. The caller has checked that it may be made, and bumps the access epoch.
pub async fn insert(transaction: &impl ConnectionTrait, clock: &Clock, new: NewGrant<'_>) -> Result<GrantId> {
    insert_from(transaction, clock, new, clock.now()).await
}

/// Writes a grant that begins at that time.
pub(crate) async fn insert_from(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    new: NewGrant<'_>,
    valid_from: Timestamp,
) -> Result<GrantId> {
    let id = clock.new_id();
    let (channel_id, team_id) = new.scope.columns();
    let held_since = tenure::held_since(transaction, &new, valid_from).await?;
    let row = grant::ActiveModel {
        workspace_id: Set(new.workspace_id),
        id: Set(id),
        member_id: Set(new.member_id),
        role_id: Set(new.role_id),
        channel_id: Set(channel_id),
        team_id: Set(team_id),
        valid_from: Set(valid_from),
        valid_until: Set(new.valid_until),
        reason: Set(new.reason.to_owned()),
        granted_by: Set(new.granted_by),
        created_at: Set(clock.now()),
        closed_at: Set(None),
        closed_by: Set(None),
        held_since: Set(held_since),
        successor_id: Set(None),
    };
    grant::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(id)
}

/// Ends a grant now. It stays on record.
pub async fn close(
    transaction: &impl ConnectionTrait,
    database: &Database,
    (workspace, grant): (WorkspaceId, GrantId),
    (at, by): (Timestamp, Option<MemberId>),
) -> Result<bool> {
    let statement = database.statement(
        "UPDATE grants SET closed_at = $3, closed_by = $4 WHERE workspace_id = $1 AND id = $2 AND closed_at IS NULL",
        [workspace.0.into(), grant.0.into(), at.0.into(), by.map(|member| member.0).into()],
    );
    Ok(transaction.execute_raw(statement).await?.rows_affected() == 1)
}

/// From the grants to their members, and not the other way round: without statistics SQLite would go through all grants for
/// each member. Who has none is in the last part.
const ACCESS: &str = "
SELECT m.id, g.channel_id, g.team_id, g.valid_from, g.valid_until, r.built_in, p.permission, NULL AS member_of
FROM grants g
JOIN members m ON m.workspace_id = g.workspace_id AND m.id = g.member_id AND m.status = 'active'
JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
LEFT JOIN role_permissions p ON p.workspace_id = r.workspace_id AND p.role_id = r.id
WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND (g.valid_until IS NULL OR g.valid_until > $2)
UNION ALL
SELECT t.member_id, NULL, NULL, NULL, NULL, NULL, NULL, t.team_id FROM team_members t
JOIN members m ON m.workspace_id = t.workspace_id AND m.id = t.member_id AND m.status = 'active'
WHERE t.workspace_id = $1
UNION ALL
SELECT m.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM members m
WHERE m.workspace_id = $1 AND m.status = 'active'";

/// What every active member of a workspace may do at `now`, in one statement.
pub async fn access_of_members(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<HashMap<MemberId, Access>> {
    let statement = database.statement(ACCESS, [workspace.0.into(), now.0.into()]);
    let mut parts: HashMap<MemberId, (Vec<EffectiveGrant>, Vec<TeamId>)> = HashMap::new();
    for row in connection.query_all_raw(statement).await? {
        let (grants, teams) = parts.entry(row.try_get_by_index(0)?).or_default();
        teams.extend(row.try_get_by_index::<Option<TeamId>>(7)?);
        let Some(valid_from) = row.try_get_by_index::<Option<Timestamp>>(3)? else { continue };
        grants.push(EffectiveGrant {
            scope: Scope::of_grant(row.try_get_by_index(1)?, row.try_get_by_index(2)?),
            permissions: role_permissions(row.try_get_by_index(5)?, row.try_get_by_index(6)?)?,
            valid_from,
            valid_until: row.try_get_by_index(4)?,
        });
    }
    let access = |(member, (grants, teams))| (member, Access::new(Some(member), grants, teams, now));
    Ok(parts.into_iter().map(access).collect())
}

/// What a role confers, from its key when it is built in, else from one of its rows.
pub(crate) fn role_permissions(
    built_in: Option<String>,
    permission: Option<String>,
) -> Result<PermissionSet> {
    Ok(match built_in {
        Some(role) => PermissionSet::of_role(BuiltInRole::try_from_value(&role)?),
        // A permission this program does not know (yet, or any more) confers nothing.
        None => permission.and_then(|key| Permission::from_key(&key)).into_iter().collect(),
    })
}
