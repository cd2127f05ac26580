//! Counts what was turned away, by app, minute and cause, and raises an alert when it starts. The bytes themselves are not
//! kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portaria_domain::alert::{self, Details, Raised};
use portaria_domain::{Installation, Result, meta_app};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::time::Timestamp;
use portaria_entity::webhook_refusal::RefusalCause;
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction};

const MINUTE: i64 = 60_000_000;
/// After so long without refusals, while deliveries are taken, it is over.
const OVER: Duration = Duration::from_secs(15 * 60);

/// Counters that are added to the table every few seconds.
pub(crate) struct Refusals {
    installation: Installation,
    counts: Mutex<HashMap<Counted, i64>>,
    alerted: Mutex<HashMap<Trouble, Timestamp>>,
    accepted: Mutex<HashMap<String, Timestamp>>,
}

/// What is alerted: of which app, and why. The time beside it is the minute of which it was last said.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Trouble {
    app_key: String,
    cause: RefusalCause,
}

impl Trouble {
    fn kind(&self) -> AlertKind {
        match self.cause {
            RefusalCause::TooLarge => AlertKind::WebhookTooLarge,
            RefusalCause::UnknownApp
            | RefusalCause::MissingSignature
            | RefusalCause::MalformedSignature
            | RefusalCause::WrongSignature
            | RefusalCause::AnotherSecret
            | RefusalCause::ReescapedBody
            | RefusalCause::ClientCertificate
            | RefusalCause::WrongVerifyToken => AlertKind::WebhookRefused,
        }
    }

    fn name(&self) -> String {
        let cause: &'static str = self.cause.into();
        format!("{}:{cause}", self.app_key)
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Counted {
    minute: Timestamp,
    app_key: String,
    cause: RefusalCause,
}

impl Refusals {
    pub(super) fn new(installation: Installation) -> Self {
        Self { installation, counts: Mutex::default(), alerted: Mutex::default(), accepted: Mutex::default() }
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
            | RefusalCause::AnotherSecret
            | RefusalCause::ReescapedBody
            | RefusalCause::ClientCertificate
            | RefusalCause::WrongVerifyToken
            | RefusalCause::TooLarge => key.to_owned(),
        };
        let now = self.installation.clock.now().0;
        let minute = Timestamp(now - now.rem_euclid(MINUTE));
        *self.counts().entry(Counted { minute, app_key, cause }).or_default() += 1;
    }

    /// Takes note that a delivery of an app was verified.
    pub(super) fn accepted(&self, key: &str) {
        let now = self.installation.clock.now();
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        match accepted.get_mut(key) {
            Some(at) => *at = now,
            None => drop(accepted.insert(key.to_owned(), now)),
        }
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
        let raised = self.alert(&transaction, counted).await?;
        transaction.commit().await?;
        self.alerted().extend(raised);
        Ok(())
    }

    /// Raises an alert for each app and cause that is new; once a minute again, so that it is seen to last.
    async fn alert(
        &self,
        transaction: &DatabaseTransaction,
        counted: &HashMap<Counted, i64>,
    ) -> Result<Vec<(Trouble, Timestamp)>> {
        let mut said = Vec::new();
        for Counted { app_key, cause, minute } in counted.keys() {
            let trouble = Trouble { app_key: app_key.clone(), cause: *cause };
            if app_key.is_empty() || self.alerted().get(&trouble) == Some(minute) {
                continue;
            }
            let Some(app) = meta_app::by_key(transaction, app_key).await? else { continue };
            let code: &'static str = (*cause).into();
            let raised = Raised {
                workspace_id: app.workspace_id,
                kind: trouble.kind(),
                cause: trouble.name(),
                severity: AlertSeverity::Warning,
                channel_id: None,
                details: Details::from([
                    ("app".to_owned(), app.name),
                    ("reason".to_owned(), code.to_owned()),
                ]),
            };
            alert::raise(transaction, (&self.installation.database, &self.installation.clock), raised)
                .await?;
            said.push((trouble, *minute));
        }
        Ok(said)
    }

    /// Ends the alerts of what has not been seen for a while, whichever process raised them, once deliveries of the app are
    /// taken.
    pub(crate) async fn settle(&self) -> Result<()> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if accepted.is_empty() {
            return Ok(());
        }
        let Installation { database, clock, .. } = &self.installation;
        let kinds = [AlertKind::WebhookRefused, AlertKind::WebhookTooLarge];
        for row in alert::quiet_since(database.reader(), kinds, clock.now() - OVER).await? {
            let app = row.cause.rsplit_once(':').map_or("", |(app, _)| app);
            if accepted.get(app).is_some_and(|at| *at > row.last_seen_at + OVER) {
                let which = (row.workspace_id, row.kind, row.cause.as_str());
                alert::settle(database.writer(), (database, clock), which).await?;
            }
        }
        Ok(())
    }

    fn alerted(&self) -> std::sync::MutexGuard<'_, HashMap<Trouble, Timestamp>> {
        self.alerted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Counted, i64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
