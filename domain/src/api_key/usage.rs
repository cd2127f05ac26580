//! By whom and from where keys are used, and tried from where they may not be: gathered in memory and written down now
//! and then, so that who tries many times costs no more than who tries once.

use std::time::Duration;

use portaria_entity::id::{ApiKeyId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::json;

use crate::activity::{Actor, Deed, record};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;

/// Of one key that is tried from elsewhere the log tells once a day; the count goes on.
const TOLD_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// A key, and when it was used last.
pub(crate) struct Used {
    pub key: (WorkspaceId, ApiKeyId),
    pub at: Timestamp,
    pub address: Option<String>,
    pub agent: Option<String>,
}

/// A key, and how often it was refused since that was last written down.
pub(crate) struct Refused {
    pub key: (WorkspaceId, ApiKeyId),
    pub count: i64,
    pub at: Timestamp,
    pub address: String,
}

pub(crate) async fn note_use(
    transaction: &DatabaseTransaction,
    database: &Database,
    used: Used,
) -> Result<()> {
    let sql = "UPDATE api_keys SET last_used_at = $3, last_used_address = COALESCE($4, last_used_address), \
               last_used_agent = COALESCE($5, last_used_agent) \
               WHERE workspace_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
    let (workspace, key) = used.key;
    let values = [workspace.0.into(), key.0.into(), used.at.0.into(), used.address.into(), used.agent.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}

pub(crate) async fn note_refusal(
    transaction: &DatabaseTransaction,
    (database, clock): (&Database, &Clock),
    refused: &Refused,
) -> Result<()> {
    let (workspace, key) = refused.key;
    let sql = "SELECT last_refused_at FROM api_keys WHERE workspace_id = $1 AND id = $2";
    let row = transaction.query_one_raw(database.statement(sql, [workspace.0.into(), key.0.into()])).await?;
    let Some(row) = row else { return Ok(()) };
    let last: Option<Timestamp> = row.try_get_by_index(0)?;
    let sql = "UPDATE api_keys SET refused_count = refused_count + $3, last_refused_at = $4, last_refused_address = $5 \
               WHERE workspace_id = $1 AND id = $2";
    let values = [
        workspace.0.into(),
        key.0.into(),
        refused.count.into(),
        refused.at.0.into(),
        refused.address.clone().into(),
    ];
    transaction.execute_raw(database.statement(sql, values)).await?;
    if last.is_some_and(|last| refused.at.since(last) < TOLD_EVERY) {
        return Ok(());
    }
    let deed = Deed {
        workspace_id: workspace,
        actor: Actor::ApiKey(key),
        action: "api_key.refused",
        subject: key.to_string(),
        before: None,
        after: Some(json!({ "because": "address" })),
        address: Some(refused.address.clone()),
    };
    record(transaction, clock, deed).await
}
