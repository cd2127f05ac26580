//! `portaria admin team`.

use anyhow::Result;
use clap::{Args, Subcommand};
use portaria_domain::team;
use serde_json::json;

use super::desk::{Desk, Done};

#[derive(Debug, Subcommand)]
pub enum TeamCommand {
    /// List the teams of a workspace.
    List(List),
    /// Add a team, with the members and numbers it begins with.
    Add(Add),
    /// Put a member into a team.
    Join(Join),
}

#[derive(Debug, Args)]
pub struct List {
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
}

#[derive(Debug, Args)]
pub struct Add {
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long)]
    name: String,
    /// E-mail of a member; may be repeated.
    #[arg(long = "member", value_name = "EMAIL")]
    members: Vec<String>,
    /// A number it serves; may be repeated.
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Join {
    #[arg(long)]
    workspace: Option<String>,
    /// Id or name.
    #[arg(long)]
    team: String,
    #[arg(long)]
    email: String,
}

pub async fn run(desk: &Desk, command: TeamCommand) -> Result<()> {
    match command {
        TeamCommand::List(wanted) => list(desk, wanted).await,
        TeamCommand::Add(new) => add(desk, new).await,
        TeamCommand::Join(new) => join(desk, new).await,
    }
}

async fn list(desk: &Desk, wanted: List) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
    for row in team::all(desk.installation.database.reader(), workspace.id).await? {
        println!("{}  {}", row.id, row.name);
    }
    Ok(())
}

async fn add(desk: &Desk, new: Add) -> Result<()> {
    let workspace = desk.workspace(new.workspace.as_deref()).await?.id;
    let mut members = Vec::new();
    for email in &new.members {
        members.push(desk.member(workspace, email).await?.id);
    }
    let mut channels = Vec::new();
    for channel in &new.channels {
        channels.push(desk.channel(workspace, channel).await?.id);
    }
    let installation = &desk.installation;
    let transaction = desk.begin().await?;
    let id = team::create(&transaction, installation, workspace, &new.name).await?;
    for member in &members {
        team::add_member(&transaction, installation, (workspace, id), *member).await?;
    }
    for channel in &channels {
        team::add_channel(&transaction, installation, (workspace, id), *channel).await?;
    }
    let done = Done {
        workspace_id: workspace,
        action: "team.created",
        subject: id.to_string(),
        after: json!({ "name": new.name.trim(), "members": members, "channels": channels }),
    };
    desk.record(&transaction, done).await?;
    desk.commit_access(transaction, workspace).await?;
    println!("{id}  {}", new.name.trim());
    Ok(())
}

async fn join(desk: &Desk, new: Join) -> Result<()> {
    let workspace = desk.workspace(new.workspace.as_deref()).await?.id;
    let team = desk.team(workspace, &new.team).await?;
    let member = desk.member(workspace, &new.email).await?;
    let transaction = desk.begin().await?;
    team::add_member(&transaction, &desk.installation, (workspace, team.id), member.id).await?;
    let done = Done {
        workspace_id: workspace,
        action: "team.member_added",
        subject: team.id.to_string(),
        after: json!({ "member": member.id }),
    };
    desk.record(&transaction, done).await?;
    desk.commit_access(transaction, workspace).await?;
    println!("{}  {}", member.id, team.name);
    Ok(())
}
