//! What would have to be done for a file to be in force. Changes nothing.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use portaria_entity::id::GrantId;
use sha2::{Digest, Sha256};

use super::document::{Document, GrantEntry, Kind, RoleEntry, TeamEntry};
use super::state::{State, instant};
use crate::authentication::normalize_email;
use crate::error::{Error, Result};

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    CreateRole(RoleEntry),
    EditRole { before: RoleEntry, after: RoleEntry },
    CreateTeam(String),
    Serve { team: String, channel: String },
    Admit { team: String, member: String },
    Give(GrantEntry),
    Revoke { grant: GrantEntry, id: GrantId },
    Dismiss { team: String, member: String },
    StopServing { team: String, channel: String },
    DeleteTeam(String),
    DeleteRole(String),
}

/// Steps in the order in which they are done: what is new first, so that nobody is without for a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Plan {
    /// By which somebody says that this plan, and no other, is to be applied.
    pub fn digest(&self) -> String {
        let hash = Sha256::digest(self.to_string().as_bytes());
        hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Works out the difference between what is in force and a file.
pub fn plan(state: &State, wanted: &Document) -> Result<Plan> {
    check_names(state, wanted)?;
    let mut plan = Plan::default();
    let (mut last_teams, mut last_roles) = (Vec::new(), Vec::new());
    if wanted.manages.contains(&Kind::Roles) {
        last_roles = plan.roles(&state.document.roles, &wanted.roles);
    }
    if wanted.manages.contains(&Kind::Teams) {
        last_teams = plan.teams(&state.document.teams, &wanted.teams);
    }
    if wanted.manages.contains(&Kind::Grants) {
        plan.grants(state, &wanted.grants)?;
    }
    plan.steps.extend(last_teams.into_iter().chain(last_roles));
    Ok(plan)
}

/// Refuses names of what is not there, nor would be.
fn check_names(state: &State, wanted: &Document) -> Result<()> {
    let new_roles: BTreeSet<&str> = wanted.roles.iter().map(|role| role.name.as_str()).collect();
    let new_teams: BTreeSet<&str> = wanted.teams.iter().map(|team| team.name.as_str()).collect();
    for role in &wanted.roles {
        if state.built_in.contains(&role.name) {
            return Err(Error::BadInput(format!(
                "the role {:?} is built in: a file cannot define it",
                role.name
            )));
        }
    }
    for team in &wanted.teams {
        team.members.iter().try_for_each(|member| state.member(member).map(|_| ()))?;
        team.channels.iter().try_for_each(|channel| state.channel(channel).map(|_| ()))?;
    }
    for grant in &wanted.grants {
        state.member(&grant.member)?;
        if !new_roles.contains(grant.role.as_str()) {
            state.role(&grant.role)?;
        }
        if let Some(channel) = &grant.channel {
            state.channel(channel)?;
        }
        if let Some(team) = grant.team.as_deref().filter(|team| !new_teams.contains(team)) {
            state.team(team)?;
        }
        for time in [&grant.from, &grant.until].into_iter().flatten() {
            instant(time)?;
        }
    }
    Ok(())
}

fn by_name<T>(entries: &[T], name: impl Fn(&T) -> &String) -> HashMap<&String, &T> {
    entries.iter().map(|entry| (name(entry), entry)).collect()
}

impl Plan {
    /// Answers what is done last.
    fn roles(&mut self, current: &[RoleEntry], wanted: &[RoleEntry]) -> Vec<Step> {
        let before = by_name(current, |role| &role.name);
        for role in wanted {
            match before.get(&role.name) {
                None => self.steps.push(Step::CreateRole(role.clone())),
                Some(known) if *known == role => {}
                Some(known) => {
                    let (before, after) = ((*known).clone(), role.clone());
                    self.steps.push(Step::EditRole { before, after });
                }
            }
        }
        let kept = by_name(wanted, |role| &role.name);
        let gone = current.iter().filter(|role| !kept.contains_key(&role.name));
        gone.map(|role| Step::DeleteRole(role.name.clone())).collect()
    }

    /// Answers what is done last.
    fn teams(&mut self, current: &[TeamEntry], wanted: &[TeamEntry]) -> Vec<Step> {
        let before = by_name(current, |team| &team.name);
        let mut last = Vec::new();
        for team in wanted {
            let nothing =
                TeamEntry { name: String::new(), members: BTreeSet::new(), channels: BTreeSet::new() };
            let known = before.get(&team.name).copied().unwrap_or(&nothing);
            if known.name.is_empty() {
                self.steps.push(Step::CreateTeam(team.name.clone()));
            }
            let of = |name: &str| (team.name.clone(), name.to_owned());
            let members: BTreeSet<String> = team.members.iter().map(|email| normalize_email(email)).collect();
            for (team, channel) in team.channels.difference(&known.channels).map(|name| of(name)) {
                self.steps.push(Step::Serve { team, channel });
            }
            for (team, member) in members.difference(&known.members).map(|name| of(name)) {
                self.steps.push(Step::Admit { team, member });
            }
            for (team, member) in known.members.difference(&members).map(|name| of(name)) {
                last.push(Step::Dismiss { team, member });
            }
            for (team, channel) in known.channels.difference(&team.channels).map(|name| of(name)) {
                last.push(Step::StopServing { team, channel });
            }
        }
        let kept = by_name(wanted, |team| &team.name);
        let gone = current.iter().filter(|team| !kept.contains_key(&team.name));
        last.extend(gone.map(|team| Step::DeleteTeam(team.name.clone())));
        last
    }

    fn grants(&mut self, state: &State, wanted: &[GrantEntry]) -> Result<()> {
        let mut held: Vec<(&GrantEntry, GrantId)> =
            state.document.grants.iter().zip(state.grants.iter().copied()).collect();
        for entry in wanted {
            let entry = GrantEntry { member: normalize_email(&entry.member), ..entry.clone() };
            let mut fits = None;
            for (place, (known, _)) in held.iter().enumerate() {
                if is_same(known, &entry)? {
                    fits = Some(place);
                    break;
                }
            }
            match fits {
                Some(place) => {
                    held.remove(place);
                }
                None => self.steps.push(Step::Give(entry)),
            }
        }
        let gone = held.into_iter().map(|(grant, id)| Step::Revoke { grant: grant.clone(), id });
        self.steps.extend(gone);
        Ok(())
    }
}

/// Whether a grant in force is the one that an entry asks for.
fn is_same(known: &GrantEntry, wanted: &GrantEntry) -> Result<bool> {
    let time = |text: &Option<String>| text.as_deref().map(instant).transpose();
    // A beginning that is past asks for nothing more.
    let begins = match (&known.from, &wanted.from) {
        (None, _) => true,
        (Some(_), _) => time(&known.from)? == time(&wanted.from)?,
    };
    Ok(begins
        && known.member == wanted.member
        && (&known.role, &known.channel, &known.team) == (&wanted.role, &wanted.channel, &wanted.team)
        && known.reason == wanted.reason.trim()
        && time(&known.until)? == time(&wanted.until)?)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateRole(role) => {
                write!(f, "+ role {:?}: {}", role.name, list(role.permissions.iter()))
            }
            Self::EditRole { before, after } => {
                write!(f, "~ role {:?}", after.name)?;
                for permission in after.permissions.difference(&before.permissions) {
                    write!(f, "\n    + {permission}")?;
                }
                for permission in before.permissions.difference(&after.permissions) {
                    write!(f, "\n    - {permission}")?;
                }
                if before.description != after.description {
                    write!(f, "\n    ~ description {:?}", after.description)?;
                }
                Ok(())
            }
            Self::CreateTeam(name) => write!(f, "+ team {name:?}"),
            Self::Serve { team, channel } => write!(f, "+ team {team:?} serves {channel:?}"),
            Self::Admit { team, member } => write!(f, "+ team {team:?} has {member}"),
            Self::Give(grant) => write!(f, "+ grant {grant}"),
            Self::Revoke { grant, .. } => write!(f, "- grant {grant}"),
            Self::Dismiss { team, member } => write!(f, "- team {team:?} has {member}"),
            Self::StopServing { team, channel } => write!(f, "- team {team:?} serves {channel:?}"),
            Self::DeleteTeam(name) => write!(f, "- team {name:?}, and what is held for its conversations"),
            Self::DeleteRole(name) => write!(f, "- role {name:?}"),
        }
    }
}

impl fmt::Display for GrantEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:?}", self.member, self.role)?;
        match (&self.channel, &self.team) {
            (Some(channel), _) => write!(f, " on {channel:?}")?,
            (None, Some(team)) => write!(f, " for team {team:?}")?,
            (None, None) => write!(f, " everywhere")?,
        }
        if let Some(from) = &self.from {
            write!(f, " from {from}")?;
        }
        if let Some(until) = &self.until {
            write!(f, " until {until}")?;
        }
        write!(f, " ({:?})", self.reason)
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}
