//! Phone numbers.

use std::sync::Arc;

use async_graphql::{Context, ID};
use portaria_domain::business_hours::{self, Place};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::channel::Model;
use portaria_guard::guarded;

use super::ability::ChannelAbilities;
use super::business_account::ChannelStanding;
use super::business_hours::BusinessHours;
use super::channel_sending::ChannelSending;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

pub struct Channel(pub Arc<Model>);

impl Subject for Channel {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.in_channel(self.0.id)
    }
}

/// A phone number of the company's WhatsApp Business account.
#[guarded]
impl Channel {
    /// Starts with `chan_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What the company calls it.
    #[requires(WorkspaceRead)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The number as people write it.
    #[requires(WorkspaceRead)]
    fn display_phone_number(&self) -> &str {
        &self.0.display_phone_number
    }

    /// Meta's id of the number.
    #[requires(ChannelManage, ApiDebug)]
    fn phone_number_id(&self) -> &str {
        &self.0.phone_number_id
    }

    /// Meta's id of the WhatsApp Business account that the number belongs to.
    #[requires(ChannelManage, ApiDebug)]
    fn waba_id(&self) -> &str {
        &self.0.waba_id
    }

    /// When somebody answers it; null: always. Teams may have hours of their own.
    #[requires(WorkspaceRead)]
    async fn business_hours(&self, ctx: &Context<'_>) -> Result<Option<BusinessHours>> {
        let reader = Request::of(ctx).installation.database.reader();
        let place = Place::Channel(self.0.id);
        Ok(business_hours::of(reader, self.0.workspace_id, place).await?.map(BusinessHours))
    }

    /// What Meta last told of it; null while it has told nothing.
    #[requires(WorkspaceRead)]
    async fn standing(&self, ctx: &Context<'_>) -> Result<Option<ChannelStanding>> {
        let request = Request::of(ctx);
        let found = request.loaders()?.details.facts.load(self.0.id).await?;
        let held = self.held(request.viewer()?);
        Ok(found.map(|row| ChannelStanding { row, held }))
    }

    /// How it sends: how fast, how much waits, and whether it is stopped.
    #[requires(UsageRead, ChannelManage)]
    async fn sending(&self, ctx: &Context<'_>) -> Result<Option<ChannelSending>> {
        let found = Request::of(ctx).loaders()?.details.sendings.load(self.0.id).await?;
        Ok(found.map(ChannelSending))
    }

    /// Whether it has an access token, without which it does not send.
    #[requires(WorkspaceRead)]
    fn is_connected(&self) -> bool {
        self.0.sealed_access_token.is_some()
    }

    /// What the viewer may see of it now.
    #[authenticated]
    fn viewer_can(&self, ctx: &Context<'_>) -> Result<ChannelAbilities> {
        Ok(ChannelAbilities(self.held(Request::of(ctx).viewer()?)))
    }

    /// When it was registered here.
    #[requires(WorkspaceRead)]
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}
