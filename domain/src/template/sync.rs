//! Reading all templates of an account from Meta, each night and when somebody asks: what webhooks have missed is made up.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::time;
use jiff::tz::TimeZone;
use portaria_entity::alert::AlertKind;
use portaria_entity::id::{ChannelId, WorkspaceId};
use portaria_entity::template::{self, Column, Model, TemplateStatus};
use portaria_entity::template_sync;
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, workspace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;

use super::authority::{channels_of, held_for_all, may_see};
use super::definition::Definition;
use super::standing::{Trouble, trouble};
use super::{know, standing};
use crate::activity::{Deed, record};
use crate::alert;
use crate::error::{Error, Result};
use crate::fact::{self, About, Fact};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// A process that died in the middle keeps a reading so long.
const LEASE: Duration = Duration::from_secs(10 * 60);
/// A reading that failed is tried again after so long.
const RETRY: Duration = Duration::from_secs(60 * 60);
/// Who asks again and again gets a reading a minute.
const AT_MOST: Duration = Duration::from_secs(60);
const LONGEST_WORDS: usize = 500;

/// An account that is to be read.
#[derive(Clone, Debug)]
pub struct Reading {
    pub workspace_id: WorkspaceId,
    pub waba_id: String,
    pub began_at: Timestamp,
    /// Numbers of the account, one of whose tokens is to be used.
    pub channels: Vec<channel::Model>,
}

/// Has an account read at a time, or earlier if that was to be.
pub async fn ask(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    (workspace, waba): (WorkspaceId, &str),
    at: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO template_syncs (workspace_id, waba_id, due_at, leased_until) VALUES ($1, $2, $3, 0) \
               ON CONFLICT (workspace_id, waba_id) DO UPDATE SET due_at = $3 WHERE template_syncs.due_at > $3";
    let values = [workspace.0.into(), waba.into(), at.0.into()];
    connection.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Somebody wants the templates of a number's account read now: once a minute at most.
pub async fn ask_now(
    installation: &Installation,
    viewer: &Viewer,
    channel: ChannelId,
) -> Result<template_sync::Model> {
    let now = installation.clock.now();
    let all = crate::channel::all(installation.database.reader(), viewer.workspace_id).await?;
    let found = all.into_iter().find(|row| row.id == channel).ok_or(Error::NotFound)?;
    let transaction = installation.database.begin().await?;
    let channels = channels_of(&transaction, viewer.workspace_id, &found.waba_id).await?;
    if !may_see(&viewer.access, &channels, true) {
        return Err(Error::NotFound);
    }
    let held = held_for_all(&viewer.access, &channels);
    viewer.require(held, PermissionSet::of(&[Permission::TemplateWrite]), now)?;
    let key = (viewer.workspace_id, found.waba_id.clone());
    let known = template_sync::Entity::find_by_id(key.clone()).one(&transaction).await?;
    let last = known.and_then(|known| known.began_at);
    let at = last.map_or(now, |last| now.max(last + AT_MOST));
    ask(&transaction, installation, (key.0, &key.1), at).await?;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "template.sync_asked",
        subject: found.id.to_string(),
        before: None,
        after: None,
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    let row = template_sync::Entity::find_by_id(key).one(&transaction).await?;
    transaction.commit().await?;
    row.ok_or_else(|| Error::internal("a reading that was just asked for is not there"))
}

/// When the templates of a number's account were read last, and are to be next; none when nobody has read them yet.
pub async fn of_channel(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    channel: ChannelId,
) -> Result<Option<template_sync::Model>> {
    let all = crate::channel::all(connection, viewer.workspace_id).await?;
    let found = all.into_iter().find(|row| row.id == channel).ok_or(Error::NotFound)?;
    let channels = channels_of(connection, viewer.workspace_id, &found.waba_id).await?;
    if !may_see(&viewer.access, &channels, true) {
        return Err(Error::NotFound);
    }
    Ok(template_sync::Entity::find_by_id((viewer.workspace_id, found.waba_id)).one(connection).await?)
}

/// Accounts that were never read are due at once.
pub async fn take_up(installation: &Installation) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    let new = "SELECT DISTINCT c.workspace_id, c.waba_id FROM channels c \
               WHERE c.sealed_access_token IS NOT NULL AND NOT EXISTS (SELECT 1 FROM template_syncs s \
                   WHERE s.workspace_id = c.workspace_id AND s.waba_id = c.waba_id)";
    for row in database.reader().query_all_raw(database.statement(new, [])).await? {
        let waba: String = row.try_get_by_index(1)?;
        ask(database.writer(), installation, (row.try_get_by_index(0)?, &waba), now).await?;
    }
    Ok(())
}

