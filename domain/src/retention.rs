//! What is removed by age: raw deliveries, published events, sign-ins, sent mails, and what was good for one use. In small
//! batches, so that nobody waits for it, and by any number of processes at once.

use std::time::Duration;

use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use crate::error::Result;
use crate::installation::Installation;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts of what was turned away unseen are kept for so many days at most: nobody looks further back, and who floods the door
/// makes many.
const TURNED_AWAY: u32 = 30;

/// So many rows are removed in one transaction.
const BATCH: i64 = 500;

/// How long things are kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Deliveries as Meta sent them. One that is still to be worked through is never removed.
    pub deliveries: u32,
    /// Events, by which a subscription goes on from its cursor.
    pub events: u32,
    /// Sign-ins, successful and not, and where sessions were used, on which the audit's rules look back.
    pub sign_ins: u32,
    /// Mails that were sent or given up.
    pub mails: u32,
    /// Counts of kinds that Portaria does not know, since they were last seen.
    pub unknown_contents: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { deliveries: 30, events: 7, sign_ins: 400, mails: 90, unknown_contents: 90 }
    }
}

/// Rows of one table that may go.
struct Outdated {
    table: &'static str,
    /// The columns of its primary key.
    key: &'static str,
    /// With $1 for the instant before which they are too old.
    condition: &'static str,
    days: u32,
}

impl Retention {
    fn outdated(&self) -> [Outdated; 18] {
        let of = |table, key, condition, days| Outdated { table, key, condition, days };
        [
            // The next attempt of what is settled is when it was last worked on.
            of(
                "webhook_deliveries",
                "workspace_id, id",
                "status IN ('done', 'dead') AND next_attempt_at < $1",
                self.deliveries,
            ),
            of(
                "webhook_sightings",
                "workspace_id, fingerprint, delivery_id",
                "seen_at < $1",
                self.deliveries,
            ),
            of(
                "foreign_items",
                "workspace_id, delivery_id, number, account",
                "received_at < $1",
                self.deliveries,
            ),
            of("webhook_refusals", "minute, app_key, cause", "minute < $1", self.deliveries),
            of("unknown_contents", "workspace_id, field, kind", "last_seen_at < $1", self.unknown_contents),
            // From the first one on, without a hole: a cursor is good when everything after it is there.
            of(
                "events",
                "workspace_id, id",
                "seq <= (SELECT MAX(seq) FROM events WHERE \"at\" < $1) ORDER BY seq",
                self.events,
            ),
            of("sign_in_events", "id", "\"at\" < $1", self.sign_ins),
            of(
                "role_permission_spans",
                "workspace_id, role_id, permission, allowed_at",
                "forbidden_at < $1",
                self.sign_ins,
            ),
            of("session_uses", "workspace_id, session_id, network, device", "last_at < $1", self.sign_ins),
            of("routing_decisions", "workspace_id, id", "\"at\" < $1", self.sign_ins),
            of(
                "throttled_attempts",
                "minute, address, user_id",
                "minute < $1",
                self.sign_ins.min(TURNED_AWAY),
            ),
            of(
                "mail_secrets",
                "id",
                "id IN (SELECT id FROM outgoing_mails WHERE status <> 'queued' AND created_at < $1)",
                self.mails,
            ),
            of(
                "mail_attachments",
                "id",
                "id IN (SELECT id FROM outgoing_mails WHERE status <> 'queued' AND created_at < $1)",
                self.mails,
            ),
            of("outgoing_mails", "id", "status <> 'queued' AND created_at < $1", self.mails),
            of("notices", "workspace_id, id", "told_at < $1", 1),
            of(
                "notification_deliveries",
                "workspace_id, id",
                "status <> 'queued' AND created_at < $1",
                self.mails,
            ),
            of("password_resets", "id", "expires_at < $1", 31),
            of("setup_tokens", "id", "expires_at < $1", 1),
        ]
    }
}

/// Removes what is older than it need be. Answers how many rows went.
pub async fn remove_outdated(installation: &Installation, retention: Retention) -> Result<u64> {
    let now = installation.clock.now();
    let mut removed = 0;
    for outdated in retention.outdated() {
        let before = now - DAY * outdated.days;
        loop {
            let count = remove_batch(installation, &outdated, before).await?;
            removed += count;
            if count < BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(removed)
}

async fn remove_batch(installation: &Installation, outdated: &Outdated, before: Timestamp) -> Result<u64> {
    let Outdated { table, key, condition, .. } = outdated;
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT $2)"
    );
    let values: [Value; 2] = [before.0.into(), BATCH.into()];
    let statement = installation.database.statement(&sql, values);
    Ok(installation.database.writer().execute_raw(statement).await?.rows_affected())
}
