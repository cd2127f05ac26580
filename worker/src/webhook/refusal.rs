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
    troubles: Mutex<HashMap<Trouble, Timestamp>>,
    accepted: Mutex<HashMap<String, Timestamp>>,
}

/// What is alerted: of which app, and why. The time beside it is when it was seen last.
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
        Self {
            installation,
            counts: Mutex::default(),
            troubles: Mutex::default(),
            accepted: Mutex::default(),
        }
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
        self.alert(&transaction, counted).await?;
        Ok(transaction.commit().await?)
    }

    /// Raises an alert for each app and cause that is new; once a minute again, so that it is seen to last.
    async fn alert(&self, transaction: &DatabaseTransaction, counted: &HashMap<Counted, i64>) -> Result<()> {
        for Counted { app_key, cause, minute } in counted.keys() {
            let trouble = Trouble { app_key: app_key.clone(), cause: *cause };
            let seen = self.troubles().insert(trouble.clone(), *minute);
            if app_key.is_empty() || seen == Some(*minute) {
                continue;
            }
            let reader = self.installation.database.reader();
            let Some(app) = meta_app::by_key(reader, app_key).await? else { continue };
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
        }
        Ok(())
    }

    /// Ends the alerts of what has not been seen for a while, once deliveries of the app are taken.
    pub(crate) async fn settle(&self) -> Result<()> {
        let now = self.installation.clock.now();
        let over: Vec<Trouble> = {
            let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
            let is_over = |(trouble, seen): (&Trouble, &Timestamp)| {
                let since = *seen + OVER;
                let taken = accepted.get(&trouble.app_key).is_some_and(|at| *at > since);
                (since <= now && (taken || trouble.app_key.is_empty())).then(|| trouble.clone())
            };
            self.troubles().iter().filter_map(is_over).collect()
        };
        for trouble in over {
            let database = &self.installation.database;
            if let Some(app) = meta_app::by_key(database.reader(), &trouble.app_key).await? {
                let (kind, name) = (trouble.kind(), trouble.name());
                let which = (app.workspace_id, kind, name.as_str());
                alert::settle(database.writer(), (database, &self.installation.clock), which).await?;
            }
            self.troubles().remove(&trouble);
        }
        Ok(())
    }

    fn troubles(&self) -> std::sync::MutexGuard<'_, HashMap<Trouble, Timestamp>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Counted, i64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
