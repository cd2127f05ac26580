//! What is neither message nor status, or cannot be placed: kept whole, once.

use portaria_domain::Result;
use portaria_entity::id::WebhookChangeId;
use portaria_entity::{channel, webhook_change};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;

use super::{Application, Fate};
use crate::whatsapp::payload::{Change, OtherChange};

impl Application<'_> {
    pub(super) async fn keep(
        &self,
        change: &Change,
        channel: Option<&channel::Model>,
        other: &OtherChange,
    ) -> Result<Fate> {
        let row = webhook_change::ActiveModel {
            workspace_id: Set(self.origin.workspace_id),
            id: Set(self.installation.clock.new_id::<WebhookChangeId>()),
            delivery_id: Set(self.origin.delivery_id),
            channel_id: Set(channel.map(|channel| channel.id)),
            entry_id: Set(change.entry_id.clone().unwrap_or_default()),
            field: Set(change.field.clone()),
            dedup_key: Set(other.dedup_key.to_vec()),
            payload: Set(other.raw.clone()),
            received_at: Set(self.origin.received_at),
        };
        let once = [webhook_change::Column::WorkspaceId, webhook_change::Column::DedupKey];
        let rows = webhook_change::Entity::insert(row)
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        Ok(Fate::of_insert(rows))
    }

    /// A message or status that belongs to no number or nobody.
    pub(super) async fn keep_raw(
        &self,
        change: &Change,
        channel: Option<&channel::Model>,
        raw: &str,
    ) -> Result<Fate> {
        self.keep(change, channel, &OtherChange::unplaced(change, raw)).await
    }
}
