//! What the viewer may do with a bot.

use async_graphql::Context;
use portaria_domain::bot::{BotRow, may_configure};
use portaria_guard::guarded;

use super::Ability;
use crate::error::Result;
use crate::request::Request;

pub struct BotAbilities(pub BotRow);

impl BotAbilities {
    fn ability(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        let connected = self.0.row.disconnected_at.is_none();
        let may = may_configure(request.viewer()?, &self.0.channels, request.now);
        Ok(if connected { may.into() } else { Ability::No })
    }
}

/// What the viewer may do with a bot now.
#[guarded]
impl BotAbilities {
    /// Tell it to do otherwise: `updateBot`.
    #[authenticated]
    fn update(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx)
    }

    /// Have it be none any more: `disconnectBot`.
    #[authenticated]
    fn disconnect(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx)
    }
}
