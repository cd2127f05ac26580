//! `portaria admin member`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use portaria_domain::access::Scope;
use portaria_domain::grant::NewGrant;
use portaria_domain::granting::{Authority, Change};
use portaria_domain::member::NewMember;
use portaria_domain::password::About;
use portaria_domain::{grant, member, recovery, role};
use portaria_entity::id::WorkspaceId;
use portaria_entity::role::BuiltInRole;
use sea_orm::ActiveEnum;
use serde_json::json;

use super::desk::{Desk, Done, secret};

#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// List the members of a workspace.
    List(List),
    /// Make somebody a member with a role. A new person gets a one-time link to set their password, which is printed.
    Add(Add),
    /// Give a member a further role.
    Grant(GrantRole),
    /// Give somebody who is locked out the password in a file, and end their sessions. See also `admin recover`.
    ResetPassword(ResetPassword),
    /// Forget who a removed member was: name, addresses, and the details of their activities.
    Erase(Erase),
    /// Take the second factor of somebody who has lost it, and end their sessions.
    RemoveSecondFactor(RemoveSecondFactor),
}

#[derive(Debug, Args)]
pub struct List {
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
}

/// Which role, and where.
#[derive(Debug, Args)]
pub struct RoleArgs {
    /// administrator, agent, developer, analyst or support.
    #[arg(long, value_parser = parse_role)]
    role: BuiltInRole,
    /// Only on this number.
    #[arg(long, conflicts_with = "team")]
    channel: Option<String>,
    /// Only for the conversations of this team.
    #[arg(long)]
    team: Option<String>,
}

#[derive(Debug, Args)]
pub struct Add {
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long)]
    name: String,
    #[arg(long)]
    email: String,
    #[command(flatten)]
    role: RoleArgs,
    /// pt-BR, en or es; without it, the workspace's.
    #[arg(long)]
    locale: Option<String>,
    /// File with their password. Without it a link is printed with which they set one.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct GrantRole {
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long)]
    email: String,
    #[command(flatten)]
    role: RoleArgs,
}

#[derive(Debug, Args)]
pub struct ResetPassword {
    #[arg(long)]
    email: String,
    /// File with the new password. Without it a link is printed with which they set one.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Erase {
    #[arg(long)]
    workspace: Option<String>,
    /// Of somebody who has been removed.
    #[arg(long)]
    email: String,
    /// Stays on record.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub struct RemoveSecondFactor {
    #[arg(long)]
    email: String,
}

pub fn parse_role(text: &str) -> Result<BuiltInRole, String> {
    BuiltInRole::try_from_value(&text.to_lowercase())
        .map_err(|_| "the roles are administrator, agent, developer, analyst and support".to_owned())
}

pub async fn run(desk: &Desk, command: MemberCommand) -> Result<()> {
    match command {
        MemberCommand::List(wanted) => list(desk, wanted).await,
        MemberCommand::Add(new) => add(desk, new).await,
        MemberCommand::Grant(new) => grant_role(desk, new).await,
        MemberCommand::Erase(wanted) => erase(desk, wanted).await,
        MemberCommand::ResetPassword(wanted) => reset_password(desk, wanted).await,
        MemberCommand::RemoveSecondFactor(wanted) => {
            recovery::remove_second_factor(&desk.installation, &wanted.email).await?;
            println!("Removed. Until a new one is set up, nothing that is sensitive can be used.");
            Ok(())
        }
    }
}

async fn list(desk: &Desk, wanted: List) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
    for (member, user) in desk.members(workspace.id).await? {
        println!("{}  {}  <{}>  {}", member.id, user.name, user.email, member.status.to_value());
    }
    Ok(())
}

