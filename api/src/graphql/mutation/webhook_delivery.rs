//! Having deliveries worked through again.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::webhook_delivery;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::webhook_delivery::WebhookDelivery;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct WebhookDeliveryMutation;

impl Subject for WebhookDeliveryMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which delivery.
#[derive(InputObject)]
pub struct ReplayWebhookDeliveryInput {
    /// Which one (`whd_...`).
    delivery_id: ID,
}

payload! {
    /// What came of replaying a delivery.
    ReplayWebhookDeliveryPayload [authenticated] {
        /// The delivery, pending again; null when it was refused.
        delivery: WebhookDelivery
    }
    ReplayWebhookDeliveryUserError, ReplayWebhookDeliveryErrorCode {
        /// It waits to be worked through already, for the first time or because somebody replayed it.
        AlreadyPending = AlreadyPending at "deliveryId",
    }
}

#[guarded]
impl WebhookDeliveryMutation {
    /// Has a delivery that is done or dead worked through again from its beginning. What it brought before is recognised, and
    /// nothing is doubled.
    #[requires(WebhookEventReplay)]
    async fn replay_webhook_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which delivery.")] input: ReplayWebhookDeliveryInput,
    ) -> Result<ReplayWebhookDeliveryPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.delivery_id)?;
        let replayed = webhook_delivery::replay(&request.installation, request.viewer()?, id).await;
        ReplayWebhookDeliveryPayload::new(replayed.map(|row| Some(WebhookDelivery(row))))
    }
}
