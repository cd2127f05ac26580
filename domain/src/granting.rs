//! No escalation: the rules that every path obeys which changes what somebody may do. Pure; the [`Change`] applies them
//! within one transaction to what its [`Ledger`] has read there.
//!
//! - One gives only what one holds oneself, in a scope that one holds it in, and for no longer.
//! - Nobody changes their own access.
//! - One changes the access only of those whose permissions one's own contain in every scope.
//! - A workspace keeps an active administrator whose grant does not end.

mod ability;
mod change;
mod ledger;

use std::collections::HashMap;

use portaria_entity::id::{
    ApiKeyId, DirectoryCredentialId, EmergencyEligibilityId, GrantId, MemberId, RoleId, RoleMappingId, TeamId,
};
use portaria_entity::member::MemberStatus;
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;

use crate::access::{Access, EffectiveGrant, Scope};
use crate::error::Refusal;
use crate::permission::{Permission, PermissionSet};

pub use ability::{MemberAct, Prospect};
pub use change::{Authority, Change};
pub(crate) use change::{DECIDED_BY, stated};
pub use ledger::{KnownRole, Ledger};

/// What makes a role somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    Grant(GrantId),
    /// Of an API key.
    ApiKeyGrant(GrantId),
    /// What a directory credential may give to others, for good.
    Approval(GrantId),
    /// May be taken on in an emergency: not held now, but as good as held by who decides to.
    Eligibility(EmergencyEligibilityId),
    /// Goes to whoever an identity provider claims something of: held by nobody, and as good as given by who decides to.
    Mapping(RoleMappingId),
}

impl std::fmt::Display for Title {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Grant(id) | Self::ApiKeyGrant(id) | Self::Approval(id) => id.fmt(f),
            Self::Eligibility(id) => id.fmt(f),
            Self::Mapping(id) => id.fmt(f),
        }
    }
}

/// A role that somebody has, will have, or may take on.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    pub title: Title,
    pub role_id: RoleId,
    pub built_in: Option<BuiltInRole>,
    pub scope: Scope,
    /// All that the role allows; [`Scope::narrow`] tells what of it exists in the scope.
    pub permissions: PermissionSet,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
}

impl Holding {
    /// Until when it may be used, if nobody takes it back: an eligibility makes ever new grants.
    pub fn until(&self) -> Option<Timestamp> {
        match self.title {
            Title::Grant(_) | Title::ApiKeyGrant(_) => self.valid_until,
            Title::Eligibility(_) | Title::Approval(_) | Title::Mapping(_) => None,
        }
    }

    /// Whether it lasts for as long as that, without an interruption.
    fn lasts(&self, until: Option<Timestamp>) -> bool {
        match (self.valid_until, until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(wanted)) => own >= wanted,
        }
    }

    fn from(&self, valid_from: Timestamp) -> EffectiveGrant {
        EffectiveGrant {
            scope: self.scope,
            permissions: self.permissions,
            valid_from,
            valid_until: self.valid_until,
        }
    }
}

/// How a member stands: everything that decides what they may do, now and later.
#[derive(Clone, Debug)]
pub struct Standing {
    pub member_id: MemberId,
    pub status: MemberStatus,
    pub holdings: Vec<Holding>,
    pub member_of: Vec<TeamId>,
}

impl Standing {
    pub fn is_active(&self) -> bool {
        self.status == MemberStatus::Active
    }

    /// The grants they hold or will hold.
    pub fn grant_ids(&self) -> Vec<GrantId> {
        let id = |holding: &Holding| match holding.title {
            Title::Grant(id) | Title::ApiKeyGrant(id) => Some(id),
            Title::Approval(_) | Title::Eligibility(_) | Title::Mapping(_) => None,
        };
        self.holdings.iter().filter_map(id).collect()
    }

    fn granted(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.iter().filter(|holding| matches!(holding.title, Title::Grant(_)))
    }

    fn access_of<'a>(
        &'a self,
        holdings: impl Iterator<Item = EffectiveGrant> + 'a,
        now: Timestamp,
    ) -> Access {
        Access::new(Some(self.member_id), holdings, self.member_of.clone(), now)
    }

    /// What they may do now. Nothing, once they are not active.
    pub fn access(&self, now: Timestamp) -> Access {
        let active = self.is_active();
        self.access_of(self.granted().filter(|_| active).map(|held| held.from(held.valid_from)), now)
    }

    /// What they may do from now until then (`None`: for good) without a break.
    fn lasting(&self, now: Timestamp, until: Option<Timestamp>) -> Access {
        let lasting = self.granted().filter(|held| held.lasts(until));
        self.access_of(lasting.map(|held| held.from(held.valid_from)), now)
    }

    /// What they may do now or later, or take upon themselves in an emergency; whatever their status.
    pub fn potential(&self, now: Timestamp) -> Access {
        self.access_of(self.holdings.iter().map(|held| held.from(held.valid_from.min(now))), now)
    }

    /// Whether they administer the workspace until somebody says otherwise.
    fn is_lasting_administrator(&self, now: Timestamp) -> bool {
        self.is_active()
            && self.granted().any(|held| {
                held.built_in == Some(BuiltInRole::Administrator)
                    && held.scope == Scope::Workspace
                    && held.valid_from <= now
                    && held.valid_until.is_none()
            })
    }
}

