//! Bots, and what they had.

use async_graphql::{Context, ID};
use portaria_domain::bot;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::bot::Bot;
use crate::graphql::bot_turn::BotTurn;
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::id::parse;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct BotQuery;

impl Subject for BotQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

#[guarded]
impl BotQuery {
    /// The bots on numbers where the viewer may use, watch or configure any, by name.
    #[requires(BotUse, BotMonitor, BotManage)]
    async fn bots(&self, ctx: &Context<'_>) -> Result<Vec<Bot>> {
        Bot::all(Request::of(ctx)).await
    }

    /// One bot.
    #[requires(BotUse, BotMonitor, BotManage)]
    async fn bot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id (`bot_...`).")] id: ID,
    ) -> Result<Option<Bot>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        Ok(Some(Bot(bot::find(reader, request.viewer()?, (parse(&id)?, request.now)).await?)))
    }

    /// What a bot had lately, the latest first, on the numbers where the viewer may watch bots. At most 100 a page.
    #[requires(BotMonitor)]
    async fn bot_turns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bot (`bot_...`).")] bot_id: ID,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<BotTurn>> {
        let request = Request::of(ctx);
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let size = PageSize::new(first)?;
        let row = bot::find(reader, viewer, (parse(&bot_id)?, request.now)).await?;
        viewer.require(row.held, PermissionSet::of(&[Permission::BotMonitor]), request.now)?;
        BotTurn::page(request, &row, (size, after)).await
    }
}
