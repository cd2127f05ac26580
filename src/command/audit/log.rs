//! `portaria audit verify` and `portaria audit export`.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use portaria_domain::activity::export::{self, Format};
use portaria_domain::activity::verification::verify;
use portaria_domain::activity::{self, ActivityFilter, Actor};
use portaria_domain::{Installation, workspace};
use portaria_entity::time::Timestamp;
use portaria_entity::workspace::Model as Workspace;

use crate::config::Config;
use crate::opening::{Schema, open};

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Check that nothing in the activity log was altered, removed or reordered.
    Verify(Verify),
    /// Write the activity log to the standard output, newest first.
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Verify {
    /// Only this workspace: id or name.
    #[arg(long)]
    workspace: Option<String>,
    /// A seal from an audit mail, as `17:9f86d081884c7d65`: it must be in the chain still. Needs --workspace when there are several.
    #[arg(long, value_name = "SEAL")]
    head: Option<String>,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long, value_enum, default_value = "jsonl")]
    format: FormatArg,
    /// From then on: 2026-11-22T08:00:00Z.
    #[arg(long, value_parser = instant)]
    from: Option<Timestamp>,
    /// Before then.
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Csv,
    Jsonl,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let parsed = text.parse::<jiff::Timestamp>();
    parsed
        .map(|at| Timestamp(at.as_microsecond()))
        .map_err(|_| "a time is written like 2026-11-22T08:00:00Z".to_owned())
}

pub async fn run(config: &Config, command: LogCommand) -> Result<()> {
    let installation = open(config, Schema::MustBeCurrent).await?;
    let outcome = match command {
        LogCommand::Verify(wanted) => verify_all(&installation, &wanted).await,
        LogCommand::Export(wanted) => export_one(&installation, wanted).await,
    };
    installation.database.close().await?;
    outcome
}

async fn workspaces(installation: &Installation, wanted: Option<&str>) -> Result<Vec<Workspace>> {
    let mut all = workspace::all(installation.database.reader()).await?;
    all.retain(|row| wanted.is_none_or(|wanted| row.name == wanted || row.id.to_string() == wanted));
    if all.is_empty() {
        bail!("there is no such workspace");
    }
    Ok(all)
}

async fn verify_all(installation: &Installation, wanted: &Verify) -> Result<()> {
    let workspaces = workspaces(installation, wanted.workspace.as_deref()).await?;
    if wanted.head.is_some() && workspaces.len() > 1 {
        bail!("a seal is of one workspace: say --workspace");
    }
    let mut flaws = 0;
    for workspace in workspaces {
        let verdict = verify(installation, workspace.id, wanted.head.as_deref()).await?;
        println!(
            "{}: {} sealed ({} with erased details), {} waiting to be sealed, last seal {}",
            workspace.name,
            verdict.sealed,
            verdict.erased,
            verdict.waiting,
            verdict.head.digest()
        );
        for flaw in &verdict.flaws {
            println!("  {flaw}");
        }
        flaws += verdict.flaws.len();
    }
    if flaws > 0 {
        bail!("the activity log is not as it was written");
    }
    println!("The activity log is as it was written.");
    Ok(())
}

async fn export_one(installation: &Installation, wanted: Export) -> Result<()> {
    let found = workspaces(installation, wanted.workspace.as_deref()).await?;
    let [workspace] = found.as_slice() else { bail!("there are several workspaces: say --workspace") };
    let filter = ActivityFilter { from: wanted.from, until: wanted.until, ..ActivityFilter::default() };
    let format = match wanted.format {
        FormatArg::Csv => Format::Csv,
        FormatArg::Jsonl => Format::JsonLines,
    };
    let reader = installation.database.reader();
    let mut output = std::io::stdout().lock();
    output.write_all(format.heading().as_bytes())?;
    let (mut count, mut last) = (0, None);
    loop {
        let rows = activity::page(reader, workspace.id, &filter, last, export::PAGE).await?;
        for row in &rows {
            output.write_all(format.line(row).as_bytes())?;
        }
        count += rows.len();
        match rows.last() {
            Some(row) => last = Some(row.row.id),
            None => break,
        }
    }
    output.flush()?;
    export::record_export(installation, workspace.id, (Actor::Installation, None), count).await?;
    Ok(())
}
