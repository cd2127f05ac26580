//! By whom and from where keys are used, and tried from where they may not be: gathered in memory and written down now
//! and then, so that who tries many times costs no more than who tries once.

use std::time::Duration;

use portaria_entity::id::{ApiKeyId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde_json::json;

use super::networks::around;
use crate::activity::{Actor, Deed, record};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;

/// Of one key that is tried from elsewhere the log tells once a day; the count goes on.
const TOLD_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Of so many networks of a key it is known that it came from there, those it came from last.
const KEPT: i64 = 200;

/// A key, and when it was used last.
pub(crate) struct Used<'a> {
    pub key: (WorkspaceId, ApiKeyId),
    pub at: Timestamp,
    /// Addresses and user agents that used it since that was last written down, the last one last.
    pub from: &'a [(String, String)],
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
    used: Used<'_>,
) -> Result<()> {
    let sql = "UPDATE api_keys SET last_used_at = $3, last_used_address = COALESCE($4, last_used_address), \
               last_used_agent = COALESCE($5, last_used_agent) \
               WHERE workspace_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
    let (workspace, key) = used.key;
    let (address, agent) = used.from.last().cloned().unzip();
    let values = [workspace.0.into(), key.0.into(), used.at.0.into(), address.into(), agent.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    for from in used.from {
        note_network(transaction, database, &used, from).await?;
    }
    Ok(())
}

/// Takes note of the network, to the day.
async fn note_network(
    transaction: &DatabaseTransaction,
    database: &Database,
    used: &Used<'_>,
    (address, agent): &(String, String),
) -> Result<()> {
    let Some(network) = around(address) else { return Ok(()) };
    let (workspace, key) = used.key;
    let sql = "INSERT INTO api_key_networks (workspace_id, api_key_id, network, address, agent, first_seen_at, last_seen_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (workspace_id, api_key_id, network) \
               DO UPDATE SET last_seen_at = $6 WHERE api_key_networks.last_seen_at < $7";
    let values = [
        workspace.0.into(),
        key.0.into(),
        network.into(),
        address.as_str().into(),
        agent.as_str().into(),
        used.at.0.into(),
        (used.at - TOLD_EVERY).0.into(),
    ];
    if transaction.execute_raw(database.statement(sql, values)).await?.rows_affected() == 0 {
        return Ok(());
    }
    let sql = "DELETE FROM api_key_networks WHERE workspace_id = $1 AND api_key_id = $2 AND last_seen_at < \
               (SELECT o.last_seen_at FROM api_key_networks o WHERE o.workspace_id = $1 AND o.api_key_id = $2 \
                ORDER BY o.last_seen_at DESC LIMIT 1 OFFSET $3)";
    let values = [workspace.0.into(), key.0.into(), (KEPT - 1).into()];
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
