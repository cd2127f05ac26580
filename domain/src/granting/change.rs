//! A change of who may do what: one transaction, in turn with all others of its workspace, that ends with the rule of the
//! last administrator, gives back the conversations of who lost them, and is in force at once.

use std::collections::BTreeSet;

use portaria_entity::event::EventKind;
use portaria_entity::id::{ApiKeyId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::DatabaseTransaction;
use serde_json::Value;

use super::{
    Conferral, Holder, Ledger, Standing, keeps_an_administrator, may_admit, may_confer, may_open_teams,
    may_touch, may_touch_key,
};
use crate::activity::{Actor, Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::event::{Happening, append};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;
use crate::workspace::bump_access_epoch;

/// On whose authority something is changed.
#[derive(Clone, Copy, Debug)]
pub enum Authority<'a> {
    /// Somebody who asks, with the session they ask in.
    Viewer(&'a Viewer),
    /// A member who is not asking just now: who sent an invitation, or is named on the command line.
    Member(MemberId),
    /// The installation itself. No rule holds it back but that of the last administrator.
    Installation,
}

pub struct Change<'a> {
    pub installation: &'a Installation,
    pub workspace_id: WorkspaceId,
    pub transaction: DatabaseTransaction,
    pub ledger: Ledger,
    pub now: Timestamp,
    authority: Authority<'a>,
    /// Whose access it changes.
    affected: BTreeSet<MemberId>,
    /// Whether the workspace had a lasting administrator: one that has none is not left without by this change.
    had_administrator: bool,
}

impl<'a> Change<'a> {
    /// Opens the transaction. Others of the workspace wait here, so that two who would each remove the other cannot both.
    pub async fn begin(
        installation: &'a Installation,
        workspace: WorkspaceId,
        authority: Authority<'a>,
    ) -> Result<Self> {
        let transaction = installation.database.begin().await?;
        bump_access_epoch(&transaction, installation, workspace).await?;
        let now = installation.clock.now();
        let ledger = Ledger::read(&transaction, &installation.database, workspace, now).await?;
        let had_administrator = keeps_an_administrator(&ledger.members, now).is_ok();
        Ok(Self {
            installation,
            workspace_id: workspace,
            transaction,
            ledger,
            now,
            authority,
            affected: BTreeSet::new(),
            had_administrator,
        })
    }

    /// Opens the transaction for somebody who asks, and needs these permissions for it.
    pub async fn by(
        installation: &'a Installation,
        viewer: &'a Viewer,
        permissions: &[Permission],
    ) -> Result<Self> {
        if viewer.is_barred() {
            return Err(viewer.step_up_required(PermissionSet::of(permissions)));
        }
        let change = Self::begin(installation, viewer.workspace_id, Authority::Viewer(viewer)).await?;
        for permission in permissions {
            change.require(*permission)?;
        }
        Ok(change)
    }

    /// Refuses unless the permission is held for the whole workspace now, whatever was cached.
    pub fn require(&self, permission: Permission) -> Result<()> {
        let any_of = PermissionSet::of(&[permission]);
        match (self.authority, self.granter()?) {
            (Authority::Viewer(viewer), Some(granter)) => {
                viewer.require(granter.access(self.now).everywhere(), any_of, self.now)
            }
            (_, Some(granter)) if !granter.access(self.now).everywhere().contains(permission) => {
                Err(Error::Forbidden { any_of })
            }
            (_, _) => Ok(()),
        }
    }

    /// Who answers for the change; `None` for the installation itself.
    fn granter(&self) -> Result<Option<&Standing>> {
        match self.authority {
            Authority::Viewer(viewer) => self.ledger.member(viewer.session()?.member_id).map(Some),
            Authority::Member(member) => self.ledger.member(member).map(Some),
            Authority::Installation => Ok(None),
        }
    }

    /// Who is put down as having done it.
    pub fn author(&self) -> Option<MemberId> {
        match self.authority {
            Authority::Viewer(viewer) => viewer.member_id(),
            Authority::Member(member) => Some(member),
            Authority::Installation => None,
        }
    }

    /// Refuses unless this may be given to anybody.
    pub fn confer(&self, what: Conferral) -> Result<()> {
        let Some(granter) = self.granter()? else { return Ok(()) };
        may_confer(granter, what, self.now)?;
        let sensitive = what.scope.narrow(what.permissions).intersection(PermissionSet::SENSITIVE);
        match self.authority {
            Authority::Viewer(viewer) if !sensitive.is_empty() && !viewer.is_stepped_up(self.now) => {
                Err(viewer.step_up_required(sensitive))
            }
            Authority::Viewer(_) | Authority::Member(_) | Authority::Installation => Ok(()),
        }
    }

    /// Refuses unless this member's access may be changed, and takes note that it is.
    pub fn touch(&mut self, member: MemberId) -> Result<&Standing> {
        let target = self.ledger.member(member)?;
        if let Some(granter) = self.granter()? {
            may_touch(granter, target, self.now)?;
        }
        self.affected.insert(member);
        self.ledger.member(member)
    }

    /// Refuses unless what this key holds may be changed.
    pub fn touch_key(&self, key: ApiKeyId) -> Result<()> {
        match self.granter()? {
            Some(granter) => {
                let held = self.ledger.keys.get(&key).map(Vec::as_slice).unwrap_or_default();
                Ok(may_touch_key(granter, held, self.now)?)
            }
            None => Ok(()),
        }
    }

    /// Refuses unless the access of whoever this is may be changed.
    pub fn touch_holder(&mut self, holder: Holder) -> Result<()> {
        match holder {
            Holder::Member(member) => self.touch(member).map(|_| ()),
            Holder::ApiKey(key) => self.touch_key(key),
        }
    }

    /// Refuses unless this may be given to whoever it is: to a member with what it opens to them in their teams, to a key
    /// without what is sensitive.
    pub fn confer_to(&self, holder: Holder, what: Conferral) -> Result<()> {
        match holder {
            Holder::Member(member) => {
                self.confer(what)?;
                match self.granter()? {
                    Some(granter) => {
                        Ok(may_open_teams(granter, self.ledger.member(member)?, what, self.now)?)
                    }
                    None => Ok(()),
                }
            }
            Holder::ApiKey(_) => {
                let permissions = what.permissions.without(PermissionSet::SENSITIVE);
                self.confer(Conferral { permissions, ..what })
            }
        }
    }

    /// Refuses unless this member may be let into a team.
    pub fn admit(&self, member: MemberId, team: portaria_entity::id::TeamId) -> Result<()> {
        let target = self.ledger.member(member)?;
        match self.granter()? {
            Some(granter) => Ok(may_admit(granter, target, team, self.now)?),
            None => Ok(()),
        }
    }

    /// Takes note that somebody's access changes by what they may do themselves.
    pub fn affects(&mut self, member: MemberId) {
        self.affected.insert(member);
    }

    /// Reads again who holds what, after something has been written.
    pub async fn reload(&mut self) -> Result<()> {
        let database = &self.installation.database;
        self.ledger = Ledger::read(&self.transaction, database, self.workspace_id, self.now).await?;
        Ok(())
    }

    /// Runs a statement of which `$1` is the workspace; answers how many rows it changed.
    pub async fn execute<const N: usize>(&self, sql: &str, values: [sea_orm::Value; N]) -> Result<u64> {
        let values = std::iter::once(self.workspace_id.0.into()).chain(values);
        let statement = self.installation.database.statement(sql, values);
        Ok(sea_orm::ConnectionTrait::execute_raw(&self.transaction, statement).await?.rows_affected())
    }

    /// Puts down what was done.
    pub async fn record(
        &self,
        action: &str,
        subject: impl std::fmt::Display + Send,
        (before, after): (Option<Value>, Option<Value>),
    ) -> Result<()> {
        let (actor, address) = match self.authority {
            Authority::Viewer(viewer) => (viewer.into(), viewer.stated_address()),
            Authority::Member(_) | Authority::Installation => (Actor::Installation, None),
        };
        let deed = Deed {
            workspace_id: self.workspace_id,
            actor,
            action,
            subject: subject.to_string(),
            before,
            after,
            address,
        };
        record(&self.transaction, &self.installation.clock, deed).await
    }

    /// Commits, unless nobody would be left to administer the workspace for good. In force at once.
    pub async fn finish(mut self) -> Result<()> {
        self.reload().await?;
        if self.had_administrator {
            keeps_an_administrator(&self.ledger.members, self.now)?;
        }
        let happening = Happening {
            workspace_id: self.workspace_id,
            kind: EventKind::AccessChanged,
            conversation_id: None,
            message_id: None,
            before: None,
        };
        append(&self.transaction, &self.installation.clock, happening).await?;
        let members: Vec<MemberId> = self.affected.iter().copied().collect();
        crate::conversation::release_lost(&self, &members).await?;
        self.transaction.commit().await?;
        self.installation.viewers.access_changed(self.workspace_id);
        self.installation.events.wake();
        Ok(())
    }
}

/// A text that says something, without the space around it.
pub(crate) fn stated(text: &str, otherwise: Refusal) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() { Err(otherwise.into()) } else { Ok(text) }
}
