//! What is seen to at intervals: deliveries that wait too long or were set aside are told of, and what came for a number before
//! it was registered is taken up once it is.

use std::collections::BTreeMap;
use std::time::Duration;

use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::id::{WebhookDeliveryId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_delivery;
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use crate::alert::{Details, Raised, raise, settle};
use crate::error::Result;
use crate::installation::Installation;

/// The oldest that waits longer than this is told of,
const LAGGING: Duration = Duration::from_secs(60);
/// and this soon it is well again.
const WELL: Duration = Duration::from_secs(10);
/// An alert that lasts is raised anew so often.
const RAISED_AGAIN: Duration = Duration::from_secs(60);
/// So many of the next are looked at.
const LOOKED_AT: i64 = 1_000;
const TAKEN_UP: i64 = 100;
const LAG: &str = "inbox";

/// As it was when it came, due at $1.
pub(super) const AFRESH: &str = "status = 'pending', attempts = 0, next_attempt_at = $1, leased_until = NULL, \
                                 processed_at = NULL, error = NULL, stored_count = 0, duplicate_count = 0, \
                                 foreign_count = 0, progress = 0, item_count = NULL";

/// Says in the transaction that sets a delivery aside that it is.
pub async fn alert_dead(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    delivery: &webhook_delivery::Model,
    reason: &str,
) -> Result<()> {
    let raised = Raised {
        workspace_id: delivery.workspace_id,
        kind: AlertKind::DeliveryDead,
        cause: delivery.meta_app_id.0.to_string(),
        severity: AlertSeverity::Critical,
        channel_id: None,
        details: Details::from([("reason".to_owned(), reason.to_owned())]),
    };
    raise(transaction, (&installation.database, &installation.clock), raised).await
}

/// What was last told of, so that what lasts is not told of each time.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<WorkspaceId, Timestamp>);

/// Looks after the deliveries of all workspaces.
pub async fn look_after(installation: &Installation, told: &mut Told) -> Result<()> {
    tell_of_lag(installation, told).await?;
    settle_dead(installation).await?;
    while take_up(installation).await? >= TAKEN_UP {}
    Ok(())
}

async fn tell_of_lag(installation: &Installation, told: &mut Told) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    // One that failed and is to be tried again later does not wait; one that the database's troubles put off does.
    let sql = "SELECT workspace_id, MIN(CASE WHEN attempts <= 1 THEN received_at ELSE next_attempt_at END), COUNT(*) \
               FROM (SELECT workspace_id, attempts, received_at, next_attempt_at FROM webhook_deliveries \
                     WHERE status = 'pending' ORDER BY next_attempt_at LIMIT $2) AS next \
               WHERE attempts = 0 OR next_attempt_at <= $1 GROUP BY workspace_id";
    let rows =
        database.reader().query_all_raw(database.statement(sql, [now.0.into(), LOOKED_AT.into()])).await?;
    let mut lags = BTreeMap::new();
    for row in rows {
        let workspace: WorkspaceId = row.try_get_by_index(0)?;
        let oldest: Timestamp = row.try_get_by_index(1)?;
        let count: i64 = row.try_get_by_index(2)?;
        lags.insert(workspace, now.since(oldest));
        let told_lately = told.0.get(&workspace).is_some_and(|&at| now < at + RAISED_AGAIN);
        if now.since(oldest) > LAGGING && !told_lately {
            told.0.insert(workspace, now);
            let count = if count < LOOKED_AT { count.to_string() } else { format!("{LOOKED_AT}+") };
            let seconds = now.since(oldest).as_secs().to_string();
            let raised = Raised {
                workspace_id: workspace,
                kind: AlertKind::DeliveriesLagging,
                cause: LAG.to_owned(),
                severity: AlertSeverity::Warning,
                channel_id: None,
                details: Details::from([("count".to_owned(), count), ("seconds".to_owned(), seconds)]),
            };
            raise(database.writer(), (database, &installation.clock), raised).await?;
        }
    }
    for (workspace, _) in open(installation, AlertKind::DeliveriesLagging).await? {
        if lags.get(&workspace).is_none_or(|lag| *lag < WELL) {
            told.0.remove(&workspace);
            let which = (workspace, AlertKind::DeliveriesLagging, LAG);
            settle(database.writer(), (database, &installation.clock), which).await?;
        }
    }
    Ok(())
}

