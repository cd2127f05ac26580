//! `portaria admin`: sets an installation up from the machine it runs on, whoever may sign in to it.
//! What is done here is recorded as done by the installation itself.

mod channel;
mod desk;
mod member;
mod meta_app;
mod recover;
mod rotate_key;
mod setup_token;
mod team;
mod workspace;

use anyhow::{Result, anyhow};
use clap::Subcommand;
use sea_orm::SqlErr;

use crate::config::Config;
pub use desk::Desk;
pub use member::parse_role;

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Companies, each apart from the others.
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// People of a workspace, their roles and passwords.
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Members who serve some numbers together.
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Meta apps whose webhooks are let in.
    #[command(subcommand)]
    MetaApp(meta_app::MetaAppCommand),
    /// Phone numbers.
    #[command(subcommand)]
    Channel(channel::ChannelCommand),
    /// Print a one-time link with which somebody who is locked out sets a new password.
    Recover(recover::Recover),
    /// Make a new sealing key and seal everything anew with it, without stopping anything.
    RotateKey(rotate_key::RotateKey),
    /// Print a one-time token for the first administrator, while nobody can sign in yet.
    SetupToken,
}

pub async fn run(config: &Config, command: AdminCommand) -> Result<()> {
    let desk = Desk::open(config).await?;
    perform(&desk, config, command).await.map_err(explain)?;
    desk.close().await
}

async fn perform(desk: &Desk, config: &Config, command: AdminCommand) -> Result<()> {
    match command {
        AdminCommand::Workspace(command) => workspace::run(desk, command).await,
        AdminCommand::Member(command) => member::run(desk, command).await,
        AdminCommand::Team(command) => team::run(desk, command).await,
        AdminCommand::MetaApp(command) => meta_app::run(desk, command, &config.server.public_url()).await,
        AdminCommand::Channel(command) => channel::run(desk, command).await,
        AdminCommand::Recover(wanted) => recover::run(desk, wanted).await,
        AdminCommand::RotateKey(wanted) => rotate_key::run(desk, wanted).await,
        AdminCommand::SetupToken => setup_token::run(desk, config).await,
    }
}

/// Says in words what the database refused.
fn explain(error: anyhow::Error) -> anyhow::Error {
    let refused = match error.downcast_ref::<portaria_domain::Error>() {
        Some(portaria_domain::Error::Database(refused)) => refused.sql_err(),
        Some(_) | None => None,
    };
    match refused {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            anyhow!("there is one like it already; nothing was changed")
        }
        Some(_) | None => error,
    }
}
