//! What a member or an API key may do, per scope, worked out once from their grants. Checks after that touch no database.

use std::collections::HashMap;

use portaria_entity::id::{BotId, ChannelId, MemberId, TeamId};
use portaria_entity::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::permission::{Breadth, CATALOGUE, Permission, PermissionSet};

/// Where a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Workspace,
    Channel(ChannelId),
    /// The conversations of that team.
    Team(TeamId),
}

impl Scope {
    pub fn of_grant(channel_id: Option<ChannelId>, team_id: Option<TeamId>) -> Self {
        match (channel_id, team_id) {
            (Some(channel), _) => Self::Channel(channel),
            (None, Some(team)) => Self::Team(team),
            (None, None) => Self::Workspace,
        }
    }

    /// The channel or the team that it is stored as; neither: the workspace.
    pub fn columns(self) -> (Option<ChannelId>, Option<TeamId>) {
        match self {
            Self::Workspace => (None, None),
            Self::Channel(channel) => (Some(channel), None),
            Self::Team(team) => (None, Some(team)),
        }
    }

    /// Whether it reaches nothing that the other does not.
    pub fn is_within(self, other: Self) -> bool {
        other == Self::Workspace || self == other
    }

    /// Those of a role's permissions that exist at this scope.
    pub fn narrow(self, permissions: PermissionSet) -> PermissionSet {
        let exists = |breadth| match self {
            Self::Workspace => true,
            Self::Channel(_) => matches!(breadth, Breadth::Channel | Breadth::Team),
            Self::Team(_) => breadth == Breadth::Team,
        };
        CATALOGUE
            .iter()
            .filter(|entry| exists(entry.breadth))
            .map(|entry| entry.permission)
            .collect::<PermissionSet>()
            .intersection(permissions)
    }
}

/// A grant that is in force or may come into force, with what its role allows.
#[derive(Clone, Copy, Debug)]
pub struct EffectiveGrant {
    pub scope: Scope,
    pub permissions: PermissionSet,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
}

impl EffectiveGrant {
    /// The same as an API key has it: keys hold nothing that is sensitive.
    pub fn of_api_key(self) -> Self {
        Self { permissions: self.permissions.without(PermissionSet::SENSITIVE), ..self }
    }
}

/// The effective permissions of one member or API key at one time.
#[derive(Clone, Debug)]
pub struct Access {
    /// None: not a person, to whom nothing can be assigned.
    member_id: Option<MemberId>,
    /// Of a key that is a bot: conversations can be handed to it.
    bot_id: Option<BotId>,
    everywhere: PermissionSet,
    channels: HashMap<ChannelId, PermissionSet>,
    teams: HashMap<TeamId, PermissionSet>,
    anywhere: PermissionSet,
    member_of: Vec<TeamId>,
    next_change: Option<Timestamp>,
}

/// What of a conversation a member may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Everything that was said.
    Whole,
    /// That it waits: contact, channel, since when; what was said only after claiming it.
    QueueEntry,
}

/// What decides who may see a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    pub channel_id: ChannelId,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<MemberId>,
    pub bot_id: Option<BotId>,
    pub open: bool,
}

/// Where in a workspace a permission holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    Everywhere,
    /// In these channels and in these teams' conversations; possibly nowhere.
    Parts {
        channels: Vec<ChannelId>,
        teams: Vec<TeamId>,
    },
}

/// What remains of one's permissions towards a conversation that one sees only in the queue.
const IN_QUEUE: PermissionSet = PermissionSet::of(&[
    Permission::ContactRead,
    Permission::ConversationReadUnassigned,
    Permission::ConversationClaim,
    Permission::ConversationAssign,
    Permission::ConversationReceiveEscalation,
    Permission::MemberRead,
    Permission::WorkspaceRead,
    Permission::TeamRead,
]);