/// Takes the next account that is due.
pub async fn claim(installation: &Installation) -> Result<Option<Reading>> {
    let (database, now) = (&installation.database, installation.clock.now());
    let due = template_sync::Entity::find()
        .filter(template_sync::Column::DueAt.lte(now))
        .filter(template_sync::Column::LeasedUntil.lte(now))
        .order_by_asc(template_sync::Column::DueAt);
    let Some(row) = due.one(database.reader()).await? else { return Ok(None) };
    let sql = "UPDATE template_syncs SET leased_until = $3, began_at = $4 \
               WHERE workspace_id = $1 AND waba_id = $2 AND leased_until <= $4 AND due_at <= $4";
    let values =
        [row.workspace_id.0.into(), row.waba_id.clone().into(), (now + LEASE).0.into(), now.0.into()];
    if database.writer().execute_raw(database.statement(sql, values)).await?.rows_affected() == 0 {
        return Ok(None);
    }
    let channels = channel::Entity::find()
        .filter(channel::Column::WorkspaceId.eq(row.workspace_id))
        .filter(channel::Column::WabaId.eq(row.waba_id.as_str()))
        .order_by_asc(channel::Column::Id)
        .all(database.reader())
        .await?;
    Ok(Some(Reading { workspace_id: row.workspace_id, waba_id: row.waba_id, began_at: now, channels }))
}

impl Reading {
    /// It could not be read, or not to the end: nothing is concluded from that.
    pub async fn failed(&self, installation: &Installation, why: &str) -> Result<()> {
        let at = installation.clock.now() + RETRY;
        let words: String = why.chars().filter(|c| *c != '\0').take(LONGEST_WORDS).collect();
        self.finish(installation.database.writer(), installation, at, (None, Some(words))).await
    }

