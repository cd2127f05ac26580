//! Deliveries of Meta, and where a message of theirs went.

use async_graphql::{Context, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::webhook_delivery::{self, DeliveryFilter};
use portaria_guard::guarded;

use crate::error::{Problem, Result};
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::webhook_delivery::{
    DeliveryTrace, WebhookDelivery, WebhookDeliveryBody, WebhookDeliveryStatus, delivery_cursor,
};
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct WebhookDeliveryQuery;

impl Subject for WebhookDeliveryQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl WebhookDeliveryQuery {
    /// What Meta delivered, newest first: all of it, or for who may see deliveries of single numbers only, what is about one of
    /// these alone. At most 100 a page.
    #[requires(WebhookEventRead)]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those in this state; all if not said.")] status: Option<WebhookDeliveryStatus>,
        #[graphql(desc = "Only those about this number alone (`chan_...`); all if not said.")]
        channel_id: Option<ID>,
    ) -> Result<Connection<WebhookDelivery>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(delivery_cursor).transpose()?;
        let filter = DeliveryFilter {
            status: status.map(Into::into),
            channel_id: parse_optional(channel_id.as_ref())?,
        };
        let reader = request.installation.database.reader();
        let rows = webhook_delivery::page(reader, request.viewer()?, filter, after, size.limit()).await?;
        Ok(Connection::new(size, rows.into_iter().map(WebhookDelivery).collect(), WebhookDelivery::cursor))
    }

    /// One delivery. NOT_FOUND when there is none, it was removed by age, or the viewer may not see it.
    #[requires(WebhookEventRead)]
    async fn webhook_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the delivery (`whd_...`).")] id: ID,
    ) -> Result<WebhookDelivery> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let row = webhook_delivery::find(reader, request.viewer()?, parse(&id)?).await?;
        row.map(WebhookDelivery).ok_or(Problem::NotFound)
    }

    /// What a delivery says: whole for who may read messages and phone numbers there, without them for others. NOT_FOUND as for
    /// the delivery.
    #[requires(WebhookEventRead)]
    async fn webhook_delivery_body(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the delivery (`whd_...`).")] id: ID,
    ) -> Result<WebhookDeliveryBody> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let reader = request.installation.database.reader();
        let row = webhook_delivery::find(reader, viewer, parse(&id)?).await?.ok_or(Problem::NotFound)?;
        let (text, redacted) = webhook_delivery::body(&request.installation, viewer, &row).await?;
        Ok(WebhookDeliveryBody { text, redacted })
    }

    /// What became of a message, from the bytes that told of it to people's screens. It also takes `CONTACT_READ_PHONE` in the
    /// conversation, since WhatsApp's id of a message holds a phone number: who lacks it, or may not see the conversation, gets
    /// NOT_FOUND, as for a message that nobody told of.
    #[requires(WebhookEventRead)]
    async fn delivery_trace(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "WhatsApp's id of the message (`wamid...`). Give it as a variable, lest it end up in logs."
        )]
        whatsapp_message_id: String,
    ) -> Result<DeliveryTrace> {
        let request = Request::of(ctx);
        let database = &request.installation.database;
        let trace = webhook_delivery::trace(database, request.viewer()?, &whatsapp_message_id).await?;
        trace.map(DeliveryTrace).ok_or(Problem::NotFound)
    }
}
