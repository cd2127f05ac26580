//! `portaria access`: roles, teams and grants as a file that people review.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use portaria_domain::access_file::{Document, Plan, apply, plan, read};
use portaria_domain::granting::Authority;
use portaria_entity::id::WorkspaceId;

use super::admin::Desk;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Write the roles, teams and grants that are in force to the standard output.
    Export(Export),
    /// Show what applying a file would do, and do nothing. Ends with 2 when there is something to do.
    Plan(Planned),
    /// Bring a file into force: all of it or nothing. Of what it `manages`, whatever it does not name ends.
    Apply(Applied),
}

#[derive(Debug, Args)]
pub struct Export {
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
}

#[derive(Debug, Args)]
pub struct Planned {
    #[arg(long)]
    workspace: Option<String>,
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Applied {
    #[command(flatten)]
    planned: Planned,
    /// On whose authority: nothing is done that this member may not do. Without it, the installation's own.
    #[arg(long, value_name = "EMAIL")]
    authority: Option<String>,
    /// Only if this is still the plan, by the digest that `plan` printed.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<String>,
}

pub async fn run(config: &Config, command: AccessCommand) -> Result<ExitCode> {
    let desk = Desk::open(config).await?;
    let outcome = perform(&desk, command).await;
    desk.close().await?;
    outcome
}

async fn perform(desk: &Desk, command: AccessCommand) -> Result<ExitCode> {
    match command {
        AccessCommand::Export(wanted) => {
            let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
            let installation = &desk.installation;
            let state = read(installation.database.reader(), workspace.id, installation.clock.now()).await?;
            print!("{}", state.document.to_toml()?);
            Ok(ExitCode::SUCCESS)
        }
        AccessCommand::Plan(wanted) => {
            let (workspace, document) = desk_and_file(desk, &wanted).await?;
            let installation = &desk.installation;
            let state = read(installation.database.reader(), workspace, installation.clock.now()).await?;
            let plan = plan(&state, &document)?;
            tell(&plan);
            if plan.steps.is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            println!(
                "\nTo do just this: portaria access apply --expect {} {}",
                plan.digest(),
                wanted.file.display()
            );
            Ok(ExitCode::from(2))
        }
        AccessCommand::Apply(wanted) => {
            let (workspace, document) = desk_and_file(desk, &wanted.planned).await?;
            let authority = match &wanted.authority {
                Some(email) => Authority::Member(desk.member(workspace, email).await?.id),
                None => Authority::Installation,
            };
            let how = (authority, wanted.expect.as_deref());
            let done = apply(&desk.installation, workspace, &document, how).await?;
            tell(&done);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn tell(plan: &Plan) {
    match plan.steps.len() {
        0 => println!("Nothing to do: the file is in force."),
        count => print!("{plan}\n{count} steps.\n"),
    }
}

async fn desk_and_file(desk: &Desk, wanted: &Planned) -> Result<(WorkspaceId, Document)> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
    Ok((workspace.id, document(&wanted.file)?))
}

fn document(file: &Path) -> Result<Document> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    Document::parse(&text).with_context(|| name.to_string())
}
