//! Whom and what findings are about, by name.

use std::collections::{BTreeSet, HashMap};

use portaria_entity::id::{
    ApiKeyId, ChannelId, InvitationId, MemberId, MetaAppId, RoleId, TeamId, WorkspaceId,
};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key, channel, grant, meta_app, team};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::finding::OpenFinding;
use crate::access::Scope;
use crate::country::Countries;
use crate::error::Result;
use crate::invitation;
use crate::language::{RoleName, RoleScope};
use crate::member::{self, MemberRow};
use crate::role;

/// Members read by one statement.
const BATCH: usize = 500;

/// A member, as the reader knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub roles: Vec<RoleHeld>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleHeld {
    pub role: RoleName,
    pub scope: RoleScope,
}

/// The names behind the ids of some findings.
#[derive(Clone, Default)]
pub struct People {
    pub members: HashMap<MemberId, Person>,
    pub roles: HashMap<RoleId, RoleName>,
    pub channels: HashMap<ChannelId, String>,
    pub teams: HashMap<TeamId, String>,
    pub api_keys: HashMap<ApiKeyId, String>,
    pub meta_apps: HashMap<MetaAppId, String>,
    /// Who has been invited, by name and address.
    pub invited: HashMap<InvitationId, (String, String)>,
    pub countries: Countries,
}

impl People {
    /// Of these findings, with the roles that hold then.
    pub async fn of(
        connection: &impl ConnectionTrait,
        workspace_id: WorkspaceId,
        findings: &[OpenFinding],
        at: Timestamp,
    ) -> Result<Self> {
        let mentioned = |finding: &OpenFinding| {
            finding.row.member_id.into_iter().chain(finding.evidence.members()).collect::<Vec<_>>()
        };
        let ids: Vec<MemberId> =
            findings.iter().flat_map(mentioned).collect::<BTreeSet<_>>().into_iter().collect();
        let mut people = Self::without_members(connection, workspace_id).await?;
        for batch in ids.chunks(BATCH) {
            people.add(connection, (workspace_id, at), batch).await?;
        }
        Ok(people)
    }

    /// The same, and these.
    pub async fn and_members(
        mut self,
        connection: &impl ConnectionTrait,
        at: (WorkspaceId, Timestamp),
        ids: &[MemberId],
    ) -> Result<Self> {
        let unknown: Vec<MemberId> =
            ids.iter().copied().filter(|id| !self.members.contains_key(id)).collect();
        for batch in unknown.chunks(BATCH) {
            self.add(connection, at, batch).await?;
        }
        Ok(self)
    }

    /// The same, and who these invitations are for.
    pub async fn and_invited(
        mut self,
        connection: &impl ConnectionTrait,
        workspace_id: WorkspaceId,
        ids: &[InvitationId],
    ) -> Result<Self> {
        let invited = invitation::addressees(connection, workspace_id, ids).await?;
        self.invited.extend(invited.into_iter().map(|(id, name, email)| (id, (name, email))));
        Ok(self)
    }

    /// The same, without whom it is about.
    pub fn nameless(&self) -> Self {
        Self { members: HashMap::new(), invited: HashMap::new(), ..self.clone() }
    }

    /// The same, that also tells in which countries addresses are.
    pub fn with_countries(self, countries: Countries) -> Self {
        Self { countries, ..self }
    }

    async fn without_members(connection: &impl ConnectionTrait, workspace_id: WorkspaceId) -> Result<Self> {
        // Who did something with a role that was deleted afterwards did it with that one.
        let roles = role::ever(connection, workspace_id).await?;
        let channels = channel::Entity::find().filter(channel::Column::WorkspaceId.eq(workspace_id));
        let teams = team::Entity::find().filter(team::Column::WorkspaceId.eq(workspace_id));
        let keys = api_key::Entity::find().filter(api_key::Column::WorkspaceId.eq(workspace_id));
        let apps = meta_app::Entity::find().filter(meta_app::Column::WorkspaceId.eq(workspace_id));
        let (channels, teams) = (channels.all(connection).await?, teams.all(connection).await?);
        let (keys, apps) = (keys.all(connection).await?, apps.all(connection).await?);
        Ok(Self {
            members: HashMap::new(),
            roles: roles.into_iter().map(|role| (role.id, role_name(role))).collect(),
            channels: channels.into_iter().map(|row| (row.id, row.name)).collect(),
            teams: teams.into_iter().map(|row| (row.id, row.name)).collect(),
            api_keys: keys.into_iter().map(|row| (row.id, row.name)).collect(),
            meta_apps: apps.into_iter().map(|row| (row.id, row.name)).collect(),
            invited: HashMap::new(),
            countries: Countries::default(),
        })
    }

    async fn add(
        &mut self,
        connection: &impl ConnectionTrait,
        (workspace_id, at): (WorkspaceId, Timestamp),
        ids: &[MemberId],
    ) -> Result<()> {
        let mut held: HashMap<MemberId, Vec<RoleHeld>> = HashMap::new();
        for grant in role::grants_of(connection, workspace_id, ids, at).await? {
            held.entry(grant.member_id).or_default().extend(self.role_held(&grant));
        }
        let rows = member::by_ids(connection, workspace_id, ids).await?;
        self.members.extend(rows.into_iter().map(|(id, row)| {
            let MemberRow { user, .. } = row;
            let roles = held.remove(&id).unwrap_or_default();
            (id, Person { name: user.name, email: user.email, roles })
        }));
        Ok(())
    }

    fn role_held(&self, grant: &grant::Model) -> Option<RoleHeld> {
        let role = self.roles.get(&grant.role_id)?.clone();
        let scope = match Scope::of_grant(grant.channel_id, grant.team_id) {
            Scope::Workspace => RoleScope::Workspace,
            Scope::Channel(channel) => RoleScope::Channel(self.channels.get(&channel)?.clone()),
            Scope::Team(team) => RoleScope::Team(self.teams.get(&team)?.clone()),
        };
        Some(RoleHeld { role, scope })
    }
}

/// What a role is called: built-in ones in each language.
pub fn role_name(role: portaria_entity::role::Model) -> RoleName {
    match role.built_in {
        Some(BuiltInRole::Administrator) => RoleName::Administrator,
        Some(BuiltInRole::Agent) => RoleName::Agent,
        Some(BuiltInRole::Developer) => RoleName::Developer,
        Some(BuiltInRole::Analyst) => RoleName::Analyst,
        Some(BuiltInRole::Support) => RoleName::Support,
        None => RoleName::Custom(role.name),
    }
}