impl Access {
    /// Works out the effective permissions at `now`.
    pub fn new(
        member_id: Option<MemberId>,
        grants: impl IntoIterator<Item = EffectiveGrant>,
        member_of: Vec<TeamId>,
        now: Timestamp,
    ) -> Self {
        let mut access = Self {
            member_id,
            bot_id: None,
            everywhere: PermissionSet::basic(),
            channels: HashMap::new(),
            teams: HashMap::new(),
            anywhere: PermissionSet::EMPTY,
            member_of,
            next_change: None,
        };
        for grant in grants {
            access.add(grant, now);
        }
        access.anywhere = access
            .channels
            .values()
            .chain(access.teams.values())
            .fold(access.everywhere, |all, part| all.union(*part));
        access
    }

    fn add(&mut self, grant: EffectiveGrant, now: Timestamp) {
        if grant.valid_until.is_some_and(|until| until <= now) {
            return;
        }
        let starts = (grant.valid_from > now).then_some(grant.valid_from);
        let boundary = starts.or(grant.valid_until);
        self.next_change = match (self.next_change, boundary) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
        if starts.is_some() {
            return;
        }
        let conferred = grant.scope.narrow(grant.permissions);
        let held = match grant.scope {
            Scope::Workspace => &mut self.everywhere,
            Scope::Channel(channel) => self.channels.entry(channel).or_default(),
            Scope::Team(team) => self.teams.entry(team).or_default(),
        };
        *held = held.union(conferred);
    }

    /// The same member with nothing to use, not even what every member has; until its next change.
    pub fn withheld(self) -> Self {
        Self {
            everywhere: PermissionSet::EMPTY,
            channels: HashMap::new(),
            teams: HashMap::new(),
            anywhere: PermissionSet::EMPTY,
            member_of: Vec::new(),
            member_id: self.member_id,
            bot_id: self.bot_id,
            next_change: self.next_change,
        }
    }

    /// The same as a bot has it, to which conversations are handed.
    #[must_use]
    pub fn of_bot(self, bot_id: Option<BotId>) -> Self {
        Self { bot_id, ..self }
    }

    pub fn bot_id(&self) -> Option<BotId> {
        self.bot_id
    }

    pub fn member_id(&self) -> Option<MemberId> {
        self.member_id
    }

    /// Held for the whole workspace.
    pub fn everywhere(&self) -> PermissionSet {
        self.everywhere
    }

    /// Held in at least one scope.
    pub fn anywhere(&self) -> PermissionSet {
        self.anywhere
    }

    /// The teams the member belongs to.
    pub fn member_of(&self) -> &[TeamId] {
        &self.member_of
    }

