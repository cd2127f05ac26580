//! A change of who may do what: one transaction, in turn with all others of its workspace, that ends with the rule of the
//! last administrator, gives back the conversations of who lost them, and is in force at once.

use std::collections::BTreeSet;

use portaria_entity::event::EventKind;
use portaria_entity::id::{ApiKeyId, DirectoryCredentialId, MemberId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

use super::{
    Conferral, Holder, Ledger, Standing, approved_of, keeps_an_administrator, may_admit, may_admit_anybody,
    may_confer, may_open_teams, may_touch, may_touch_directory, may_touch_key, may_touch_mapping,
};
use crate::access::Access;
use crate::activity::{Actor, Deed, record};
use crate::audit::access_change::MACHINE;
use crate::directory::Directory;
use crate::error::{Error, Refusal, Result};
use crate::event::{Happening, append};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;
use crate::workspace::bump_access_epoch;

/// Where an activity names who decided earlier what was done then.
pub(crate) const DECIDED_BY: &str = "decidedBy";

/// On whose authority something is changed.
#[derive(Clone, Copy, Debug)]
pub enum Authority<'a> {
    /// Somebody who asks, with the session they ask in.
    Viewer(&'a Viewer),
    /// A member who is not asking just now: who sent an invitation, or is named on the command line.
    Member(MemberId),
    /// A directory with one of its credentials, or (`None`) the directory as such, when somebody accepts what it asked.
    /// It gives and takes what it is approved for, and touches nobody who holds more.
    Directory(Option<&'a Directory>),
    /// The installation itself. No rule holds it back but that of the last administrator.
    Installation,
}

/// Who answers for a change.
enum Granter<'a> {
    Member(&'a Standing),
    /// What it is approved for.
    Directory(Access),
    Installation,
}

pub struct Change<'a> {
    pub installation: &'a Installation,
    pub workspace_id: WorkspaceId,
    pub transaction: DatabaseTransaction,
    pub ledger: Ledger,
    pub now: Timestamp,
    authority: Authority<'a>,
    /// Whether somebody who works on the machine does it, on whosever authority.
    is_on_the_machine: bool,
    /// Who decided earlier what is done now.
    decided_by: Option<MemberId>,
    /// Whose access it changes.
    affected: BTreeSet<MemberId>,
    /// Who has left which team.
    left: BTreeSet<(MemberId, TeamId)>,
    /// Whether the workspace had a lasting administrator: one that has none is not left without by this change.
    had_administrator: bool,
}

/// What an activity tells, with who else stands behind it.
fn marked(told: Option<Value>, marks: impl Iterator<Item = (&'static str, Value)>) -> Option<Value> {
    marks.fold(told, |told, (name, value)| {
        let mut told = told.unwrap_or_else(|| json!({}));
        if let Some(told) = told.as_object_mut() {
            told.insert(name.to_owned(), value);
        }
        Some(told)
    })
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
            is_on_the_machine: false,
            decided_by: None,
            affected: BTreeSet::new(),
            left: BTreeSet::new(),
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
            (Authority::Viewer(viewer), Granter::Member(granter)) => {
                viewer.require(granter.access(self.now).everywhere(), any_of, self.now)
            }
            (_, Granter::Member(granter)) if !granter.access(self.now).everywhere().contains(permission) => {
                Err(Error::Forbidden { any_of })
            }
            (_, Granter::Directory(_)) => Err(Error::PersonRequired),
            (_, Granter::Member(_) | Granter::Installation) => Ok(()),
        }
    }

    fn granter(&self) -> Result<Granter<'_>> {
        Ok(match self.authority {
            Authority::Viewer(viewer) => Granter::Member(self.ledger.member(viewer.session()?.member_id)?),
            Authority::Member(member) => Granter::Member(self.ledger.member(member)?),
            Authority::Directory(by) => {
                Granter::Directory(self.approved(by.map(|directory| directory.credential_id)))
            }
            Authority::Installation => Granter::Installation,
        })
    }

    /// What a directory may give and take; without a credential, by all of them.
    fn approved(&self, id: Option<DirectoryCredentialId>) -> Access {
        let directories = self.ledger.directories.iter();
        let of = directories.filter(|(credential, _)| id.is_none_or(|id| **credential == id));
        approved_of(&of.flat_map(|(_, holdings)| holdings).copied().collect::<Vec<_>>(), self.now)
    }

    /// Refuses what no credential of a directory is approved to give.
    pub fn require_approval(&self, what: Conferral) -> Result<()> {
        let held = self.approved(None).in_scope(what.scope);
        let conferred = what.scope.narrow(what.permissions);
        if held.contains_all(conferred) { Ok(()) } else { Err(Refusal::NotApproved.into()) }
    }

    /// Puts down from now on that it is done on the machine.
    pub(crate) fn happens_on_the_machine(&mut self) {
        self.is_on_the_machine = true;
    }

    /// Goes on by another authority; answers the one before, to go back to.
    pub(crate) fn act_by(&mut self, authority: Authority<'a>) -> Authority<'a> {
        std::mem::replace(&mut self.authority, authority)
    }

    /// Has put down who decided earlier what is done now, on whatever authority.
    pub(crate) fn carries_out(&mut self, decided_by: Option<MemberId>) {
        self.decided_by = decided_by;
    }

    /// Who is put down as having done it.
    pub fn author(&self) -> Option<MemberId> {
        match self.authority {
            Authority::Viewer(viewer) => viewer.member_id(),
            Authority::Member(member) => Some(member),
            Authority::Directory(_) | Authority::Installation => None,
        }
    }

    /// Refuses unless this may be given to anybody.
    pub fn confer(&self, what: Conferral) -> Result<()> {
        match self.granter()? {
            Granter::Member(granter) => may_confer(granter, what, self.now)?,
            Granter::Directory(approved) => {
                let conferred = what.scope.narrow(what.permissions);
                let fits = approved.in_scope(what.scope).contains_all(conferred);
                return if fits { Ok(()) } else { Err(Refusal::NotApproved.into()) };
            }
            Granter::Installation => return Ok(()),
        }
        let sensitive = what.scope.narrow(what.permissions).intersection(PermissionSet::SENSITIVE);
        match self.authority {
            Authority::Viewer(viewer) if !sensitive.is_empty() && !viewer.is_stepped_up(self.now) => {
                Err(viewer.step_up_required(sensitive))
            }
            Authority::Viewer(_)
            | Authority::Member(_)
            | Authority::Directory(_)
            | Authority::Installation => Ok(()),
        }
    }

    /// Refuses unless this member's access may be changed, and takes note that it is.
    pub fn touch(&mut self, member: MemberId) -> Result<&Standing> {
        let target = self.ledger.member(member)?;
        match self.granter()? {
            Granter::Member(granter) => may_touch(granter, target, self.now)?,
            Granter::Directory(approved) if !approved.contains(&target.potential(self.now)) => {
                return Err(Refusal::HoldsMore.into());
            }
            Granter::Directory(_) | Granter::Installation => {}
        }
        self.affected.insert(member);
        self.ledger.member(member)
    }

    /// Refuses unless what this key holds may be changed.
    pub fn touch_key(&self, key: ApiKeyId) -> Result<()> {
        match self.granter()? {
            Granter::Member(granter) => {
                let held = self.ledger.keys.get(&key).map(Vec::as_slice).unwrap_or_default();
                Ok(may_touch_key(granter, held, self.now)?)
            }
            Granter::Directory(_) => Err(Error::PersonRequired),
            Granter::Installation => Ok(()),
        }
    }

    /// Refuses unless what this directory may give can be changed.
    pub fn touch_directory(&self, id: DirectoryCredentialId) -> Result<()> {
        match self.granter()? {
            Granter::Member(granter) => {
                let approved = self.ledger.directories.get(&id).map(Vec::as_slice).unwrap_or_default();
                Ok(may_touch_directory(granter, approved, self.now)?)
            }
            Granter::Directory(_) => Err(Error::PersonRequired),
            Granter::Installation => Ok(()),
        }
    }

    /// Refuses unless the access of whoever this is may be changed.
    pub fn touch_holder(&mut self, holder: Holder) -> Result<()> {
        match holder {
            Holder::Member(member) => self.touch(member).map(|_| ()),
            Holder::ApiKey(key) => self.touch_key(key),
            Holder::Directory(id) => self.touch_directory(id),
            Holder::Mapping(mapping) => match self.granter()? {
                Granter::Member(granter) => {
                    Ok(may_touch_mapping(granter, self.ledger.mapping(mapping)?, self.now)?)
                }
                Granter::Directory(_) => Err(Error::PersonRequired),
                Granter::Installation => Ok(()),
            },
        }
    }

    /// Refuses unless this may be given to whoever it is: to a member with what it opens to them in their teams, to anybody
    /// by a mapping with what it would open in any team, to a key without what is sensitive.
    pub fn confer_to(&self, holder: Holder, what: Conferral) -> Result<()> {
        match holder {
            Holder::Member(member) => {
                self.confer(what)?;
                match self.granter()? {
                    Granter::Member(granter) => {
                        Ok(may_open_teams(granter, self.ledger.member(member)?, what, self.now)?)
                    }
                    // What it is approved to give, it gives in teams too.
                    Granter::Directory(_) | Granter::Installation => Ok(()),
                }
            }
            Holder::Directory(_) | Holder::Mapping(_) => self.confer_to_anybody(what),
            Holder::ApiKey(_) => {
                let permissions = what.permissions.without(PermissionSet::SENSITIVE);
                self.confer(Conferral { permissions, ..what })
            }
        }
    }

    /// Refuses unless this may be given to whoever is put there later, with what it would open to them in any team.
    pub fn confer_to_anybody(&self, what: Conferral) -> Result<()> {
        self.confer(what)?;
        if !what.scope.narrow(what.permissions).contains(Permission::ConversationReadTeam) {
            return Ok(());
        }
        let permissions = PermissionSet::of(&[Permission::ConversationReadAll]);
        self.confer(Conferral { permissions, ..what })
    }

    /// Refuses unless this member may be let into a team.
    pub fn admit(&self, member: MemberId, team: TeamId) -> Result<()> {
        let target = self.ledger.member(member)?;
        match self.granter()? {
            Granter::Member(granter) => Ok(may_admit(granter, target, team, self.now)?),
            // A team adds conversations only where its member may read a team's: there the directory may give as much.
            Granter::Directory(approved) if !approved.contains(&target.potential(self.now)) => {
                Err(Refusal::HoldsMore.into())
            }
            Granter::Directory(_) | Granter::Installation => Ok(()),
        }
    }

    /// Refuses unless anybody at all may be let into a team.
    pub fn admit_anybody(&self, team: TeamId) -> Result<()> {
        match self.granter()? {
            Granter::Member(granter) => Ok(may_admit_anybody(granter, team, self.now)?),
            Granter::Directory(_) => Err(Error::PersonRequired),
            Granter::Installation => Ok(()),
        }
    }

    /// Takes note that somebody's access changes by what they may do themselves.
    pub fn affects(&mut self, member: MemberId) {
        self.affected.insert(member);
    }

    /// Takes note that somebody leaves a team: its conversations are not theirs any more.
    pub(crate) fn leaves(&mut self, member: MemberId, team: TeamId) {
        self.left.insert((member, team));
    }

    pub(crate) fn has_left(&self, left: (MemberId, TeamId)) -> bool {
        self.left.contains(&left)
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
            Authority::Directory(Some(by)) => (Actor::Directory(by.credential_id), by.address.clone()),
            Authority::Directory(None) | Authority::Member(_) | Authority::Installation => {
                (Actor::Installation, None)
            }
        };
        let marks = [
            self.is_on_the_machine.then(|| (MACHINE, json!(true))),
            self.decided_by.map(|by| (DECIDED_BY, json!(by))),
        ];
        let deed = Deed {
            workspace_id: self.workspace_id,
            actor,
            action,
            subject: subject.to_string(),
            before,
            after: marked(after, marks.into_iter().flatten()),
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
        // All rows are locked before routing takes its turn.
        let of_bots = crate::bot::held(&self).await?;
        crate::conversation::release_lost(&self, &members).await?;
        crate::bot::release_lost(&self, of_bots).await?;
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
