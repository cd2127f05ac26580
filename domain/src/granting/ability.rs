//! Whether somebody may change somebody's access, told before they try: by the rules that decide when they do.

use portaria_entity::id::{ApiKeyId, DirectoryCredentialId, GrantId, MemberId, RoleId, TeamId};
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use portaria_entity::{emergency_eligibility, grant};

use super::{
    Holder, Ledger, Standing, Title, keeps_an_administrator, may_touch, may_touch_directory, may_touch_key,
    may_touch_mapping,
};
use crate::directory::REQUIRED;
use crate::error::{Error, Refusal, Result};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// What can be done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberAct {
    Suspend,
    Reinstate,
    Remove,
    /// Give them a role: which, is another question.
    GrantRole,
    /// Forget them: `member::erase`.
    Erase,
    EndSessions,
}

impl MemberAct {
    pub fn permission(self) -> Permission {
        match self {
            Self::Suspend | Self::Reinstate | Self::Remove => Permission::MemberManage,
            Self::GrantRole => Permission::RoleAssign,
            Self::Erase => Permission::PrivacyManage,
            Self::EndSessions => Permission::SessionRevoke,
        }
    }
}

/// Who asks, and who holds what. Answers touch no database.
#[derive(Clone, Copy)]
pub struct Prospect<'a> {
    pub viewer: &'a Viewer,
    pub ledger: &'a Ledger,
    pub now: Timestamp,
}

impl Prospect<'_> {
    /// A question only: nothing of it is used.
    fn require(&self, permission: Permission) -> Result<()> {
        self.viewer.ask_everywhere(permission, self.now).map(|_| ())
    }

    fn own(&self) -> Result<&Standing> {
        self.ledger.member(self.viewer.session()?.member_id)
    }

    fn touch(&self, member: MemberId) -> Result<&Standing> {
        let target = self.ledger.member(member)?;
        may_touch(self.own()?, target, self.now)?;
        Ok(target)
    }

    fn touch_holder(&self, holder: Holder) -> Result<()> {
        match holder {
            Holder::Member(member) => self.touch(member).map(|_| ()),
            Holder::Mapping(mapping) => {
                Ok(may_touch_mapping(self.own()?, self.ledger.mapping(mapping)?, self.now)?)
            }
            Holder::ApiKey(key) => {
                let held = self.ledger.keys.get(&key).map(Vec::as_slice).unwrap_or_default();
                Ok(may_touch_key(self.own()?, held, self.now)?)
            }
            Holder::Directory(id) => {
                let approved = self.ledger.directories.get(&id).map(Vec::as_slice).unwrap_or_default();
                Ok(may_touch_directory(self.own()?, approved, self.now)?)
            }
        }
    }

    /// Refuses what the viewer may not do to a member now.
    pub fn member(&self, member: MemberId, act: MemberAct) -> Result<()> {
        self.require(act.permission())?;
        let target = self.touch(member)?;
        let fits = match act {
            MemberAct::Suspend => target.status == MemberStatus::Active,
            MemberAct::Reinstate => target.status == MemberStatus::Suspended,
            MemberAct::Remove | MemberAct::GrantRole | MemberAct::EndSessions => {
                target.status != MemberStatus::Removed
            }
            MemberAct::Erase => target.status == MemberStatus::Removed,
        };
        if !fits {
            return Err(Refusal::NotActive.into());
        }
        if matches!(act, MemberAct::Suspend | MemberAct::Remove) {
            let mut others = self.ledger.members.clone();
            others.remove(&member);
            keeps_an_administrator(&others, self.now)?;
        }
        Ok(())
    }

    /// Refuses who may not edit or delete a role now, because it is built in or somebody holds it whose access is not
    /// theirs to change.
    pub fn role(&self, role: RoleId) -> Result<()> {
        self.require(Permission::RoleManage)?;
        if self.ledger.role(role)?.built_in.is_some() {
            return Err(Refusal::BuiltInRole.into());
        }
        self.ledger.holders_of(role).into_iter().try_for_each(|(holder, _)| self.touch_holder(holder))
    }

    /// Refuses who may not take a grant back now.
    pub fn revoke_grant(&self, row: &grant::Model) -> Result<()> {
        self.change_grant(row)?;
        let mut others = self.ledger.members.clone();
        if let Some(standing) = others.get_mut(&row.member_id) {
            standing.holdings.retain(|holding| holding.title != Title::Grant(row.id));
        }
        Ok(keeps_an_administrator(&others, self.now)?)
    }

    /// Refuses who may not give a grant another scope or period now. Which, is another question.
    pub fn change_grant(&self, row: &grant::Model) -> Result<()> {
        self.grant(row.member_id, row.id)
    }

    /// The same, of a grant of which only the id is known, and who holds it.
    pub fn grant(&self, member: MemberId, id: GrantId) -> Result<()> {
        self.require(Permission::RoleAssign)?;
        let holdings = &self.touch(member)?.holdings;
        match holdings.iter().any(|holding| holding.title == Title::Grant(id)) {
            true => Ok(()),
            false => Err(Refusal::AlreadyEnded.into()),
        }
    }

    /// Refuses who may not change which numbers a team serves, or end it, because of who is in it or holds something for
    /// its conversations.
    pub fn team(&self, team: TeamId) -> Result<()> {
        self.require(Permission::TeamManage)?;
        let inside = self.ledger.members.values().filter(|standing| standing.member_of.contains(&team));
        let members = inside.map(|standing| Holder::Member(standing.member_id));
        let holders = self.ledger.holders_in_team(team).into_iter().map(|(holder, _)| holder);
        members.chain(holders).try_for_each(|holder| self.touch_holder(holder))
    }

    /// Refuses who may not change or end a key now.
    pub fn api_key(&self, key: ApiKeyId) -> Result<()> {
        self.require(Permission::ApiKeyManage)?;
        match self.ledger.keys.contains_key(&key) {
            true => self.touch_holder(Holder::ApiKey(key)),
            false => Err(Refusal::AlreadyEnded.into()),
        }
    }

    /// Refuses who may not end a directory credential now that has not ended.
    pub fn directory(&self, id: DirectoryCredentialId) -> Result<()> {
        REQUIRED.iter().try_for_each(|permission| self.require(*permission))?;
        self.touch_holder(Holder::Directory(id))
    }

    /// Refuses who may not take an eligibility for emergencies back now.
    pub fn disallow(&self, row: &emergency_eligibility::Model) -> Result<()> {
        self.require(Permission::RoleAssign)?;
        self.touch(row.member_id).map(|_| ())
    }

    /// Refuses who may not take a role on in an emergency now.
    pub fn activate(&self, row: &emergency_eligibility::Model) -> Result<()> {
        if !self.viewer.is_member(row.member_id) {
            return Err(Error::NotFound);
        }
        let scope = crate::access::Scope::of_grant(row.channel_id, row.team_id);
        let sensitive =
            scope.narrow(self.ledger.role(row.role_id)?.permissions).intersection(PermissionSet::SENSITIVE);
        match sensitive.is_empty() || self.viewer.is_stepped_up(self.now) {
            true => Ok(()),
            false => Err(self.viewer.step_up_required(sensitive)),
        }
    }
}
