//! Counts what was turned away, by app, minute and cause. The bytes themselves are not kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use portaria_domain::{Installation, Result};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_refusal::RefusalCause;
use sea_orm::{ActiveEnum, ConnectionTrait};

const MINUTE: i64 = 60_000_000;

/// Counters that are added to the table every few seconds.
pub(crate) struct Refusals {
    installation: Installation,
    counts: Mutex<HashMap<Counted, i64>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counted {
    minute: Timestamp,
    app_key: String,
    cause: RefusalCause,
}

impl Refusals {
    pub(super) fn new(installation: Installation) -> Self {
        Self { installation, counts: Mutex::default() }
    }

    /// Counts one. Made-up keys are counted together, for whoever makes them up would otherwise fill the table.
    pub(super) fn count(&self, cause: RefusalCause, key: &str) {
        let name: &'static str = cause.into();
        metrics::counter!("portaria_webhook_refused_total", "cause" => name).increment(1);
        let app_key = match cause {
            RefusalCause::UnknownApp => String::new(),
            RefusalCause::MissingSignature
            | RefusalCause::MalformedSignature
            | RefusalCause::WrongSignature
            | RefusalCause::TooLarge => key.to_owned(),
        };
        let now = self.installation.clock.now().0;
        let minute = Timestamp(now - now.rem_euclid(MINUTE));
        *self.counts().entry(Counted { minute, app_key, cause }).or_default() += 1;
    }

    /// Adds what was counted to the table. What could not be added is kept for the next time.
    pub(crate) async fn flush(&self) -> Result<()> {
        let counted = std::mem::take(&mut *self.counts());
        if counted.is_empty() {
            return Ok(());
        }
        let written = self.write(&counted).await;
        if written.is_err() {
            let mut counts = self.counts();
            for (what, count) in counted {
                *counts.entry(what).or_default() += count;
            }
        }
        written
    }

    async fn write(&self, counted: &HashMap<Counted, i64>) -> Result<()> {
        let database = &self.installation.database;
        let transaction = database.begin().await?;
        for (what, count) in counted {
            let values = [
                what.minute.0.into(),
                what.app_key.clone().into(),
                what.cause.to_value().into(),
                (*count).into(),
            ];
            let sql = "INSERT INTO webhook_refusals (minute, app_key, cause, count) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (minute, app_key, cause) DO UPDATE SET count = webhook_refusals.count + excluded.count";
            transaction.execute_raw(database.statement(sql, values)).await?;
        }
        Ok(transaction.commit().await?)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Counted, i64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
