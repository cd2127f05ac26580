//! `portaria admin rotate-key`: a new sealing key, and everything sealed anew with it, while processes run.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use portaria_domain::sealing::rotation;
use portaria_entity::workspace;
use sea_orm::EntityTrait;
use serde_json::json;

use super::desk::{Desk, Done};

/// Running processes have taken the new key up by then; see `background::refresh_keys`.
const TAKEN_UP: Duration = Duration::from_secs(12);

#[derive(Debug, Args)]
pub struct RotateKey {
    /// Make no key: the newest in the folder is the new one. For more than one machine, when it has been put on each.
    #[arg(long)]
    reseal_only: bool,
}

pub async fn run(desk: &Desk, wanted: RotateKey) -> Result<()> {
    let keys = &desk.installation.keys;
    let before = keys.current();
    if !wanted.reseal_only {
        keys.add()?;
        println!("Made {}. Running processes take it up now.", keys.current());
        tokio::time::sleep(TAKEN_UP).await;
    }
    let count = rotation::reseal(&desk.installation).await?;
    let transaction = desk.begin().await?;
    for workspace in workspace::Entity::find().all(&transaction).await? {
        let done = Done {
            workspace_id: workspace.id,
            action: "sealing_key.rotated",
            subject: workspace.id.to_string(),
            after: json!({ "key": keys.current(), "before": before }),
        };
        desk.record(&transaction, done).await?;
    }
    transaction.commit().await?;
    println!("Sealed {count} secrets anew with {}.", keys.current());
    println!("Keep the older keys: the seals of the activity log that they made are checked with them.");
    Ok(())
}
