//! What came for a number or an account that is not this workspace's: it has no effect. Its delivery keeps it, and it is noted
//! whose it is, so that it can be taken up should that be registered later.

use std::time::Duration;

use portaria_domain::alert::{Details, Raised, raise};
use portaria_domain::{Error, Result};
use portaria_entity::alert::{self, AlertKind, AlertSeverity};
use portaria_entity::channel;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use super::Application;
use crate::whatsapp::payload::Change;

/// So often is somebody told of the same number.
const TOLD_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// The entry of a test that Meta's dashboard sends.
const TEST_ENTRY: &str = "0";
/// Here the entry is a portfolio, which no number belongs to.
const OF_PORTFOLIOS: &str = "partner_solutions";

/// By what it would be found to be ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Whose {
    /// Meta's id of a number, when it is the number that is not known.
    number: String,
    account: String,
}

impl Application<'_> {
    /// Whether a change may have an effect here: an account of another workspace's has none, nor one that nobody knows.
    pub(super) async fn is_ours(
        &mut self,
        change: &Change,
        channel: Option<&channel::Model>,
    ) -> Result<bool> {
        let Some(account) = &change.waba_id else { return Ok(true) };
        if let Some(channel) = channel {
            // A number may pass to another account; to one of somebody else's it does not.
            return Ok(channel.waba_id == *account || self.owner_of(account).await? != Owner::Other);
        }
        if account == TEST_ENTRY || change.field == OF_PORTFOLIOS {
            return Ok(true);
        }
        Ok(self.owner_of(account).await? == Owner::Us)
    }

    async fn owner_of(&mut self, account: &str) -> Result<Owner> {
        if let Some(owner) = self.accounts.get(account) {
            return Ok(*owner);
        }
        let of = channel::Entity::find().filter(channel::Column::WabaId.eq(account));
        let ours = of.clone().filter(channel::Column::WorkspaceId.eq(self.origin.workspace_id));
        let owner = if ours.limit(1).count(self.transaction).await? > 0 {
            Owner::Us
        } else if of.limit(1).count(self.transaction).await? > 0 {
            Owner::Other
        } else {
            Owner::Unknown
        };
        self.accounts.insert(account.to_owned(), owner);
        Ok(owner)
    }

    pub(super) fn whose(&self, change: &Change) -> Whose {
        let unknown = |number: &&String| !matches!(self.channels.get(*number), Some(Some(_)));
        Whose {
            number: change.phone_number_id.as_ref().filter(unknown).cloned().unwrap_or_default(),
            account: change.waba_id.clone().unwrap_or_default(),
        }
    }

    /// Writes down what was not ours, and tells of it once a day.
    pub(super) async fn write_foreign(&mut self) -> Result<()> {
        let database = &self.installation.database;
        let sql = "INSERT INTO foreign_items (workspace_id, delivery_id, number, account, count, received_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, delivery_id, number, account) \
                   DO UPDATE SET count = foreign_items.count + excluded.count";
        for (whose, count) in std::mem::take(&mut self.foreign) {
            let values = [
                self.origin.workspace_id.0.into(),
                self.origin.delivery_id.0.into(),
                whose.number.clone().into(),
                whose.account.clone().into(),
                count.into(),
                self.origin.received_at.0.into(),
            ];
            self.transaction.execute_raw(database.statement(sql, values)).await?;
            self.tell_of_foreign(&whose).await?;
        }
        Ok(())
    }

    async fn tell_of_foreign(&self, whose: &Whose) -> Result<()> {
        let what = if whose.number.is_empty() { &whose.account } else { &whose.number };
        let installation = self.installation;
        let told = alert::Entity::find()
            .filter(alert::Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(alert::Column::Kind.eq(AlertKind::ForeignNumber))
            .filter(alert::Column::Cause.eq(what))
            .filter(alert::Column::LastSeenAt.gt(installation.clock.now() - TOLD_AGAIN))
            .limit(1)
            .count(self.transaction)
            .await
            .map_err(Error::from)?;
        if told > 0 {
            return Ok(());
        }
        let raised = Raised {
            workspace_id: self.origin.workspace_id,
            kind: AlertKind::ForeignNumber,
            cause: what.clone(),
            severity: AlertSeverity::Warning,
            channel_id: None,
            details: Details::from([("what".to_owned(), what.clone())]),
        };
        raise(self.transaction, (&installation.database, &installation.clock), raised).await
    }
}

/// Whose numbers belong to an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Us,
    Other,
    Unknown,
}
