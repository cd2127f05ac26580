//! A template that somebody works on: one transaction, in turn with others on the same template, with what it takes to decide
//! who may.

use portaria_entity::id::{ChannelId, TemplateId};
use portaria_entity::template;
use sea_orm::{DatabaseTransaction, EntityTrait, QuerySelect};
use serde_json::Value;

use super::authority::{channels_of, held_for_all, may_see};
use crate::activity::{Deed, record};
use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;
use portaria_entity::time::Timestamp;

pub(super) struct Desk<'a> {
    pub installation: &'a Installation,
    pub viewer: &'a Viewer,
    pub transaction: DatabaseTransaction,
    pub row: template::Model,
    /// The numbers of its account.
    pub channels: Vec<ChannelId>,
    pub now: Timestamp,
}

impl<'a> Desk<'a> {
    /// Takes a template in hand that the viewer may see, for what takes this permission.
    pub async fn open(
        installation: &'a Installation,
        viewer: &'a Viewer,
        id: TemplateId,
        permission: Permission,
    ) -> Result<Self> {
        let transaction = installation.database.begin().await?;
        let locked = template::Entity::find_by_id((viewer.workspace_id, id)).lock_exclusive();
        let row = locked.one(&transaction).await?.ok_or(Error::NotFound)?;
        let channels = channels_of(&transaction, viewer.workspace_id, &row.waba_id).await?;
        if viewer.is_barred() || !may_see(&viewer.access, &channels, row.meta_id.is_some()) {
            return Err(Error::NotFound);
        }
        let desk = Self { installation, viewer, transaction, row, channels, now: installation.clock.now() };
        desk.require(permission)?;
        Ok(desk)
    }

    fn require(&self, permission: Permission) -> Result<()> {
        let held = held_for_all(&self.viewer.access, &self.channels);
        self.viewer.require(held, PermissionSet::of(&[permission]), self.now)
    }

    pub async fn record(&self, action: &str, (before, after): (Option<Value>, Option<Value>)) -> Result<()> {
        let deed = Deed {
            workspace_id: self.viewer.workspace_id,
            actor: self.viewer.into(),
            action,
            subject: self.row.id.to_string(),
            before,
            after,
            address: self.viewer.stated_address(),
        };
        record(&self.transaction, &self.installation.clock, deed).await
    }

    /// Commits; answers the template as it is then.
    pub async fn finish(self) -> Result<template::Model> {
        self.transaction.commit().await?;
        Ok(self.row)
    }
}
