//! Who holds what in a workspace, read whole within the transaction that is about to change it.

use std::collections::HashMap;

use portaria_entity::id::{
    ApiKeyId, ChannelId, DirectoryCredentialId, EmergencyEligibilityId, GrantId, MemberId, RoleId,
    RoleMappingId, TeamId, WorkspaceId,
};
use portaria_entity::member::MemberStatus;
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use sea_orm::{ActiveEnum, ConnectionTrait};

use super::{Holder, Holding, Standing, Title};
use crate::access::Scope;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::permission::PermissionSet;
use crate::role;

/// A role that has not been deleted.
#[derive(Clone, Copy, Debug)]
pub struct KnownRole {
    pub built_in: Option<BuiltInRole>,
    pub permissions: PermissionSet,
}

/// Every member with all they hold, and every role.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub members: HashMap<MemberId, Standing>,
    pub roles: HashMap<RoleId, KnownRole>,
    /// What each API key holds that may still be used.
    pub keys: HashMap<ApiKeyId, Vec<Holding>>,
    /// What each directory credential that may still be used is approved for.
    pub directories: HashMap<DirectoryCredentialId, Vec<Holding>>,
    /// What identity providers may give to whom they vouch for.
    pub mappings: HashMap<RoleMappingId, Holding>,
}

const MEMBERS: &str = "SELECT id, status FROM members WHERE workspace_id = $1";
const TEAMS: &str = "SELECT member_id, team_id FROM team_members WHERE workspace_id = $1";
const HOLDINGS: &str = "
SELECT member_id, role_id, channel_id, team_id, valid_from, valid_until, id, CAST(NULL AS UUID), CAST(NULL AS UUID), CAST(NULL AS UUID)
FROM grants
WHERE workspace_id = $1 AND member_id IS NOT NULL AND closed_at IS NULL AND (valid_until IS NULL OR valid_until > $2)
UNION ALL
SELECT member_id, role_id, channel_id, team_id, created_at, NULL, NULL, id, NULL, NULL
FROM emergency_eligibilities WHERE workspace_id = $1 AND closed_at IS NULL
UNION ALL
SELECT NULL, g.role_id, g.channel_id, g.team_id, g.created_at, k.expires_at, g.id, NULL, k.id, NULL
FROM api_keys k JOIN api_key_grants g ON g.workspace_id = k.workspace_id AND g.api_key_id = k.id
WHERE k.workspace_id = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 AND g.closed_at IS NULL
UNION ALL
SELECT NULL, a.role_id, a.channel_id, a.team_id, a.created_at, d.expires_at, a.id, NULL, NULL, d.id
FROM directory_credentials d
JOIN directory_approvals a ON a.workspace_id = d.workspace_id AND a.credential_id = d.id AND a.closed_at IS NULL
WHERE d.workspace_id = $1 AND d.revoked_at IS NULL AND d.expires_at > $2";
const MAPPINGS: &str = "
SELECT id, role_id, channel_id, team_id, created_at FROM role_mappings WHERE workspace_id = $1 AND closed_at IS NULL";