async fn open(installation: &Installation, kind: AlertKind) -> Result<Vec<(WorkspaceId, String)>> {
    let database = &installation.database;
    let sql = "SELECT workspace_id, cause FROM alerts WHERE kind = $1 AND resolved_at IS NULL";
    let rows = database.reader().query_all_raw(database.statement(sql, [kind.to_value().into()])).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// Of an app of which nothing is set aside any more there is nothing to tell: what was has been replayed, or is gone by age.
async fn settle_dead(installation: &Installation) -> Result<()> {
    let database = &installation.database;
    for (workspace, cause) in open(installation, AlertKind::DeliveryDead).await? {
        // One that is worked through again is not well yet.
        let left = "SELECT 1 AS one FROM webhook_deliveries WHERE workspace_id = $1 AND meta_app_id = $2 \
                    AND (status = 'dead' OR status = 'pending' AND next_attempt_at > received_at) LIMIT 1";
        let Ok(app) = cause.parse::<Uuid>() else { continue };
        let values = [workspace.0.into(), app.into()];
        let is_left = database.reader().query_one_raw(database.statement(left, values)).await?.is_some();
        if !is_left {
            let which = (workspace, AlertKind::DeliveryDead, cause.as_str());
            settle(database.writer(), (database, &installation.clock), which).await?;
        }
    }
    Ok(())
}

/// Has what came for somebody unknown worked through again, where that has become one of the workspace's.
async fn take_up(installation: &Installation) -> Result<i64> {
    let database = &installation.database;
    // One that is still being worked through is left alone until it is settled.
    let found = "SELECT f.workspace_id, f.delivery_id FROM foreign_items f JOIN webhook_deliveries d \
                 ON d.workspace_id = f.workspace_id AND d.id = f.delivery_id AND d.status IN ('done', 'dead') \
                 WHERE EXISTS (SELECT 1 FROM channels c WHERE c.workspace_id = f.workspace_id AND (c.phone_number_id = f.number OR f.number = '' AND c.waba_id = f.account)) \
                 LIMIT $1";
    let rows = database.reader().query_all_raw(database.statement(found, [TAKEN_UP.into()])).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let transaction = database.begin().await?;
    let now = installation.clock.now();
    let mut count = 0;
    for row in rows {
        count += 1;
        let (workspace, delivery): (WorkspaceId, WebhookDeliveryId) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let again = format!(
            "UPDATE webhook_deliveries SET {AFRESH} WHERE workspace_id = $2 AND id = $3 AND status IN ('done', 'dead')"
        );
        let values = [now.0.into(), workspace.0.into(), delivery.0.into()];
        transaction.execute_raw(database.statement(&again, values)).await?;
        let noted = "DELETE FROM foreign_items WHERE workspace_id = $1 AND delivery_id = $2";
        transaction.execute_raw(database.statement(noted, [workspace.0.into(), delivery.0.into()])).await?;
    }
    settle_foreign(installation, &transaction).await?;
    transaction.commit().await?;
    Ok(count)
}

async fn settle_foreign(installation: &Installation, transaction: &DatabaseTransaction) -> Result<()> {
    let sql = "UPDATE alerts SET resolved_at = $2 WHERE kind = $1 AND resolved_at IS NULL AND EXISTS \
               (SELECT 1 FROM channels c WHERE c.workspace_id = alerts.workspace_id \
                AND (c.phone_number_id = alerts.cause OR c.waba_id = alerts.cause))";
    let values = [AlertKind::ForeignNumber.to_value().into(), installation.clock.now().0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}
