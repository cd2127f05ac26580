//! `portaria admin workspace`.

use anyhow::Result;
use clap::{Args, Subcommand};
use portaria_domain::workspace::{self, NewWorkspace};
use serde_json::json;

use super::desk::{Desk, Done};

#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// List the workspaces.
    List,
    /// Add a workspace. Its first member is added by `admin member add --role administrator`.
    Add(Add),
}

#[derive(Debug, Args)]
pub struct Add {
    #[arg(long)]
    name: String,
    /// IANA name.
    #[arg(long, default_value = "America/Sao_Paulo")]
    time_zone: String,
    /// pt-BR, en or es.
    #[arg(long, default_value = "pt-BR")]
    locale: String,
}

pub async fn run(desk: &Desk, command: WorkspaceCommand) -> Result<()> {
    match command {
        WorkspaceCommand::List => list(desk).await,
        WorkspaceCommand::Add(new) => add(desk, new).await,
    }
}

async fn list(desk: &Desk) -> Result<()> {
    for row in workspace::all(desk.installation.database.reader()).await? {
        println!("{}  {}  ({}, {})", row.id, row.name, row.time_zone, row.locale);
    }
    Ok(())
}

async fn add(desk: &Desk, new: Add) -> Result<()> {
    let transaction = desk.begin().await?;
    let row = NewWorkspace { name: &new.name, time_zone: &new.time_zone, locale: &new.locale };
    let row = workspace::create(&transaction, &desk.installation, row).await?;
    let done = Done {
        workspace_id: row.id,
        action: "workspace.created",
        subject: row.id.to_string(),
        after: json!({ "name": row.name }),
    };
    desk.record(&transaction, done).await?;
    transaction.commit().await?;
    println!("{}  {}", row.id, row.name);
    Ok(())
}
