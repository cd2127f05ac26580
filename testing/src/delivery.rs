//! Deliveries as the webhook leaves them.

use portaria_entity::id::{ChannelId, WebhookDeliveryId};
use portaria_entity::webhook_delivery::{self, WebhookDeliveryStatus};
use sea_orm::{EntityTrait, IntoActiveModel};

use crate::stage::Stage;

impl Stage {
    /// A delivery that says this, wholly about a number or about several.
    pub async fn delivery(
        &self,
        body: &str,
        status: WebhookDeliveryStatus,
        channel: Option<ChannelId>,
    ) -> WebhookDeliveryId {
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let row = webhook_delivery::Model {
            workspace_id: self.workspace_id,
            id,
            meta_app_id: self.meta_app_id,
            received_at: now,
            body: body.as_bytes().to_vec(),
            status,
            attempts: 1,
            next_attempt_at: now,
            leased_until: None,
            processed_at: Some(now).filter(|_| status != WebhookDeliveryStatus::Pending),
            error: (status == WebhookDeliveryStatus::Dead).then(|| "database error 23514".to_owned()),
            stored_count: 1,
            duplicate_count: 0,
            foreign_count: 0,
            progress: 1,
            item_count: Some(1),
            channel_id: channel,
        };
        webhook_delivery::Entity::insert(row.into_active_model())
            .exec_without_returning(self.installation.database.writer())
            .await
            .expect("a delivery");
        id
    }
}
