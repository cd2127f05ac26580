//! `portaria admin meta-app`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use portaria_domain::meta_app::{self, NewMetaApp};
use portaria_entity::id::MetaAppSecretId;
use portaria_entity::meta_app as meta_app_row;
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::desk::{Desk, Done, only, secret};

#[derive(Debug, Subcommand)]
pub enum MetaAppCommand {
    /// List the Meta apps of a workspace.
    List(List),
    /// Register a Meta app, so that its webhooks are let in.
    Add(Add),
    /// Add an app secret beside those in use: deliveries signed with either are let in.
    AddSecret(AddSecret),
    /// Put a new app secret in the place of those in use, which are still taken for a while.
    RotateSecret(RotateSecret),
    /// List the app secrets: when each was added, ends, and was last used. Never the secret itself.
    Secrets(List),
    /// End an app secret at once.
    EndSecret(EndSecret),
}

#[derive(Debug, Args)]
pub struct RotateSecret {
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long)]
    key: String,
    #[arg(long, value_name = "FILE")]
    app_secret_file: PathBuf,
    /// For how many hours deliveries signed with the old secrets are still taken.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    overlap: u32,
}

#[derive(Debug, Args)]
pub struct EndSecret {
    #[arg(long)]
    workspace: Option<String>,
    /// Which one (`appsec_...`), of `admin meta-app secrets`.
    id: String,
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
    /// Last part of the callback URL: a-z, 0-9 and -.
    #[arg(long)]
    key: String,
    #[arg(long)]
    name: String,
    /// File with the app secret, from Meta's dashboard: App settings, Basic.
    #[arg(long, value_name = "FILE")]
    app_secret_file: PathBuf,
    /// File with a text of your own choice, to be repeated in Meta's dashboard as "Verify token".
    #[arg(long, value_name = "FILE")]
    verify_token_file: PathBuf,
}

#[derive(Debug, Args)]
pub struct AddSecret {
    #[arg(long)]
    workspace: Option<String>,
    #[arg(long)]
    key: String,
    #[arg(long, value_name = "FILE")]
    app_secret_file: PathBuf,
}

pub async fn run(desk: &Desk, command: MetaAppCommand, public_url: &str) -> Result<()> {
    match command {
        MetaAppCommand::List(wanted) => list(desk, wanted).await,
        MetaAppCommand::Add(new) => add(desk, new, public_url).await,
        MetaAppCommand::AddSecret(new) => add_secret(desk, new).await,
        MetaAppCommand::RotateSecret(new) => rotate_secret(desk, new).await,
        MetaAppCommand::Secrets(wanted) => list_secrets(desk, wanted).await,
        MetaAppCommand::EndSecret(which) => end_secret(desk, which).await,
    }
}

async fn rotate_secret(desk: &Desk, new: RotateSecret) -> Result<()> {
    let apps = apps(desk, new.workspace.as_deref()).await?;
    let app = only(apps, |app| app.key == new.key, ("Meta app", &new.key))?;
    let app_secret = secret(&new.app_secret_file)?;
    let overlap = Duration::from_secs(u64::from(new.overlap) * 60 * 60);
    let transaction = desk.begin().await?;
    meta_app::rotate_secret(&transaction, &desk.installation, &app, (app_secret.reveal(), overlap)).await?;
    let done = Done {
        workspace_id: app.workspace_id,
        action: "meta_app.secret_rotated",
        subject: app.id.to_string(),
        after: json!({ "key": app.key, "overlapHours": new.overlap }),
    };
    desk.record(&transaction, done).await?;
    transaction.commit().await?;
    println!(
        "The app {} takes deliveries signed with this secret; with the others for {} h more.",
        app.key, new.overlap
    );
    Ok(())
}

async fn list_secrets(desk: &Desk, wanted: List) -> Result<()> {
    let workspace = desk.workspace(wanted.workspace.as_deref()).await?;
    for (app, secrets) in meta_app::all(desk.installation.database.reader(), workspace.id).await? {
        for secret in secrets {
            let time = |at: Option<Timestamp>| at.map_or("never".to_owned(), local);
            let (ends, used) = (time(secret.expires_at), time(secret.last_used_at));
            println!(
                "{}  {}  added {}  ends {ends}  last used {used}",
                secret.id,
                app.key,
                local(secret.created_at)
            );
        }
    }
    Ok(())
}

async fn end_secret(desk: &Desk, which: EndSecret) -> Result<()> {
    let workspace = desk.workspace(which.workspace.as_deref()).await?;
    let id: MetaAppSecretId = which.id.parse().context("that is no id of an app secret (appsec_...)")?;
    let transaction = desk.begin().await?;
    let ended = meta_app::end_secret(&transaction, &desk.installation, (workspace.id, id)).await?;
    let done = Done {
        workspace_id: workspace.id,
        action: "meta_app.secret_ended",
        subject: ended.meta_app_id.to_string(),
        after: json!({ "secret": id }),
    };
    desk.record(&transaction, done).await?;
    transaction.commit().await?;
    println!("{id} is not taken any more.");
    Ok(())
}

async fn apps(desk: &Desk, workspace: Option<&str>) -> Result<Vec<meta_app_row::Model>> {
    let workspace = desk.workspace(workspace).await?;
    let apps = meta_app_row::Entity::find()
        .filter(meta_app_row::Column::WorkspaceId.eq(workspace.id))
        .order_by_asc(meta_app_row::Column::Id)
        .all(desk.installation.database.reader())
        .await?;
    Ok(apps)
}

async fn list(desk: &Desk, wanted: List) -> Result<()> {
    for app in apps(desk, wanted.workspace.as_deref()).await? {
        println!("{}  {}  {}", app.id, app.key, app.name);
    }
    Ok(())
}

async fn add(desk: &Desk, new: Add, public_url: &str) -> Result<()> {
    let workspace = desk.workspace(new.workspace.as_deref()).await?;
    let (app_secret, verify_token) = (secret(&new.app_secret_file)?, secret(&new.verify_token_file)?);
    let transaction = desk.begin().await?;
    let row = NewMetaApp {
        workspace_id: workspace.id,
        key: &new.key,
        name: &new.name,
        verify_token: verify_token.reveal(),
        app_secret: app_secret.reveal(),
    };
    let app = meta_app::create(&transaction, &desk.installation, row).await?;
    let done = Done {
        workspace_id: workspace.id,
        action: "meta_app.created",
        subject: app.id.to_string(),
        after: json!({ "key": app.key, "name": app.name }),
    };
    desk.record(&transaction, done).await?;
    transaction.commit().await?;
    println!(
        "{}  {}\nCallback URL for Meta's dashboard: {public_url}/webhooks/whatsapp/{}",
        app.id, app.name, app.key
    );
    Ok(())
}

async fn add_secret(desk: &Desk, new: AddSecret) -> Result<()> {
    let apps = apps(desk, new.workspace.as_deref()).await?;
    let app = only(apps, |app| app.key == new.key, ("Meta app", &new.key))?;
    let app_secret = secret(&new.app_secret_file)?;
    let transaction = desk.begin().await?;
    meta_app::add_secret(&transaction, &desk.installation, &app, app_secret.reveal()).await?;
    let done = Done {
        workspace_id: app.workspace_id,
        action: "meta_app.secret_added",
        subject: app.id.to_string(),
        after: json!({ "key": app.key }),
    };
    desk.record(&transaction, done).await?;
    transaction.commit().await?;
    println!("The app {} now takes deliveries signed with this secret too.", app.key);
    Ok(())
}

fn local(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}
