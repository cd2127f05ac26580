//! Batches reads about people: what they will hold, what they may take on, and which teams they make up.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use portaria_domain::granting::Ledger;
use portaria_domain::session::OpenSession;
use portaria_domain::{emergency, presence, role, session, team};
use portaria_entity::emergency_eligibility;
use portaria_entity::id::{ChannelId, MemberId, RoleId, TeamId};

use super::{GrantWithRole, Source, reading, shared};
use crate::batch::Batch;
use crate::error::{Problem, Result};

/// An eligibility with its role.
pub type EligibilityWithRole = (emergency_eligibility::Model, role::RoleRow);

pub struct PeopleLoaders {
    planned: Batch<MemberId, Arc<Vec<GrantWithRole>>>,
    eligibilities: Batch<MemberId, Arc<Vec<EligibilityWithRole>>>,
    team_members: Batch<TeamId, Arc<[MemberId]>>,
    team_channels: Batch<TeamId, Arc<[ChannelId]>>,
    ledger: Batch<(), Arc<Ledger>>,
    sessions: Batch<MemberId, Arc<[OpenSession]>>,
    online: Batch<MemberId, ()>,
}

impl PeopleLoaders {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self {
            planned: reading(source, Source::planned),
            eligibilities: reading(source, Source::eligibilities),
            team_members: reading(source, Source::team_members),
            team_channels: reading(source, Source::team_channels),
            ledger: reading(source, Source::ledger),
            sessions: reading(source, Source::sessions),
            online: reading(source, Source::online),
        }
    }

    /// The grants of a member that have yet to begin.
    pub async fn planned_grants(&self, id: MemberId) -> Result<Arc<Vec<GrantWithRole>>> {
        Ok(self.planned.load(id).await?.unwrap_or_default())
    }

    /// What a member may take on in an emergency.
    pub async fn eligibilities(&self, id: MemberId) -> Result<Arc<Vec<EligibilityWithRole>>> {
        Ok(self.eligibilities.load(id).await?.unwrap_or_default())
    }

    /// Who holds what in the whole workspace.
    pub async fn ledger(&self) -> Result<Arc<Ledger>> {
        self.ledger.load(()).await?.ok_or(Problem::Internal)
    }

    /// A member's open sessions in the workspace.
    pub async fn sessions(&self, id: MemberId) -> Result<Arc<[OpenSession]>> {
        Ok(self.sessions.load(id).await?.unwrap_or_default())
    }

    /// Whether a member's screen is connected.
    pub async fn is_online(&self, id: MemberId) -> Result<bool> {
        Ok(self.online.load(id).await?.is_some())
    }

    pub async fn team_members(&self, id: TeamId) -> Result<Arc<[MemberId]>> {
        Ok(self.team_members.load(id).await?.unwrap_or_default())
    }

    pub async fn team_channels(&self, id: TeamId) -> Result<Arc<[ChannelId]>> {
        Ok(self.team_channels.load(id).await?.unwrap_or_default())
    }
}

/// Puts each row's role beside it, by the member that it is about.
fn with_roles<T>(
    rows: Vec<T>,
    roles: &[role::RoleRow],
    about: impl Fn(&T) -> (MemberId, RoleId),
) -> HashMap<MemberId, Vec<(T, role::RoleRow)>> {
    let mut all: HashMap<MemberId, Vec<(T, role::RoleRow)>> = HashMap::new();
    for row in rows {
        let (member, role) = about(&row);
        if let Some(role) = roles.iter().find(|known| known.role.id == role) {
            all.entry(member).or_default().push((row, role.clone()));
        }
    }
    all
}

impl Source {
    async fn planned(
        self: Arc<Self>,
        ids: Vec<MemberId>,
    ) -> Result<HashMap<MemberId, Arc<Vec<GrantWithRole>>>> {
        let (reader, workspace) = (self.database.reader(), self.viewer.workspace_id);
        let roles = role::all(reader, workspace).await?;
        let rows = role::planned_grants_of(reader, workspace, &ids, self.clock.now()).await?;
        Ok(shared(with_roles(rows, &roles, |row| (row.member_id, row.role_id))))
    }

    async fn eligibilities(
        self: Arc<Self>,
        ids: Vec<MemberId>,
    ) -> Result<HashMap<MemberId, Arc<Vec<EligibilityWithRole>>>> {
        let (reader, workspace) = (self.database.reader(), self.viewer.workspace_id);
        let roles = role::all(reader, workspace).await?;
        let rows = emergency::eligibilities_of(reader, workspace, &ids).await?;
        Ok(shared(with_roles(rows, &roles, |row| (row.member_id, row.role_id))))
    }

    async fn ledger(self: Arc<Self>, _: Vec<()>) -> Result<HashMap<(), Arc<Ledger>>> {
        let (database, workspace) = (&self.database, self.viewer.workspace_id);
        let ledger = Ledger::read(database.reader(), database, workspace, self.clock.now()).await?;
        Ok(HashMap::from([((), Arc::new(ledger))]))
    }

    async fn sessions(self: Arc<Self>, ids: Vec<MemberId>) -> Result<HashMap<MemberId, Arc<[OpenSession]>>> {
        let (reader, workspace) = (self.database.reader(), self.viewer.workspace_id);
        let rows = session::of_members(reader, workspace, &ids, self.clock.now()).await?;
        Ok(grouped(rows.into_iter().map(|row| (row.session.member_id, row))))
    }

    async fn online(self: Arc<Self>, _: Vec<MemberId>) -> Result<HashMap<MemberId, ()>> {
        let (database, now) = (&self.database, self.clock.now());
        let online = presence::online_members(database.reader(), database, self.viewer.workspace_id, now);
        Ok(online.await?.into_iter().map(|member| (member, ())).collect())
    }

    async fn team_members(self: Arc<Self>, ids: Vec<TeamId>) -> Result<HashMap<TeamId, Arc<[MemberId]>>> {
        let rows = team::members_of(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(grouped(rows.into_iter().map(|row| (row.team_id, row.member_id))))
    }

    async fn team_channels(self: Arc<Self>, ids: Vec<TeamId>) -> Result<HashMap<TeamId, Arc<[ChannelId]>>> {
        let rows = team::channels_of(self.database.reader(), self.viewer.workspace_id, &ids).await?;
        Ok(grouped(rows.into_iter().map(|row| (row.team_id, row.channel_id))))
    }
}

fn grouped<K: Eq + Hash, T>(rows: impl Iterator<Item = (K, T)>) -> HashMap<K, Arc<[T]>> {
    let mut all: HashMap<K, Vec<T>> = HashMap::new();
    for (about, one) in rows {
        all.entry(about).or_default().push(one);
    }
    all.into_iter().map(|(about, list)| (about, list.into())).collect()
}