    /// When a grant begins or ends next: this must be worked out afresh then.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.next_change
    }

    /// What may be done where, in a few bytes: the same for two that are the same, in every process.
    pub fn fingerprint(&self) -> [u8; 8] {
        let mut lines = vec![format!("everywhere {:?}", self.everywhere)];
        lines.extend(self.channels.iter().map(|(id, set)| format!("channel {id} {set:?}")));
        lines.extend(self.teams.iter().map(|(id, set)| format!("team {id} {set:?}")));
        lines.extend(self.member_of.iter().map(|id| format!("member of {id}")));
        lines.extend(self.bot_id.iter().map(|id| format!("bot {id}")));
        lines.sort_unstable();
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(lines.join("\n")));
        [a, b, c, d, e, f, g, h]
    }

    /// Whether every scope allows the same, so that a decision need not look at the row.
    pub fn is_uniform(&self) -> bool {
        self.anywhere == self.everywhere
    }

    /// Held towards what belongs to a channel.
    pub fn in_channel(&self, channel: ChannelId) -> PermissionSet {
        self.channels.get(&channel).map_or(self.everywhere, |part| part.union(self.everywhere))
    }

    /// Held towards a conversation of a channel and perhaps of a team.
    pub fn in_conversation(&self, channel: ChannelId, team: Option<TeamId>) -> PermissionSet {
        let held = self.in_channel(channel);
        team.and_then(|team| self.teams.get(&team)).map_or(held, |part| part.union(held))
    }

    /// The same by grants for the channel or the team alone, leaving out what holds for the whole workspace.
    pub fn by_narrow_grants(&self, channel: ChannelId, team: Option<TeamId>) -> PermissionSet {
        let held = self.channels.get(&channel).copied().unwrap_or_default();
        team.and_then(|team| self.teams.get(&team)).map_or(held, |part| part.union(held))
    }

    /// Held towards a team's conversations, whatever their channel.
    pub fn in_team(&self, team: TeamId) -> PermissionSet {
        self.teams.get(&team).map_or(self.everywhere, |part| part.union(self.everywhere))
    }

    /// Held in the whole of a scope.
    pub fn in_scope(&self, scope: Scope) -> PermissionSet {
        match scope {
            Scope::Workspace => self.everywhere,
            Scope::Channel(channel) => self.in_channel(channel),
            Scope::Team(team) => self.in_team(team),
        }
    }

    /// Whether it allows, in every scope, whatever the other allows there.
    pub fn contains(&self, other: &Self) -> bool {
        self.everywhere.contains_all(other.everywhere)
            && other.channels.iter().all(|(channel, held)| self.in_channel(*channel).contains_all(*held))
            && other.teams.iter().all(|(team, held)| self.in_team(*team).contains_all(*held))
    }

    /// Whether the member belongs to all teams that the other belongs to.
    pub fn is_in_teams_of(&self, other: &Self) -> bool {
        other.member_of.iter().all(|team| self.member_of.contains(team))
    }

    /// Where a permission holds.
    pub fn region(&self, permission: Permission) -> Region {
        if self.everywhere.contains(permission) {
            return Region::Everywhere;
        }
        let holds = |set: &PermissionSet| set.contains(permission);
        let mut channels: Vec<_> =
            self.channels.iter().filter(|(_, set)| holds(set)).map(|(id, _)| *id).collect();
        let mut teams: Vec<_> = self.teams.iter().filter(|(_, set)| holds(set)).map(|(id, _)| *id).collect();
        channels.sort_unstable();
        teams.sort_unstable();
        Region::Parts { channels, teams }
    }

    /// How much of a conversation this member may read; nothing at all when `None`.
    ///
    /// The scoped finder of conversations asks the same question in SQL; a property test holds them together.
    pub fn reading(&self, row: Placement) -> Option<Reading> {
        self.reading_by(row).map(|(reading, _)| reading)
    }

    /// The same, and by which permission: the least that does.
    pub fn reading_by(&self, row: Placement) -> Option<(Reading, Permission)> {
        let held = self.in_conversation(row.channel_id, row.team_id);
        let holds = |permission| held.contains(permission);
        if holds(Permission::ConversationReadAssigned)
            && (row.assignee_id.is_some() && row.assignee_id == self.member_id
                || row.bot_id.is_some() && row.bot_id == self.bot_id)
        {
            Some((Reading::Whole, Permission::ConversationReadAssigned))
        } else if holds(Permission::ConversationReadTeam)
            && row.team_id.is_some_and(|team| self.member_of.contains(&team))
        {
            Some((Reading::Whole, Permission::ConversationReadTeam))
        } else if holds(Permission::ConversationReadAll) {
            Some((Reading::Whole, Permission::ConversationReadAll))
        } else if holds(Permission::ConversationReadUnassigned)
            && row.assignee_id.is_none()
            && row.bot_id.is_none()
            && row.open
        {
            Some((Reading::QueueEntry, Permission::ConversationReadUnassigned))
        } else {
            None
        }
    }

    /// What the member may do towards a conversation that they read in this way.
    pub fn towards(&self, row: Placement, reading: Reading) -> PermissionSet {
        let held = self.in_conversation(row.channel_id, row.team_id);
        match reading {
            Reading::Whole => held,
            Reading::QueueEntry => held.intersection(IN_QUEUE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portaria_entity::role::BuiltInRole;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn grant(scope: Scope, role: BuiltInRole) -> EffectiveGrant {
        EffectiveGrant {
            scope,
            permissions: PermissionSet::of_role(role),
            valid_from: Timestamp(0),
            valid_until: None,
        }
    }

    fn me() -> MemberId {
        MemberId(Uuid::from_u128(1))
    }

    fn channel(number: u128) -> ChannelId {
        ChannelId(Uuid::from_u128(number))
    }

    #[test]
    fn a_narrow_grant_confers_only_what_exists_there() {
        let team = TeamId(Uuid::from_u128(9));
        let access = Access::new(
            Some(me()),
            [
                grant(Scope::Channel(channel(1)), BuiltInRole::Administrator),
                grant(Scope::Team(team), BuiltInRole::Administrator),
            ],
            vec![],
            NOW,
        );
        assert!(!access.anywhere().contains(Permission::RoleAssign));
        assert!(access.in_channel(channel(1)).contains(Permission::TemplateWrite));
        assert!(!access.in_channel(channel(2)).contains(Permission::TemplateWrite));
        assert!(!access.in_conversation(channel(2), Some(team)).contains(Permission::TemplateWrite));
        assert!(access.in_conversation(channel(2), Some(team)).contains(Permission::ContactReadPhone));
        assert!(access.everywhere().contains(Permission::MemberRead));
    }

    #[test]
    fn roles_on_two_numbers_do_not_mix() {
        let access = Access::new(
            Some(me()),
            [
                grant(Scope::Channel(channel(1)), BuiltInRole::Agent),
                grant(Scope::Channel(channel(2)), BuiltInRole::Support),
            ],
            vec![],
            NOW,
        );
        assert!(access.in_channel(channel(1)).contains(Permission::ContactReadPhone));
        assert!(!access.in_channel(channel(2)).contains(Permission::ContactReadPhone));
        assert!(!access.is_uniform());
        assert_eq!(
            access.region(Permission::ContactReadPhone),
            Region::Parts { channels: vec![channel(1)], teams: vec![] }
        );
    }

    #[test]
    fn grants_begin_and_end_by_themselves() {
        let mut later = grant(Scope::Workspace, BuiltInRole::Agent);
        later.valid_from = Timestamp::from_secs(2_000);
        later.valid_until = Some(Timestamp::from_secs(3_000));
        let at = |seconds| Access::new(Some(me()), [later], vec![], Timestamp::from_secs(seconds));
        assert!(!at(1_999).anywhere().contains(Permission::MessageRead));
        assert_eq!(at(1_999).next_change(), Some(Timestamp::from_secs(2_000)));
        assert!(at(2_000).anywhere().contains(Permission::MessageRead));
        assert_eq!(at(2_000).next_change(), Some(Timestamp::from_secs(3_000)));
        assert!(!at(3_000).anywhere().contains(Permission::MessageRead));
    }

    #[test]
    fn the_queue_shows_who_waits_but_not_what_they_said() {
        let access = Access::new(Some(me()), [grant(Scope::Workspace, BuiltInRole::Agent)], vec![], NOW);
        let waiting =
            Placement { channel_id: channel(1), team_id: None, assignee_id: None, bot_id: None, open: true };
        assert_eq!(access.reading(waiting), Some(Reading::QueueEntry));
        let towards = access.towards(waiting, Reading::QueueEntry);
        assert!(towards.contains(Permission::ContactRead) && towards.contains(Permission::ConversationClaim));
        assert!(
            !towards.contains(Permission::MessageRead) && !towards.contains(Permission::ContactReadPhone)
        );
        assert_eq!(access.reading(Placement { open: false, ..waiting }), None);
        assert_eq!(access.reading(Placement { assignee_id: Some(me()), ..waiting }), Some(Reading::Whole));
        let colleague = MemberId(Uuid::from_u128(2));
        assert_eq!(access.reading(Placement { assignee_id: Some(colleague), ..waiting }), None);
    }
}
