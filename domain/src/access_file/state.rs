//! What is in force, as a file would say it, with the ids behind the names.

use std::collections::{BTreeSet, HashMap, HashSet};

use portaria_entity::id::{ChannelId, GrantId, MemberId, RoleId, TeamId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, emergency_activation, grant, mapped_grant, member as member_entity};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::document::{Document, GrantEntry, Kind, RoleEntry, TeamEntry};
use crate::authentication::normalize_email;
use crate::error::{Error, Result};
use crate::permission::Permission;
use crate::{member, role, team};

pub struct State {
    pub document: Document,
    /// The grants of the document, in its order.
    pub grants: Vec<GrantId>,
    pub roles: HashMap<String, RoleId>,
    /// Those of them that a file cannot define.
    pub built_in: HashSet<String>,
    pub teams: HashMap<String, TeamId>,
    pub members: HashMap<String, MemberId>,
    pub channels: HashMap<String, ChannelId>,
}

/// Reads what is in force or will be.
pub async fn read(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<State> {
    let mut state = State {
        document: Document {
            manages: [Kind::Roles, Kind::Teams, Kind::Grants].into(),
            ..Document::default()
        },
        grants: Vec::new(),
        roles: HashMap::new(),
        built_in: HashSet::new(),
        teams: HashMap::new(),
        members: HashMap::new(),
        channels: HashMap::new(),
    };
    state.read_names(connection, workspace).await?;
    state.read_teams(connection, workspace).await?;
    state.read_grants(connection, workspace, now).await?;
    Ok(state)
}

fn turned<K: Clone, V: Clone + Eq + std::hash::Hash>(names: &HashMap<K, V>) -> HashMap<V, K> {
    names.iter().map(|(name, id)| (id.clone(), name.clone())).collect()
}

impl State {
    async fn read_names(&mut self, connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<()> {
        for row in role::all(connection, workspace).await? {
            self.roles.insert(row.role.name.clone(), row.role.id);
            if row.role.built_in.is_some() {
                self.built_in.insert(row.role.name);
                continue;
            }
            self.document.roles.push(RoleEntry {
                name: row.role.name,
                description: row.role.description,
                permissions: row.permissions.iter().map(|one: Permission| one.key().to_owned()).collect(),
            });
        }
        self.document.roles.sort_by(|one, other| one.name.cmp(&other.name));
        let members = member_entity::Entity::find()
            .filter(member_entity::Column::WorkspaceId.eq(workspace))
            .filter(member_entity::Column::Status.ne(MemberStatus::Removed))
            .all(connection)
            .await?;
        let ids: Vec<MemberId> = members.iter().map(|row| row.id).collect();
        for (id, row) in member::by_ids(connection, workspace, &ids).await? {
            self.members.insert(row.user.email_normalized, id);
        }
        let channels = channel::Entity::find().filter(channel::Column::WorkspaceId.eq(workspace));
        for row in channels.order_by_asc(channel::Column::Id).all(connection).await? {
            // Of two of one name, the later goes by Meta's id.
            let name = if self.channels.contains_key(&row.name) { row.phone_number_id } else { row.name };
            self.channels.insert(name, row.id);
        }
        Ok(())
    }

    async fn read_teams(&mut self, connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<()> {
        let teams = team::all(connection, workspace).await?;
        let ids: Vec<TeamId> = teams.iter().map(|row| row.id).collect();
        let inside = team::members_of(connection, workspace, &ids).await?;
        let served = team::channels_of(connection, workspace, &ids).await?;
        let (emails, channels) = (turned(&self.members), turned(&self.channels));
        for row in teams {
            let members = inside.iter().filter(|one| one.team_id == row.id);
            let serves = served.iter().filter(|one| one.team_id == row.id);
            self.teams.insert(row.name.clone(), row.id);
            self.document.teams.push(TeamEntry {
                members: members.filter_map(|one| emails.get(&one.member_id).cloned()).collect(),
                channels: serves.filter_map(|one| channels.get(&one.channel_id).cloned()).collect(),
                name: row.name,
            });
        }
        self.document.teams.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(())
    }

    async fn read_grants(
        &mut self,
        connection: &impl ConnectionTrait,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<()> {
        let emergencies: BTreeSet<GrantId> = emergency_activation::Entity::find()
            .filter(emergency_activation::Column::WorkspaceId.eq(workspace))
            .filter(emergency_activation::Column::EndsAt.gt(now))
            .all(connection)
            .await?
            .into_iter()
            .map(|row| row.grant_id)
            .collect();
        // What claims of an identity provider give comes and goes with them.
        let mapped: BTreeSet<GrantId> = mapped_grant::Entity::find()
            .filter(mapped_grant::Column::WorkspaceId.eq(workspace))
            .all(connection)
            .await?
            .into_iter()
            .map(|row| row.grant_id)
            .collect();
        let rows = grant::Entity::find()
            .filter(grant::Column::WorkspaceId.eq(workspace))
            .filter(grant::Column::ClosedAt.is_null())
            .all(connection)
            .await?;
        let (emails, channels) = (turned(&self.members), turned(&self.channels));
        let (teams, roles) = (turned(&self.teams), turned(&self.roles));
        let mut grants: Vec<(GrantEntry, GrantId)> = Vec::new();
        for row in rows {
            let ended = row.valid_until.is_some_and(|until| until <= now);
            let (Some(member), Some(role)) = (emails.get(&row.member_id), roles.get(&row.role_id)) else {
                continue;
            };
            if ended || emergencies.contains(&row.id) || mapped.contains(&row.id) {
                continue;
            }
            let entry = GrantEntry {
                member: member.clone(),
                role: role.clone(),
                channel: row.channel_id.and_then(|id| channels.get(&id).cloned()),
                team: row.team_id.and_then(|id| teams.get(&id).cloned()),
                // One that has begun has no beginning to be reviewed any more.
                from: (row.valid_from > now).then(|| written(row.valid_from)),
                until: row.valid_until.map(written),
                reason: row.reason,
            };
            grants.push((entry, row.id));
        }
        grants.sort();
        (self.document.grants, self.grants) = grants.into_iter().unzip();
        Ok(())
    }

    pub fn role(&self, name: &str) -> Result<RoleId> {
        self.roles.get(name).copied().ok_or_else(|| unknown("role", name))
    }

    pub fn team(&self, name: &str) -> Result<TeamId> {
        self.teams.get(name).copied().ok_or_else(|| unknown("team", name))
    }

    pub fn channel(&self, name: &str) -> Result<ChannelId> {
        self.channels.get(name).copied().ok_or_else(|| unknown("channel", name))
    }

    pub fn member(&self, email: &str) -> Result<MemberId> {
        let found = self.members.get(&normalize_email(email)).copied();
        found.ok_or_else(|| unknown("member (they are invited first)", email))
    }
}

fn unknown(kind: &str, name: &str) -> Error {
    Error::BadInput(format!("there is no {kind} {name:?}"))
}

pub(super) fn written(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

pub(super) fn instant(text: &str) -> Result<Timestamp> {
    let parsed = text.parse::<jiff::Timestamp>().map(|at| Timestamp(at.as_microsecond()));
    parsed
        .map_err(|_| Error::BadInput(format!("{text:?} is no time: it is written like 2026-11-22T08:00:00Z")))
}
