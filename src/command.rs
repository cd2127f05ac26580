//! The command line: which subcommands there are and what each may be told.

mod access;
mod access_review;
mod admin;
mod api;
mod audit;
mod auditor;
mod config;
mod demo;
mod doctor;
mod migrate;
mod schema;
mod serve;
mod simulate;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::config::{Config, load};

/// Decides who may see, send and change what on a company's WhatsApp Business numbers, and proves it.
#[derive(Debug, Parser)]
#[command(name = "portaria", version, propagate_version = true)]
pub struct Cli {
    /// Configuration file; `portaria config` prints the defaults. PORTARIA_* variables override it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run API, worker and auditor in this process (the default).
    Serve,
    /// Show everything on a throw-away database, with people, customers and a stand-in for Meta.
    Demo,
    /// Run the API alone. Needs PostgreSQL.
    Api,
    /// Run the worker alone: webhooks in, routing. Needs PostgreSQL.
    Worker,
    /// Run the auditor alone: scheduled audits and their mail. Needs PostgreSQL.
    Auditor,
    /// Bring the database's schema up to date.
    Migrate,
    /// Audit now, and mail the reports.
    Audit(audit::AuditArgs),
    /// Say what in the configuration and the database is wrong or weak.
    Doctor,
    /// Deliver webhooks to a running installation as Meta would, or be all of Meta (--serve).
    Simulate(simulate::SimulateArgs),
    /// Set up workspaces, people, Meta apps and phone numbers from this machine.
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// Roles, teams and grants as a file that people review.
    #[command(subcommand)]
    Access(access::AccessCommand),
    /// The documents of access reviews.
    #[command(subcommand)]
    AccessReview(access_review::AccessReviewCommand),
    /// Print the GraphQL schema.
    Schema(schema::SchemaArgs),
    /// Print the documented default configuration.
    Config,
}

impl Cli {
    pub async fn run(self) -> Result<ExitCode> {
        let configuration = || load(self.config.as_deref(), environment());
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(configuration()?).await?,
            Command::Demo => demo::run(configuration()?).await?,
            Command::Api => api::run(configuration()?).await?,
            Command::Worker => worker::run(configuration()?).await?,
            Command::Auditor => auditor::run(configuration()?).await?,
            Command::Migrate => migrate::run(&configuration()?).await?,
            Command::Audit(wanted) => audit::run(&configuration()?, wanted).await?,
            Command::Doctor => return doctor::run(&configuration()?).await,
            Command::Simulate(wanted) => simulate::run(wanted).await?,
            Command::Admin(command) => admin::run(&configuration()?, command).await?,
            Command::Access(command) => return access::run(&configuration()?, command).await,
            Command::AccessReview(command) => access_review::run(&configuration()?, command).await?,
            Command::Schema(wanted) => schema::run(&wanted),
            Command::Config => config::run(),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The variables that are text; no setting needs another kind.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Refuses SQLite for a part that runs beside others.
fn require_postgres(config: &Config, part: &str) -> Result<()> {
    if config.database.sqlite_file()?.is_some() {
        anyhow::bail!(
            "`portaria {part}` runs beside other processes and needs PostgreSQL: an SQLite database is written \
             by one process, `portaria serve`, which has every part in it. Set database.url."
        );
    }
    Ok(())
}
