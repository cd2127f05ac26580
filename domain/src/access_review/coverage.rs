//! What a campaign asks about.

use std::collections::{BTreeSet, HashMap};

use portaria_entity::access_review::ReviewScope;
use portaria_entity::access_review_item::ItemKind;
use portaria_entity::id::{ApiKeyId, ChannelId, MemberId, RoleId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use crate::access::Scope;
use crate::error::{Error, Result};
use crate::granting::{Change, Holding, Standing, Title};
use crate::permission::Permission;
use crate::team::channels_of;

/// Whose access, or which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// What everybody and every key holds.
    Everybody,
    /// Who holds that role.
    Role(RoleId),
    /// All that reaches that number, from whatever scope.
    Channel(ChannelId),
}

impl Coverage {
    pub fn scope(self) -> ReviewScope {
        match self {
            Self::Everybody => ReviewScope::Everybody,
            Self::Role(_) => ReviewScope::Role,
            Self::Channel(_) => ReviewScope::Channel,
        }
    }

    /// The role and the channel that it is stored as.
    pub fn columns(self) -> (Option<RoleId>, Option<ChannelId>) {
        match self {
            Self::Everybody => (None, None),
            Self::Role(role) => (Some(role), None),
            Self::Channel(channel) => (None, Some(channel)),
        }
    }

    pub fn of_columns(role: Option<RoleId>, channel: Option<ChannelId>) -> Self {
        match (role, channel) {
            (Some(role), _) => Self::Role(role),
            (None, Some(channel)) => Self::Channel(channel),
            (None, None) => Self::Everybody,
        }
    }

    fn covers(self, holding: &Holding, serving: &BTreeSet<TeamId>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Role(role) => holding.role_id == role,
            Self::Channel(channel) => match holding.scope {
                Scope::Workspace => !Scope::Channel(channel).narrow(holding.permissions).is_empty(),
                Scope::Channel(its) => its == channel,
                Scope::Team(team) => serving.contains(&team),
            },
        }
    }

    fn covers_team(self, team: TeamId, serving: &BTreeSet<TeamId>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Role(_) => false,
            Self::Channel(_) => serving.contains(&team),
        }
    }
}

/// Who holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Principal {
    Member(MemberId),
    ApiKey(ApiKeyId),
}

/// What they hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    Role(Holding),
    Team(TeamId),
}

impl Held {
    pub fn kind(&self) -> Result<ItemKind> {
        match self {
            Self::Team(_) => Ok(ItemKind::TeamMembership),
            Self::Role(holding) => match holding.title {
                Title::Grant(_) => Ok(ItemKind::Grant),
                Title::ApiKeyGrant(_) => Ok(ItemKind::ApiKeyGrant),
                Title::Eligibility(_) => Ok(ItemKind::EmergencyEligibility),
                Title::Approval(_) | Title::Mapping(_) => {
                    Err(Error::internal("a directory or provider holds nothing itself"))
                }
            },
        }
    }
}

/// All that is covered, by holder.
pub(super) async fn covered(change: &Change<'_>, coverage: Coverage) -> Result<Vec<(Principal, Held)>> {
    let serving = match coverage {
        Coverage::Channel(channel) => serving(change, channel).await?,
        Coverage::Everybody | Coverage::Role(_) => BTreeSet::new(),
    };
    let ledger = &change.ledger;
    let mut members: Vec<&Standing> = ledger.members.values().collect();
    members.sort_unstable_by_key(|standing| standing.member_id);
    let mut all = Vec::new();
    for standing in members {
        let who = Principal::Member(standing.member_id);
        let holdings = standing.holdings.iter().filter(|holding| coverage.covers(holding, &serving));
        all.extend(in_order(holdings).into_iter().map(|holding| (who, Held::Role(*holding))));
        if opens_teams(standing, change.now) {
            let mut teams = standing.member_of.clone();
            teams.sort_unstable();
            let teams = teams.into_iter().filter(|team| coverage.covers_team(*team, &serving));
            all.extend(teams.map(|team| (who, Held::Team(team))));
        }
    }
    let mut keys: Vec<_> = ledger.keys.iter().collect();
    keys.sort_unstable_by_key(|(key, _)| **key);
    for (key, holdings) in keys {
        let holdings = holdings.iter().filter(|holding| coverage.covers(holding, &serving));
        let who = Principal::ApiKey(*key);
        all.extend(in_order(holdings).into_iter().map(|holding| (who, Held::Role(*holding))));
    }
    Ok(all)
}

fn in_order<'a>(holdings: impl Iterator<Item = &'a Holding>) -> Vec<&'a Holding> {
    let mut holdings: Vec<_> = holdings.collect();
    holdings.sort_unstable_by_key(|holding| holding.title.to_string());
    holdings
}

/// Whether being in a team gives somebody anything: its conversations, where they may read a team's.
fn opens_teams(standing: &Standing, now: Timestamp) -> bool {
    !standing.member_of.is_empty()
        && standing.potential(now).anywhere().contains(Permission::ConversationReadTeam)
}

async fn serving(change: &Change<'_>, channel: ChannelId) -> Result<BTreeSet<TeamId>> {
    let teams = crate::team::all(&change.transaction, change.workspace_id).await?;
    let ids: Vec<TeamId> = teams.iter().map(|team| team.id).collect();
    let rows = channels_of(&change.transaction, change.workspace_id, &ids).await?;
    Ok(rows.into_iter().filter(|row| row.channel_id == channel).map(|row| row.team_id).collect())
}

/// What things were called when a review began, or something was decided.
pub(super) struct Names {
    pub roles: HashMap<RoleId, (String, bool)>,
    pub channels: HashMap<ChannelId, String>,
    pub teams: HashMap<TeamId, String>,
    pub keys: HashMap<ApiKeyId, (String, String)>,
}

impl Names {
    pub async fn of(change: &Change<'_>) -> Result<Self> {
        Self::read(&change.transaction, change.workspace_id).await
    }

    pub async fn read(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Self> {
        let roles = crate::role::all(connection, workspace).await?;
        let channels = crate::channel::all(connection, workspace).await?;
        let teams = crate::team::all(connection, workspace).await?;
        let keys = crate::api_key::all(connection, workspace).await?;
        let role = |row: crate::role::RoleRow| (row.role.id, (row.role.name, row.role.built_in.is_some()));
        Ok(Self {
            roles: roles.into_iter().map(role).collect(),
            channels: channels.into_iter().map(|row| (row.id, row.name)).collect(),
            teams: teams.into_iter().map(|row| (row.id, row.name)).collect(),
            keys: keys.into_iter().map(|row| (row.id, (row.name, row.prefix))).collect(),
        })
    }

    /// Of what a campaign covers; NOT_FOUND when it is not there.
    pub fn of_coverage(&self, coverage: Coverage) -> Result<Option<String>> {
        let found = match coverage {
            Coverage::Everybody => return Ok(None),
            Coverage::Role(role) => self.roles.get(&role).map(|(name, _)| name),
            Coverage::Channel(channel) => self.channels.get(&channel),
        };
        found.cloned().map(Some).ok_or(Error::NotFound)
    }
}
