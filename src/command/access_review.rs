//! `portaria access-review`: the documents of access reviews, of whatever size.

use std::io::{BufWriter, Write};

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use portaria_domain::access_review::{Form, write_out};
use portaria_domain::language::Language;
use portaria_entity::id::AccessReviewId;

use super::admin::Desk;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub enum AccessReviewCommand {
    /// Write the document of a closed access review to the standard output. That it was taken is on record.
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Export {
    /// Which review: `review_...`.
    review: String,
    /// Id or name; not needed when there is only one.
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long, value_enum, default_value = "json")]
    format: FormatArg,
    /// Of HTML: pt-BR, en or es. The workspace's if not said.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Json,
    Csv,
    Html,
}

pub async fn run(config: &Config, command: AccessReviewCommand) -> Result<()> {
    let AccessReviewCommand::Export(wanted) = command;
    let desk = Desk::open(config).await?;
    let outcome = export(&desk, &wanted).await;
    desk.close().await?;
    outcome
}

async fn export(desk: &Desk, wanted: &Export) -> Result<()> {
    let Ok(id) = wanted.review.parse::<AccessReviewId>() else {
        bail!("{} is no id of an access review: it begins with review_", wanted.review);
    };
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
    let language = wanted.language.as_deref().unwrap_or(&workspace.locale);
    let form = match wanted.format {
        FormatArg::Json => Form::Json,
        FormatArg::Csv => Form::Csv,
        FormatArg::Html => Form::Printed(Language::from_tag(language)),
    };
    let mut output = BufWriter::new(std::io::stdout());
    let mut failed = None;
    let mut write = |part: &str| {
        if failed.is_none() {
            failed = output.write_all(part.as_bytes()).err();
        }
    };
    let taken = write_out(&desk.installation, (workspace.id, id), form, &mut write).await?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    output.flush()?;
    eprintln!("{} items; SHA-256 of the content {}", taken.items, taken.digest);
    if !taken.intact {
        bail!("what is on record does not make that digest any more: somebody has altered the database");
    }
    Ok(())
}
