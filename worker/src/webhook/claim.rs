//! Takes what is due, for as long as a lease, and keeps it while it is worked on.

use std::future::{Future, pending};

use portaria_domain::Result;
use portaria_entity::id::{WebhookDeliveryId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_delivery;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use super::process::Processor;

/// Longer bodies are fetched one by one, when their turn comes: so much memory a claim takes, and no more.
const FETCHED_LATER: usize = 256 * 1024;
/// A delivery that takes longer than so many thirds of a lease is given up to whoever else wants it.
const MOST_RENEWALS: u32 = 60;

const COLUMNS: &str = "workspace_id, id, meta_app_id, received_at, status, attempts, next_attempt_at, leased_until, \
                       processed_at, error, stored_count, duplicate_count, foreign_count, progress, item_count, channel_id";

/// A delivery in this processor's hands, and in which attempt.
#[derive(Clone, Copy)]
pub(super) struct Held {
    workspace_id: WorkspaceId,
    id: WebhookDeliveryId,
    attempts: i32,
}

impl From<&webhook_delivery::Model> for Held {
    fn from(row: &webhook_delivery::Model) -> Self {
        Self { workspace_id: row.workspace_id, id: row.id, attempts: row.attempts }
    }
}

impl Processor {
    /// On SQLite one process serves: what is leased when it starts was left by one that was killed, and is due at once.
    pub(crate) async fn release_what_was_left(&self) -> Result<()> {
        let database = &self.installation.database;
        if !database.is_sqlite() {
            return Ok(());
        }
        let sql = "UPDATE webhook_deliveries SET leased_until = NULL WHERE status = 'pending' AND leased_until IS NOT NULL";
        database.writer().execute_raw(database.statement(sql, [])).await?;
        Ok(())
    }

    /// Takes the oldest that are due. The attempt counts from here on, so that a delivery that takes the whole process
    /// down is not tried for ever; and one that was tried before is taken alone, so that no other goes down with it.
    pub(super) async fn claim(&self) -> Result<Vec<webhook_delivery::Model>> {
        let database = &self.installation.database;
        let now = self.installation.clock.now();
        let due =
            "status = 'pending' AND next_attempt_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)";
        let look = format!(
            "SELECT received_at, attempts FROM webhook_deliveries WHERE {due} ORDER BY next_attempt_at, id LIMIT 1"
        );
        let oldest = database.reader().query_one_raw(database.statement(&look, [now.0.into()])).await?;
        let Some(oldest) = oldest else {
            metrics::gauge!("portaria_webhook_lag_seconds").set(0.0);
            return Ok(Vec::new());
        };
        let lag = now.since(oldest.try_get_by_index::<Timestamp>(0)?);
        metrics::gauge!("portaria_webhook_lag_seconds").set(lag.as_secs_f64());
        // What was never claimed is leased to nobody, and has an index of its own that is read in its order.
        let fresh = "status = 'pending' AND attempts = 0 AND next_attempt_at <= $1";
        let (which, limit) = match oldest.try_get_by_index::<i32>(1)? {
            0 => (fresh, self.options.claim),
            _ => (due, 1),
        };
        let skip_locked = if database.is_sqlite() { "" } else { "FOR UPDATE SKIP LOCKED" };
        // The number stands in the text: not knowing it, PostgreSQL would read the whole table to find a few rows.
        let claim = format!(
            "WITH next AS MATERIALIZED (SELECT workspace_id AS whose, id AS which FROM webhook_deliveries \
             WHERE {which} ORDER BY next_attempt_at, id LIMIT {limit} {skip_locked}) \
             UPDATE webhook_deliveries SET leased_until = $2, attempts = attempts + 1 FROM next \
             WHERE workspace_id = next.whose AND id = next.which RETURNING {COLUMNS}, \
             CASE WHEN length(body) <= {FETCHED_LATER} THEN body ELSE substr(body, 1, 0) END AS body"
        );
        let values = [now.0.into(), (now + self.options.lease).0.into()];
        let mut claimed = webhook_delivery::Model::find_by_statement(database.statement(&claim, values))
            .all(database.writer())
            .await?;
        claimed.sort_by_key(|delivery| (delivery.received_at, delivery.id));
        Ok(claimed)
    }

    /// The bytes of a delivery, also when they were too many to be taken along.
    pub(super) async fn body(&self, delivery: &mut webhook_delivery::Model) -> Result<Vec<u8>> {
        let body = std::mem::take(&mut delivery.body);
        if !body.is_empty() {
            return Ok(body);
        }
        let row: Option<Vec<u8>> = webhook_delivery::Entity::find()
            .select_only()
            .column(webhook_delivery::Column::Body)
            .filter(webhook_delivery::Column::WorkspaceId.eq(delivery.workspace_id))
            .filter(webhook_delivery::Column::Id.eq(delivery.id))
            .into_tuple()
            .one(self.installation.database.reader())
            .await?;
        Ok(row.unwrap_or_default())
    }

    /// Works on the first of these while no lease of theirs runs out. On SQLite nobody else is there to take them.
    pub(super) async fn holding(&self, held: &[Held], work: impl Future<Output = ()>) {
        if self.installation.database.is_sqlite() {
            return work.await;
        }
        let renewals = async {
            for _ in 0..MOST_RENEWALS {
                tokio::time::sleep(self.options.lease / 3).await;
                if let Err(error) = self.renew(held).await {
                    tracing::warn!(%error, "leases of deliveries could not be renewed");
                }
            }
            pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = renewals => {}
        }
    }

    async fn renew(&self, held: &[Held]) -> Result<()> {
        let database = &self.installation.database;
        let until = self.installation.clock.now() + self.options.lease;
        let sql = "UPDATE webhook_deliveries SET leased_until = $4 \
                   WHERE workspace_id = $1 AND id = $2 AND attempts = $3 AND status = 'pending' AND leased_until IS NOT NULL";
        for one in held {
            let values = [one.workspace_id.0.into(), one.id.0.into(), one.attempts.into(), until.0.into()];
            database.writer().execute_raw(database.statement(sql, values)).await?;
        }
        Ok(())
    }
}
