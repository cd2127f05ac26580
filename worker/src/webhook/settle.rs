//! Writes down what becomes of a delivery: how far it is, when it is tried again, that it is set aside.

use std::time::Duration;

use portaria_domain::Result;
use portaria_entity::webhook_delivery::{self, WebhookDeliveryStatus};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::apply::Tally;
use super::failure::Failure;
use super::process::{Processor, count};

/// What comes after a chunk.
#[derive(Clone, Copy)]
pub(super) enum Then {
    More,
    Done,
}

impl Processor {
    /// Writes down how far it is, if it still is ours: the number of the attempt and what was counted so far tell.
    pub(super) async fn note_progress(
        &self,
        transaction: &DatabaseTransaction,
        delivery: &webhook_delivery::Model,
        (before, now, then): (Tally, Tally, Then),
    ) -> std::result::Result<(), Failure> {
        let at = self.installation.clock.now();
        let end = match then {
            Then::More => "leased_until = $8",
            Then::Done => "status = 'done', processed_at = $8, leased_until = NULL, error = NULL",
        };
        let sql = format!(
            "UPDATE webhook_deliveries SET stored_count = $5, duplicate_count = $6, foreign_count = $7, {end} \
             WHERE workspace_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3 \
             AND stored_count + duplicate_count + foreign_count = $4"
        );
        let time = match then {
            Then::More => at + self.options.lease,
            Then::Done => at,
        };
        let values = [
            delivery.workspace_id.0.into(),
            delivery.id.0.into(),
            delivery.attempts.into(),
            before.total().into(),
            now.stored.into(),
            now.duplicate.into(),
            now.foreign.into(),
            time.0.into(),
        ];
        let statement = self.installation.database.statement(&sql, values);
        let written = transaction.execute_raw(statement).await.map_err(portaria_domain::Error::from)?;
        if written.rows_affected() == 1 { Ok(()) } else { Err(Failure::Lost) }
    }

    /// Gives it back, to be claimed again after a pause.
    pub(super) async fn put_off(
        &self,
        delivery: &webhook_delivery::Model,
        reason: &str,
        (pause, attempts): (Duration, i32),
    ) -> Result<()> {
        tracing::info!(delivery = %delivery.id, reason, "a delivery is put off");
        count("retried");
        let next = self.installation.clock.now() + pause;
        let sql = "UPDATE webhook_deliveries SET error = $4, next_attempt_at = $5, attempts = $6, leased_until = NULL \
                   WHERE workspace_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3";
        let values = [
            delivery.workspace_id.0.into(),
            delivery.id.0.into(),
            delivery.attempts.into(),
            reason.into(),
            next.0.into(),
            attempts.into(),
        ];
        let database = &self.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await?;
        Ok(())
    }

    /// Sets it aside for good, with its reason and its bytes.
    pub(super) async fn set_aside(&self, delivery: &webhook_delivery::Model, reason: &str) -> Result<()> {
        tracing::error!(delivery = %delivery.id, reason, "a delivery is set aside");
        count("dead");
        let dead: &'static str = WebhookDeliveryStatus::Dead.into();
        let sql = "UPDATE webhook_deliveries SET status = $4, error = $5, processed_at = $6, leased_until = NULL \
                   WHERE workspace_id = $1 AND id = $2 AND status = 'pending' AND attempts = $3";
        let values = [
            delivery.workspace_id.0.into(),
            delivery.id.0.into(),
            delivery.attempts.into(),
            dead.into(),
            reason.into(),
            self.installation.clock.now().0.into(),
        ];
        let database = &self.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await?;
        Ok(())
    }

    /// Doubles with each attempt, and differs between deliveries that failed together.
    pub(super) fn pause(&self, delivery: &webhook_delivery::Model) -> Duration {
        let doublings = u32::try_from(delivery.attempts - 1).unwrap_or(0).min(16);
        let pause = self.options.first_retry.saturating_mul(1 << doublings).min(self.options.longest_retry);
        let [.., spread] = *delivery.id.0.as_bytes();
        pause + pause / 4 * u32::from(spread) / 255
    }
}
