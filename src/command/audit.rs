//! `portaria audit`: an audit now, beside the scheduled ones, with its mail; and the activity log, verified or taken along.

mod log;

use anyhow::{Result, bail};
use clap::Args;
use portaria_domain::{Installation, workspace};

use crate::config::{Config, LogConfig};
use crate::opening::{Schema, open_with_countries};
use crate::{parts, telemetry};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: Option<log::LogCommand>,
    /// Only this workspace: id or name.
    #[arg(long)]
    workspace: Option<String>,
    /// Log how long each rule and each step takes.
    #[arg(long)]
    timing: bool,
}

pub async fn run(config: &Config, wanted: AuditArgs) -> Result<()> {
    if let Some(command) = wanted.command {
        return log::run(config, command).await;
    }
    telemetry::start_logs(&logs(&config.log, wanted.timing))?;
    let installation = open_with_countries(config, Schema::MustBeCurrent).await?;
    let unsent = audit(&installation, config, wanted.workspace.as_deref()).await?;
    installation.database.close().await?;
    if unsent > 0 {
        bail!("{unsent} mails could not be sent yet; a running `portaria serve` or `auditor` tries again");
    }
    Ok(())
}

fn logs(configured: &LogConfig, timing: bool) -> LogConfig {
    let mut logs = configured.clone();
    if timing {
        logs.level.push_str(",portaria_domain::audit::timing=debug");
    }
    logs
}

/// How many mails are still to be sent.
async fn audit(installation: &Installation, config: &Config, wanted: Option<&str>) -> Result<u64> {
    let auditor = parts::auditor(installation, config)?;
    let is_wanted = |row: &portaria_entity::workspace::Model| {
        wanted.is_none_or(|wanted| row.name == wanted || row.id.to_string() == wanted)
    };
    let mut workspaces = workspace::all(installation.database.reader()).await?;
    workspaces.retain(is_wanted);
    if workspaces.is_empty() {
        bail!("there is no such workspace");
    }
    for workspace in workspaces {
        let summary = auditor.audit_now(workspace.id).await?;
        let outcome = summary.outcome;
        println!(
            "{}: {} members and {} sign-ins checked; findings: {} new, {} still open, {} resolved; {} mails",
            workspace.name,
            summary.members_checked,
            summary.sign_ins_checked,
            outcome.opened,
            outcome.still_open,
            outcome.resolved,
            summary.mails_queued,
        );
    }
    let sent = auditor.send_queued_mails().await?;
    Ok(sent.put_off + sent.given_up)
}
