//! `portaria admin workspace`.

use anyhow::Result;
use clap::{Args, Subcommand};
use portaria_domain::front_end;
use portaria_domain::granting::{Authority, Change};
use portaria_domain::role;
use portaria_domain::security_policy::{self, SecurityPolicy};
use portaria_domain::workspace::{self, NewWorkspace};
use portaria_entity::role::BuiltInRole;
use portaria_entity::security_policy::SecondFactorDemand;
use sea_orm::ActiveEnum;
use serde_json::json;

use super::desk::{Desk, Done};
use super::parse_role;

#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// List the workspaces.
    List,
    /// Add a workspace. Its first member is added by `admin member add --role administrator`.
    Add(Add),
    /// Say of whom a second factor is demanded before they may do anything.
    RequireSecondFactor(RequireSecondFactor),
    /// Say where the workspace's own front end is: letters link to it, and its pages may use cookies.
    FrontEnd(FrontEnd),
}

#[derive(Debug, Args)]
pub struct FrontEnd {
    /// Its address, as https://chat.example.com; or "none", and letters link to Portaria's own pages.
    url: String,
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
}

#[derive(Debug, Args)]
pub struct RequireSecondFactor {
    /// nobody, everyone, or roles: who holds one of those named by --role.
    #[arg(value_parser = parse_demand)]
    of: SecondFactorDemand,
    /// With `roles`: which; can be given several times.
    #[arg(long = "role", value_parser = parse_role)]
    roles: Vec<BuiltInRole>,
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
}

fn parse_demand(text: &str) -> Result<SecondFactorDemand, String> {
    SecondFactorDemand::try_from_value(&text.to_lowercase())
        .map_err(|_| "it is demanded of nobody, roles or everyone".to_owned())
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
        WorkspaceCommand::RequireSecondFactor(wanted) => require_second_factor(desk, wanted).await,
        WorkspaceCommand::FrontEnd(wanted) => set_front_end(desk, wanted).await,
    }
}

async fn set_front_end(desk: &Desk, wanted: FrontEnd) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?.id;
    let mut change = Change::begin(&desk.installation, workspace, Authority::Installation).await?;
    let url = (wanted.url != "none").then_some(wanted.url.as_str());
    let url = front_end::set(&mut change, url).await?;
    change.finish().await?;
    println!("{workspace}  {}", url.as_deref().unwrap_or("Portaria's own pages"));
    Ok(())
}

async fn require_second_factor(desk: &Desk, wanted: RequireSecondFactor) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?.id;
    let mut change = Change::begin(&desk.installation, workspace, Authority::Installation).await?;
    let mut roles = Vec::new();
    for built_in in wanted.roles {
        roles.push(role::built_in(&change.transaction, workspace, built_in).await?.id);
    }
    let policy = SecurityPolicy { second_factor: wanted.of, roles };
    security_policy::update(&mut change, policy).await?;
    change.finish().await?;
    println!("{workspace}  {}", wanted.of.to_value());
    Ok(())
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
