//! `portaria admin channel`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use portaria_domain::channel::{self, NewChannel};
use portaria_entity::meta_app as meta_app_row;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::desk::{Desk, Done, only, secret};

#[derive(Debug, Subcommand)]
pub enum ChannelCommand {
    /// List the phone numbers of a workspace.
    List(List),
    /// Register a phone number.
    Add(Add),
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
    /// Key of the Meta app whose webhooks tell of this number.
    #[arg(long)]
    meta_app: String,
    #[arg(long)]
    name: String,
    /// Id of the WhatsApp Business account, from Meta's dashboard.
    #[arg(long)]
    waba_id: String,
    /// Meta's id of the phone number.
    #[arg(long)]
    phone_number_id: String,
    /// The number as people write it: "+55 11 4000-0001".
    #[arg(long)]
    phone_number: String,
    /// The team that is given its new conversations. Without it: every permitted agent.
    #[arg(long)]
    team: Option<String>,
    /// File with an access token for sending.
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
}

pub async fn run(desk: &Desk, command: ChannelCommand) -> Result<()> {
    match command {
        ChannelCommand::List(wanted) => list(desk, wanted).await,
        ChannelCommand::Add(new) => add(desk, new).await,
    }
}

async fn list(desk: &Desk, wanted: List) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
    for row in channel::all(desk.installation.database.reader(), workspace.id).await? {
        println!(
            "{}  {}  {}  (Meta's id {})",
            row.id, row.name, row.display_phone_number, row.phone_number_id
        );
    }
    Ok(())
}

async fn add(desk: &Desk, new: Add) -> Result<()> {
    let workspace = desk.workspace(new.workspace.as_deref()).await?.id;
    let apps = meta_app_row::Entity::find()
        .filter(meta_app_row::Column::WorkspaceId.eq(workspace))
        .all(desk.installation.database.reader())
        .await?;
    let app = only(apps, |app| app.key == new.meta_app, ("Meta app", &new.meta_app))?;
    let team = match &new.team {
        Some(team) => Some(desk.team(workspace, team).await?.id),
        None => None,
    };
    let access_token = new.access_token_file.as_deref().map(secret).transpose()?;
    let transaction = desk.begin().await?;
    let row = NewChannel {
        workspace_id: workspace,
        meta_app_id: app.id,
        name: &new.name,
        waba_id: &new.waba_id,
        phone_number_id: &new.phone_number_id,
        display_phone_number: &new.phone_number,
        team_id: team,
        access_token: access_token.as_ref().map(crate::config::Secret::reveal),
    };
    let row = channel::create(&transaction, &desk.installation, row).await?;
    let done = Done {
        workspace_id: workspace,
        action: "channel.created",
        subject: row.id.to_string(),
        after: json!({ "name": row.name, "metaApp": app.key, "team": team }),
    };
    desk.record(&transaction, done).await?;
    desk.commit_access(transaction, workspace).await?;
    println!("{}  {}  {}", row.id, row.name, row.display_phone_number);
    Ok(())
}
