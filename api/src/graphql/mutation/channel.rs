//! How phone numbers send: their tokens, their pace, and stopping them.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::channel_sending::{self, SendingChange};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::channel as entity;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::channel::Channel;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ChannelMutation;

impl Subject for ChannelMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A token for a phone number.
#[derive(InputObject)]
pub struct SetChannelAccessTokenInput {
    /// Which number (`chan_...`).
    channel_id: ID,
    /// A token of a system user with `whatsapp_business_messaging` and `whatsapp_business_management`, from Meta's dashboard. It
    /// cannot be read back.
    access_token: String,
}

/// What is to be changed of how a phone number sends. What is left out stays.
#[derive(InputObject)]
pub struct UpdateChannelSendingInput {
    /// Which number (`chan_...`).
    channel_id: ID,
    /// How many messages a second go out at most, from 1 to 1,000: 80 unless Meta has raised it, 20 for numbers that the WhatsApp
    /// Business app uses too.
    messages_per_second: Option<i32>,
    /// `true` sends nothing more; what waits goes on waiting. `false` tries again, whatever had stopped it.
    stopped: Option<bool>,
}

payload! {
    /// What came of giving a phone number a token.
    SetChannelAccessTokenPayload [authenticated] {
        /// The number; null when it was refused.
        channel: Channel
    }
    SetChannelAccessTokenUserError, SetChannelAccessTokenErrorCode {
        /// That is no token.
        InvalidToken = InvalidToken at "accessToken",
    }
}

payload! {
    /// What came of changing how a phone number sends.
    UpdateChannelSendingPayload [authenticated] {
        /// The number; null when it was refused.
        channel: Channel
    }
    UpdateChannelSendingUserError, UpdateChannelSendingErrorCode {
        /// It is from 1 to 1,000.
        InvalidPace = InvalidPace at "messagesPerSecond",
    }
}

impl From<entity::Model> for Channel {
    fn from(row: entity::Model) -> Self {
        Self(row.into())
    }
}

#[guarded]
impl ChannelMutation {
    /// Gives a phone number the token by which it sends, in the place of the one it had. What had been stopped for want of a good
    /// one is tried at once.
    #[requires(ChannelManage)]
    async fn set_channel_access_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: SetChannelAccessTokenInput,
    ) -> Result<SetChannelAccessTokenPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.channel_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::ChannelManage).await?;
            let row = channel_sending::set_access_token(&mut change, id, &input.access_token).await?;
            change.finish().await?;
            request.installation.signals.queued();
            Ok(Some(row))
        };
        SetChannelAccessTokenPayload::new(outcome.await)
    }

    /// Changes how fast a phone number sends, stops it, or lets it try again.
    #[requires(ChannelManage)]
    async fn update_channel_sending(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be changed.")] input: UpdateChannelSendingInput,
    ) -> Result<UpdateChannelSendingPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.channel_id)?;
        let wanted = SendingChange { messages_per_second: input.messages_per_second, stopped: input.stopped };
        let outcome = async {
            let mut change = begin(request, Permission::ChannelManage).await?;
            let row = channel_sending::update(&mut change, id, wanted).await?;
            change.finish().await?;
            request.installation.signals.queued();
            Ok(Some(row))
        };
        UpdateChannelSendingPayload::new(outcome.await)
    }
}