    /// All that Meta has. What is not in it any more was deleted.
    pub async fn apply(&self, installation: &Installation, told: &[Value]) -> Result<()> {
        let transaction = installation.database.begin().await?;
        let mut seen = BTreeSet::new();
        for one in told {
            if let Some(meta_id) = text(one, "id") {
                self.apply_one(&transaction, installation, (meta_id, one)).await?;
                seen.insert(meta_id.to_owned());
            }
        }
        let known = template::Entity::find()
            .filter(Column::WorkspaceId.eq(self.workspace_id))
            .filter(Column::WabaId.eq(self.waba_id.as_str()))
            .filter(Column::MetaId.is_not_null())
            .filter(Column::CreatedAt.lt(self.began_at))
            .all(&transaction)
            .await?;
        for row in known {
            let is_there = row.meta_id.as_ref().is_some_and(|id| seen.contains(id));
            if !is_there && row.status != Some(TemplateStatus::Deleted) {
                self.put(&transaction, installation, (&row, ("status", Some("deleted")))).await?;
            }
        }
        let workspace = workspace::Entity::find_by_id(self.workspace_id).one(&transaction).await?;
        let zone = workspace.map(|row| row.time_zone).unwrap_or_default();
        let at = next_night(&zone, installation.clock.now())?;
        let count = i32::try_from(told.len()).unwrap_or(i32::MAX);
        self.finish(&transaction, installation, at, (Some(count), None)).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn apply_one(
        &self,
        transaction: &sea_orm::DatabaseTransaction,
        installation: &Installation,
        (meta_id, told): (&str, &Value),
    ) -> Result<()> {
        let named = text(told, "name").zip(text(told, "language"));
        let key = (self.workspace_id, self.waba_id.as_str(), meta_id);
        let row = know(transaction, &installation.clock, key, named).await?;
        let status = text(told, "status").map(str::to_ascii_lowercase);
        let status = status.as_deref().filter(|status| status.parse::<TemplateStatus>().is_ok());
        let definition = Definition::from_meta(told).map(|definition| definition.to_json()).transpose()?;
        let components = told.get("components").map(Value::to_string);
        let quality = told.pointer("/quality_score/score").and_then(Value::as_str);
        let reason = text(told, "rejected_reason").filter(|reason| *reason != "NONE");
        let facts: HashMap<&'static str, (Option<&str>, Option<&str>)> = HashMap::from([
            ("name", (row.name.as_deref(), text(told, "name"))),
            ("language", (row.language.as_deref(), text(told, "language"))),
            ("category", (row.category.as_deref(), text(told, "category"))),
            ("quality", (row.quality.as_deref(), quality)),
            ("definition", (row.definition.as_deref(), definition.as_deref())),
            ("components", (row.components.as_deref(), components.as_deref())),
        ]);
        for (column, (known, now)) in facts {
            if now.is_some() && known != now {
                self.put(transaction, installation, (&row, (column, now))).await?;
            }
        }
        let before = row.status.map(<&str>::from);
        if let Some(status) = status.filter(|status| before != Some(status))
            && self.put(transaction, installation, (&row, ("status", Some(status)))).await?
        {
            let place = (self.workspace_id, About::Template(row.id));
            fact::accompany(transaction, &installation.database, place, ("reason", reason), self.began_at)
                .await?;
            // What was so before the account was first read is no news.
            if before.is_some() {
                self.tell(transaction, installation, (&row, status, reason)).await?;
            }
        }
        Ok(())
    }

    async fn put(
        &self,
        transaction: &sea_orm::DatabaseTransaction,
        installation: &Installation,
        (row, fact): (&Model, Fact<'_>),
    ) -> Result<bool> {
        let place = (self.workspace_id, About::Template(row.id));
        fact::put(transaction, &installation.database, place, fact, self.began_at).await
    }

    /// The same alert as a webhook would have raised.
    async fn tell(
        &self,
        transaction: &sea_orm::DatabaseTransaction,
        installation: &Installation,
        (row, status, reason): (&Model, &str, Option<&str>),
    ) -> Result<()> {
        let Ok(known) = status.parse::<TemplateStatus>() else { return Ok(()) };
        let cause = standing::status_cause(row.id);
        match trouble(known) {
            Trouble::Bad(severity) => {
                let told = format!("{} {}", status.to_ascii_uppercase(), reason.unwrap_or_default());
                let details = [
                    ("template", row.name.as_deref().unwrap_or("-")),
                    ("language", row.language.as_deref().unwrap_or("-")),
                    ("event", told.trim_end()),
                ];
                let raised = alert::Raised {
                    workspace_id: self.workspace_id,
                    kind: AlertKind::TemplateChanged,
                    cause,
                    severity,
                    channel_id: None,
                    details: details.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
                };
                alert::raise(transaction, (&installation.database, &installation.clock), raised).await
            }
            Trouble::Over => {
                let of = (self.workspace_id, AlertKind::TemplateChanged, cause.as_str());
                alert::settle(transaction, (&installation.database, &installation.clock), of).await.map(drop)
            }
            Trouble::Undecided => Ok(()),
        }
    }

    async fn finish(
        &self,
        connection: &impl ConnectionTrait,
        installation: &Installation,
        due_at: Timestamp,
        (count, error): (Option<i32>, Option<String>),
    ) -> Result<()> {
        // Who asked while it was being read is answered by another reading.
        let sql = "UPDATE template_syncs SET leased_until = 0, finished_at = $3, templates = COALESCE($4, templates), \
                   error = $5, due_at = CASE WHEN due_at > $6 THEN due_at ELSE $7 END \
                   WHERE workspace_id = $1 AND waba_id = $2 AND began_at = $6";
        let values = [
            self.workspace_id.0.into(),
            self.waba_id.clone().into(),
            installation.clock.now().0.into(),
            count.into(),
            error.into(),
            self.began_at.0.into(),
            due_at.0.into(),
        ];
        connection.execute_raw(installation.database.statement(sql, values)).await?;
        Ok(())
    }
}

fn text<'a>(told: &'a Value, member: &str) -> Option<&'a str> {
    told.get(member).and_then(Value::as_str)
}

/// The next half past three at night, where the workspace is.
fn next_night(zone: &str, now: Timestamp) -> Result<Timestamp> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_microsecond(now.0).map_err(Error::internal)?;
    let today = zone.to_datetime(instant).date();
    for days in 0..=2 {
        let date = today.checked_add(days.days()).map_err(Error::internal)?;
        let night = date.to_datetime(time(3, 30, 0, 0)).to_zoned(zone.clone()).map_err(Error::internal)?;
        let night = Timestamp(night.timestamp().as_microsecond());
        if night > now {
            return Ok(night);
        }
    }
    Ok(now + Duration::from_secs(24 * 60 * 60))
}