impl Ledger {
    pub async fn read(
        connection: &impl ConnectionTrait,
        database: &Database,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Self> {
        let known = |row: role::RoleRow| {
            (row.role.id, KnownRole { built_in: row.role.built_in, permissions: row.permissions })
        };
        let mut ledger = Self {
            roles: role::all(connection, workspace).await?.into_iter().map(known).collect(),
            members: HashMap::new(),
            keys: HashMap::new(),
            directories: HashMap::new(),
            mappings: HashMap::new(),
        };
        for row in connection.query_all_raw(database.statement(MEMBERS, [workspace.0.into()])).await? {
            let member_id = row.try_get_by_index(0)?;
            let status = MemberStatus::try_from_value(&row.try_get_by_index(1)?)?;
            let standing = Standing { member_id, status, holdings: Vec::new(), member_of: Vec::new() };
            ledger.members.insert(member_id, standing);
        }
        for row in connection.query_all_raw(database.statement(TEAMS, [workspace.0.into()])).await? {
            if let Some(standing) = ledger.members.get_mut(&row.try_get_by_index(0)?) {
                standing.member_of.push(row.try_get_by_index(1)?);
            }
        }
        let holdings = database.statement(HOLDINGS, [workspace.0.into(), now.0.into()]);
        for row in connection.query_all_raw(holdings).await? {
            ledger.enter(&row)?;
        }
        for row in connection.query_all_raw(database.statement(MAPPINGS, [workspace.0.into()])).await? {
            ledger.enter_mapping(&row)?;
        }
        Ok(ledger)
    }

    fn enter(&mut self, row: &sea_orm::QueryResult) -> Result<()> {
        let role_id: RoleId = row.try_get_by_index(1)?;
        let key = row.try_get_by_index::<Option<ApiKeyId>>(8)?;
        let directory = row.try_get_by_index::<Option<DirectoryCredentialId>>(9)?;
        let title = match (
            row.try_get_by_index::<Option<GrantId>>(6)?,
            row.try_get_by_index::<Option<EmergencyEligibilityId>>(7)?,
        ) {
            (Some(grant), _) if key.is_some() => Title::ApiKeyGrant(grant),
            (Some(grant), _) if directory.is_some() => Title::Approval(grant),
            (Some(grant), _) => Title::Grant(grant),
            (None, Some(eligibility)) => Title::Eligibility(eligibility),
            (None, None) => return Err(Error::internal("a holding without an id")),
        };
        let role =
            self.roles.get(&role_id).ok_or_else(|| Error::internal("somebody holds a role that is gone"))?;
        let holding = Holding {
            title,
            role_id,
            built_in: role.built_in,
            scope: Scope::of_grant(
                row.try_get_by_index::<Option<ChannelId>>(2)?,
                row.try_get_by_index::<Option<TeamId>>(3)?,
            ),
            permissions: role.permissions,
            valid_from: row.try_get_by_index(4)?,
            valid_until: row.try_get_by_index(5)?,
        };
        if let Some(key) = key {
            self.keys.entry(key).or_default().push(holding);
        } else if let Some(directory) = directory {
            self.directories.entry(directory).or_default().push(holding);
        } else if let Some(standing) = self.members.get_mut(&row.try_get_by_index(0)?) {
            standing.holdings.push(holding);
        }
        Ok(())
    }

    fn enter_mapping(&mut self, row: &sea_orm::QueryResult) -> Result<()> {
        let (id, role_id) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let role =
            self.roles.get(&role_id).ok_or_else(|| Error::internal("a role is mapped that is gone"))?;
        let holding = Holding {
            title: Title::Mapping(id),
            role_id,
            built_in: role.built_in,
            scope: Scope::of_grant(row.try_get_by_index(2)?, row.try_get_by_index(3)?),
            permissions: role.permissions,
            valid_from: row.try_get_by_index(4)?,
            valid_until: None,
        };
        self.mappings.insert(id, holding);
        Ok(())
    }

    pub fn member(&self, id: MemberId) -> Result<&Standing> {
        self.members.get(&id).ok_or(Error::NotFound)
    }

    pub fn role(&self, id: RoleId) -> Result<KnownRole> {
        self.roles.get(&id).copied().ok_or(Error::NotFound)
    }

    pub fn mapping(&self, id: RoleMappingId) -> Result<&Holding> {
        self.mappings.get(&id).ok_or(Error::NotFound)
    }

    /// Everybody and every key that holds, will hold, may take on or may give a role, and every mapping that gives it,
    /// with how they do.
    pub fn holders_of(&self, role: RoleId) -> Vec<(Holder, Holding)> {
        self.holdings(|holding| holding.role_id == role)
    }

    /// Everybody, every key and every mapping that has, will have or may take on something for a team's conversations.
    pub fn holders_in_team(&self, team: TeamId) -> Vec<(Holder, Holding)> {
        self.holdings(|holding| holding.scope == Scope::Team(team))
    }

    fn holdings(&self, wanted: impl Fn(&Holding) -> bool) -> Vec<(Holder, Holding)> {
        let mut found: Vec<_> = self
            .members
            .values()
            .map(|standing| (Holder::Member(standing.member_id), &standing.holdings))
            .chain(self.keys.iter().map(|(key, holdings)| (Holder::ApiKey(*key), holdings)))
            .chain(self.directories.iter().map(|(id, holdings)| (Holder::Directory(*id), holdings)))
            .flat_map(|(holder, holdings)| holdings.iter().map(move |holding| (holder, *holding)))
            .chain(self.mappings.iter().map(|(mapping, holding)| (Holder::Mapping(*mapping), *holding)))
            .filter(|(_, holding)| wanted(holding))
            .collect();
        found.sort_unstable_by_key(|(holder, _)| *holder);
        found
    }
}