async fn add(desk: &Desk, new: Add) -> Result<()> {
    let workspace = desk.workspace(new.workspace.as_deref()).await?;
    let scope = desk.scope(workspace.id, &new.role).await?;
    let password_hash = match &new.password_file {
        Some(file) => {
            let about = About { name: &new.name, email: &new.email, workspaces: &[&workspace.name] };
            Some(desk.installation.passwords.hash(secret(file)?.reveal(), &about).await?)
        }
        None => None,
    };
    let has_password = password_hash.is_some();
    let transaction = desk.begin().await?;
    let is_new = recovery::find_user(&transaction, &new.email).await?.is_none();
    let locale = new.locale.as_deref().unwrap_or(&workspace.locale);
    let row = NewMember { name: &new.name, email: &new.email, locale, password_hash };
    let row = member::create(&transaction, &desk.installation, workspace.id, row).await?;
    let done = Done {
        workspace_id: workspace.id,
        action: "member.created",
        subject: row.id.to_string(),
        after: json!({ "name": new.name.trim() }),
    };
    desk.record(&transaction, done).await?;
    let granted = Granted { workspace_id: workspace.id, member_id: row.id, role: new.role.role, scope };
    desk.grant(&transaction, granted).await?;
    desk.commit_access(transaction, workspace.id).await?;
    println!("{}  {}", row.id, new.name.trim());
    match (is_new, has_password) {
        (true, true) => {}
        (true, false) => {
            let link = recovery::issue_reset_link(&desk.installation, &new.email).await?;
            println!("They choose their password within a day, once, with: {link}");
        }
        (false, _) => println!("They have an account already, and keep its name and password."),
    }
    Ok(())
}

async fn grant_role(desk: &Desk, new: GrantRole) -> Result<()> {
    let workspace = desk.workspace(new.workspace.as_deref()).await?.id;
    let member = desk.member(workspace, &new.email).await?;
    let scope = desk.scope(workspace, &new.role).await?;
    let transaction = desk.begin().await?;
    let granted = Granted { workspace_id: workspace, member_id: member.id, role: new.role.role, scope };
    desk.grant(&transaction, granted).await?;
    desk.commit_access(transaction, workspace).await?;
    println!("{}  {}", member.id, new.role.role.to_value());
    Ok(())
}

async fn reset_password(desk: &Desk, wanted: ResetPassword) -> Result<()> {
    match &wanted.password_file {
        Some(file) => {
            recovery::reset_password(&desk.installation, &wanted.email, secret(file)?.reveal()).await?;
            println!("Their sessions have ended.");
        }
        None => print_link(desk, &wanted.email).await?,
    }
    Ok(())
}

async fn erase(desk: &Desk, wanted: Erase) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?.id;
    let member = desk.member(workspace, &wanted.email).await?;
    let mut change = Change::begin(&desk.installation, workspace, Authority::Installation).await?;
    let erased = member::erase(&mut change, member.id, &wanted.reason).await?;
    change.finish().await?;
    println!("Erased the details of {} activities.", erased.activities);
    match erased.account {
        true => println!("Name and e-mail address are gone."),
        false => println!("Name and e-mail address stay: the person belongs to another workspace."),
    }
    Ok(())
}

/// Prints a link with which somebody sets a new password.
pub async fn print_link(desk: &Desk, email: &str) -> Result<()> {
    let link = recovery::issue_reset_link(&desk.installation, email).await?;
    println!("They set a new password within 30 minutes (a first one within a day), once, with: {link}");
    println!("It ends their sessions. Who has a second factor gives a code of it, too.");
    Ok(())
}

/// A role that somebody is given.
struct Granted {
    workspace_id: WorkspaceId,
    member_id: portaria_entity::id::MemberId,
    role: BuiltInRole,
    scope: Scope,
}

impl Desk {
    async fn scope(&self, workspace: WorkspaceId, wanted: &RoleArgs) -> Result<Scope> {
        match (&wanted.channel, &wanted.team) {
            (Some(channel), _) => Ok(Scope::Channel(self.channel(workspace, channel).await?.id)),
            (None, Some(team)) => Ok(Scope::Team(self.team(workspace, team).await?.id)),
            (None, None) => Ok(Scope::Workspace),
        }
    }

    async fn grant(&self, transaction: &sea_orm::DatabaseTransaction, granted: Granted) -> Result<()> {
        let Granted { workspace_id, member_id, role, scope } = granted;
        let role_id = role::built_in(transaction, workspace_id, role).await?.id;
        let reason = "Given by portaria admin";
        let row =
            NewGrant { workspace_id, member_id, role_id, scope, valid_until: None, reason, granted_by: None };
        let id = grant::insert(transaction, &self.installation.clock, row).await?;
        let (channel, team) = match scope {
            Scope::Workspace => (None, None),
            Scope::Channel(channel) => (Some(channel), None),
            Scope::Team(team) => (None, Some(team)),
        };
        let done = Done {
            workspace_id,
            action: "grant.made",
            subject: id.to_string(),
            after: json!({
                "grant": id,
                "member": member_id,
                "role": role_id,
                "channel": channel,
                "team": team,
                "validFrom": self.installation.clock.now().0,
                "validUntil": null,
                "reason": reason,
            }),
        };
        self.record(transaction, done).await
    }
}
