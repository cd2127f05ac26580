//! Doing what a plan says: in one transaction, step by step by the rules of every change, all or nothing.

use portaria_entity::id::WorkspaceId;

use super::document::{Document, GrantEntry};
use super::plan::{Plan, Step, plan};
use super::state::{State, instant, read};
use crate::access::Scope;
use crate::error::{Error, Result};
use crate::grant::{self, Giving};
use crate::granting::{Authority, Change};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::role::{self, Disposal, NewRole, RoleEdit};
use crate::team;

/// Brings a file into force; answers what was done. With `expected`, only if that is the plan's digest still.
pub async fn apply(
    installation: &Installation,
    workspace: WorkspaceId,
    wanted: &Document,
    (authority, expected): (Authority<'_>, Option<&str>),
) -> Result<Plan> {
    let mut change = Change::begin(installation, workspace, authority).await?;
    change.happens_on_the_machine();
    let mut state = read(&change.transaction, workspace, change.now).await?;
    let plan = plan(&state, wanted)?;
    if expected.is_some_and(|expected| expected != plan.digest()) {
        return Err(Error::BadInput("what is in force has changed since that plan: plan again".to_owned()));
    }
    if plan.steps.is_empty() {
        return Ok(plan);
    }
    for step in &plan.steps {
        perform(&mut change, &mut state, step).await.map_err(|error| at(step, error))?;
    }
    change.finish().await?;
    Ok(plan)
}

/// Says which step was refused.
fn at(step: &Step, error: Error) -> Error {
    match error {
        Error::Refused(refusal) => Error::BadInput(format!("{step}\n  is refused: {refusal}")),
        Error::Forbidden { any_of } => {
            let keys: Vec<_> = any_of.iter().map(Permission::key).collect();
            Error::BadInput(format!("{step}\n  is refused: it needs {}", keys.join(" or ")))
        }
        other => other,
    }
}

async fn perform(change: &mut Change<'_>, state: &mut State, step: &Step) -> Result<()> {
    change.require(match step {
        Step::CreateRole(_) | Step::EditRole { .. } | Step::DeleteRole(_) => Permission::RoleManage,
        Step::Give(_) | Step::Revoke { .. } => Permission::RoleAssign,
        Step::CreateTeam(_)
        | Step::Serve { .. }
        | Step::Admit { .. }
        | Step::Dismiss { .. }
        | Step::StopServing { .. }
        | Step::DeleteTeam(_) => Permission::TeamManage,
    })?;
    match step {
        Step::CreateRole(entry) => {
            let new =
                NewRole { name: &entry.name, description: &entry.description, permissions: entry.set()? };
            let row = role::create(change, new).await?;
            state.roles.insert(entry.name.clone(), row.role.id);
        }
        Step::EditRole { after, .. } => {
            let edit = RoleEdit {
                name: None,
                description: Some(&after.description),
                permissions: Some(after.set()?),
            };
            role::edit(change, state.role(&after.name)?, edit).await?;
        }
        Step::CreateTeam(name) => {
            let row = team::found(change, name).await?;
            state.teams.insert(name.clone(), row.id);
            change.reload().await?;
        }
        Step::Serve { team, channel } => {
            team::serve(change, state.team(team)?, state.channel(channel)?).await?;
        }
        Step::Admit { team, member } => {
            team::admit(change, state.team(team)?, state.member(member)?).await?;
        }
        Step::Give(entry) => give(change, state, entry).await?,
        Step::Revoke { id, .. } => {
            grant::revoke(change, *id, "No longer in the access file").await?;
        }
        Step::Dismiss { team, member } => {
            team::dismiss(change, state.team(team)?, state.member(member)?).await?;
        }
        Step::StopServing { team, channel } => {
            team::stop_serving(change, state.team(team)?, state.channel(channel)?).await?;
        }
        Step::DeleteTeam(name) => {
            team::delete(change, state.team(name)?).await?;
        }
        Step::DeleteRole(name) => {
            role::delete(change, state.role(name)?, Disposal::OnlyIfUnused).await?;
        }
    }
    Ok(())
}

async fn give(change: &mut Change<'_>, state: &State, entry: &GrantEntry) -> Result<()> {
    let scope = match (&entry.channel, &entry.team) {
        (Some(channel), _) => Scope::Channel(state.channel(channel)?),
        (None, Some(team)) => Scope::Team(state.team(team)?),
        (None, None) => Scope::Workspace,
    };
    let giving = Giving {
        member_id: state.member(&entry.member)?,
        role_id: state.role(&entry.role)?,
        scope,
        valid_from: entry.from.as_deref().map(instant).transpose()?,
        valid_until: entry.until.as_deref().map(instant).transpose()?,
        reason: &entry.reason,
    };
    grant::give(change, giving).await?;
    Ok(())
}