/// Who holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Member(MemberId),
    ApiKey(ApiKeyId),
    /// May give it.
    Directory(DirectoryCredentialId),
    /// Everybody of whom an identity provider will claim it.
    Mapping(RoleMappingId),
}

/// What a directory may give and take.
pub fn approved_of(holdings: &[Holding], now: Timestamp) -> Access {
    Access::new(None, holdings.iter().map(|held| held.from(held.valid_from.min(now))), Vec::new(), now)
}

/// What an API key may do from now on, at the most.
pub fn potential_of_key(holdings: &[Holding], now: Timestamp) -> Access {
    let grants = holdings.iter().map(|held| held.from(held.valid_from.min(now)).of_api_key());
    Access::new(None, grants, Vec::new(), now)
}

/// Something that is to be given.
#[derive(Clone, Copy, Debug)]
pub struct Conferral {
    pub scope: Scope,
    /// All that the role allows.
    pub permissions: PermissionSet,
    pub until: Option<Timestamp>,
}

/// Refuses who would give what they do not hold there themselves, or not for so long.
pub fn may_confer(granter: &Standing, what: Conferral, now: Timestamp) -> Result<(), Refusal> {
    let conferred = what.scope.narrow(what.permissions);
    if !granter.access(now).in_scope(what.scope).contains_all(conferred) {
        return Err(Refusal::NotHeld);
    }
    if !granter.lasting(now, what.until).in_scope(what.scope).contains_all(conferred) {
        return Err(Refusal::OutlastsGranter);
    }
    Ok(())
}

/// Refuses who would change their own access, or that of somebody who holds what they do not.
pub fn may_touch(granter: &Standing, target: &Standing, now: Timestamp) -> Result<(), Refusal> {
    if granter.member_id == target.member_id {
        return Err(Refusal::OwnAccess);
    }
    if granter.access(now).contains(&target.potential(now)) { Ok(()) } else { Err(Refusal::HoldsMore) }
}

/// Refuses who would change what a key holds, or take it away, when it holds what they do not.
pub fn may_touch_key(granter: &Standing, key: &[Holding], now: Timestamp) -> Result<(), Refusal> {
    if granter.access(now).contains(&potential_of_key(key, now)) { Ok(()) } else { Err(Refusal::HoldsMore) }
}

/// Refuses who would change what a directory may give, when that is what they do not hold.
pub fn may_touch_directory(granter: &Standing, approved: &[Holding], now: Timestamp) -> Result<(), Refusal> {
    if granter.access(now).contains(&approved_of(approved, now)) { Ok(()) } else { Err(Refusal::HoldsMore) }
}

/// Refuses who would change a mapping, or take it away, when it gives what they do not hold.
pub fn may_touch_mapping(granter: &Standing, mapping: &Holding, now: Timestamp) -> Result<(), Refusal> {
    let gives = Access::new(None, [mapping.from(mapping.valid_from.min(now))], Vec::new(), now);
    if granter.access(now).contains(&gives) { Ok(()) } else { Err(Refusal::HoldsMore) }
}

/// Being in a team lets one read its conversations where one holds this.
const READ_TEAM: Permission = Permission::ConversationReadTeam;

/// Refuses who would let others read a team's conversations without reading them themselves.
pub fn may_admit(granter: &Standing, member: &Standing, team: TeamId, now: Timestamp) -> Result<(), Refusal> {
    match member.potential(now).anywhere().contains(READ_TEAM) {
        true => may_admit_anybody(granter, team, now),
        false => Ok(()),
    }
}

/// The same whoever it is, as for a group of a directory whose people are not known yet.
pub fn may_admit_anybody(granter: &Standing, team: TeamId, now: Timestamp) -> Result<(), Refusal> {
    reads_team(granter, team, (Scope::Team(team), None), now)
}

/// The same the other way round: refuses who would give somebody what opens the teams that they are in already.
pub fn may_open_teams(
    granter: &Standing,
    member: &Standing,
    what: Conferral,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !what.scope.narrow(what.permissions).contains(READ_TEAM) {
        return Ok(());
    }
    let opened = |team: &&TeamId| match what.scope {
        Scope::Workspace | Scope::Channel(_) => true,
        Scope::Team(only) => **team == only,
    };
    let mut teams = member.member_of.iter().filter(opened);
    teams.try_for_each(|team| reads_team(granter, *team, (what.scope, what.until), now))
}

/// Refuses who does not read all that a team has in a scope, or not for so long.
fn reads_team(
    granter: &Standing,
    team: TeamId,
    (scope, until): (Scope, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), Refusal> {
    let reads = |access: Access| {
        let held = access.in_scope(scope).union(access.in_team(team));
        held.contains(Permission::ConversationReadAll)
            || held.contains(READ_TEAM) && granter.member_of.contains(&team)
    };
    if !reads(granter.access(now)) {
        Err(Refusal::NotHeld)
    } else if !reads(granter.lasting(now, until)) {
        Err(Refusal::OutlastsGranter)
    } else {
        Ok(())
    }
}

/// Refuses what would leave the workspace, now or by expiry, without an active administrator.
pub fn keeps_an_administrator(members: &HashMap<MemberId, Standing>, now: Timestamp) -> Result<(), Refusal> {
    if members.values().any(|standing| standing.is_lasting_administrator(now)) {
        Ok(())
    } else {
        Err(Refusal::LastAdministrator)
    }
}

#[cfg(test)]
mod tests;
