//! What a change of a role would do, before anybody does it: who gains and loses what, and how many conversations.

use std::collections::HashMap;

use portaria_entity::id::{MemberId, RoleId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{conversation, grant};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::access::{Access, EffectiveGrant, Scope};
use crate::conversation::visible_in;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::grant::access_of_members;
use crate::permission::PermissionSet;
use crate::role::{self, RoleRow};

/// What it would mean for one member who holds the role.
#[derive(Clone, Debug)]
pub struct HolderPreview {
    pub member_id: MemberId,
    /// Held in some scope then, and in none now.
    pub gains: PermissionSet,
    /// Held in some scope now, and in none then.
    pub loses: PermissionSet,
    before: Access,
    after: Access,
}

#[derive(Clone, Debug)]
pub struct RolePreview {
    pub role: RoleRow,
    pub gains: PermissionSet,
    pub loses: PermissionSet,
    pub holders: Vec<HolderPreview>,
}

impl HolderPreview {
    /// How many conversations the member may see now, and would then.
    pub async fn conversations(
        &self,
        connection: &impl ConnectionTrait,
        workspace: WorkspaceId,
    ) -> Result<(u64, u64)> {
        Ok((
            count(connection, workspace, &self.before).await?,
            count(connection, workspace, &self.after).await?,
        ))
    }
}

async fn count(connection: &impl ConnectionTrait, workspace: WorkspaceId, access: &Access) -> Result<u64> {
    Ok(conversation::Entity::find().filter(visible_in(workspace, access)).count(connection).await?)
}

/// Works out what would come of giving a role these permissions. Changes nothing.
pub async fn preview(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, role): (WorkspaceId, RoleId),
    permissions: PermissionSet,
    now: Timestamp,
) -> Result<RolePreview> {
    let roles = role::all(connection, workspace).await?;
    let changed = roles.iter().find(|row| row.role.id == role).cloned().ok_or(Error::NotFound)?;
    let everybody = access_of_members(connection, database, workspace, now).await?;
    let grants = grant::Entity::find()
        .filter(grant::Column::WorkspaceId.eq(workspace))
        .filter(grant::Column::ClosedAt.is_null())
        .all(connection)
        .await?;
    let of_roles: HashMap<RoleId, PermissionSet> = roles
        .iter()
        .map(|row| (row.role.id, if row.role.id == role { permissions } else { row.permissions }))
        .collect();
    let mut holders = Vec::new();
    for (member_id, before) in everybody {
        // By its foreign key a grant's member is one of this workspace.
        let own: Vec<_> = grants.iter().filter(|grant| holds(grant, member_id)).collect();
        if !own.iter().any(|grant| grant.role_id == role) {
            continue;
        }
        let teams: Vec<TeamId> = before.member_of().to_vec();
        let effective = own.iter().filter_map(|grant| {
            Some(EffectiveGrant {
                scope: Scope::of_grant(grant.channel_id, grant.team_id),
                permissions: *of_roles.get(&grant.role_id)?,
                valid_from: grant.valid_from,
                valid_until: grant.valid_until,
            })
        });
        let after = Access::new(Some(member_id), effective, teams, now);
        let (had, has) = (before.anywhere(), after.anywhere());
        holders.push(HolderPreview {
            member_id,
            gains: has.without(had),
            loses: had.without(has),
            before,
            after,
        });
    }
    holders.sort_by_key(|holder| holder.member_id);
    Ok(RolePreview {
        gains: permissions.without(changed.permissions),
        loses: changed.permissions.without(permissions),
        role: changed,
        holders,
    })
}

fn holds(grant: &grant::Model, member: MemberId) -> bool {
    grant.member_id == member
}
