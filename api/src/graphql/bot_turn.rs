//! That bots had conversations.

use async_graphql::{Context, Enum, ID};
use portaria_domain::bot::{BotRow, monitoring};
use portaria_domain::conversation::{self, ConversationRow};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_entity::bot_turn::{Model, TurnEnd};
use portaria_entity::id::BotTurnId;
use portaria_guard::guarded;
use uuid::Uuid;

use super::channel::Channel;
use super::connection::{Connection, PageSize, decode_cursor, encode_cursor};
use super::conversation::Conversation;
use super::guidance::author;
use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Why a bot has a conversation no longer.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "TurnEnd")]
pub enum BotTurnEnd {
    /// The bot itself handed it to people.
    HandedOver,
    /// Somebody took it from the bot.
    TakenOver,
    /// The customer asked for a person.
    Asked,
    /// The bot did not answer in time.
    Silent,
    /// The customer wrote more than the bot is to answer.
    TooLong,
    /// Its key has ended, it may not have the conversation any longer, or it was disconnected.
    AccessLost,
    /// The conversation was resolved.
    Resolved,
    /// Its customer was merged with another.
    Merged,
}

/// What counts of a conversation that the viewer may not know of: it is null to who reads others there.
const WATCHING: PermissionSet = PermissionSet::of(&[
    Permission::BotMonitor,
    Permission::ConversationReadAll,
    Permission::ConversationReadTeam,
    Permission::ConversationReadAssigned,
    Permission::ConversationReadUnassigned,
]);

pub struct BotTurn {
    pub row: Model,
    /// The conversation, if the viewer may know of it.
    pub conversation: Option<ConversationRow>,
    /// Towards the conversation, and on its number of bots.
    pub held: PermissionSet,
}

impl BotTurn {
    /// A page of what a bot had lately, each with its conversation as far as the viewer may know of it.
    pub async fn page(
        request: &Request,
        bot: &BotRow,
        (size, after): (PageSize, Option<String>),
    ) -> Result<Connection<Self>> {
        let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
        let after = after.map(|after| decode_cursor(&after)).transpose()?;
        let after = after.map(|bytes| BotTurnId(Uuid::from_bytes(bytes)));
        let mut turns = Vec::new();
        for row in monitoring::turns(reader, viewer, bot, (after, size.limit())).await? {
            let conversation = match conversation::find(reader, viewer, row.conversation_id).await {
                Ok(row) => Some(row),
                Err(portaria_domain::Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            };
            turns.push(Self::of(viewer, row, conversation));
        }
        Ok(Connection::new(size, turns, |turn: &Self| encode_cursor(&[turn.row.id.0.as_bytes()])))
    }

    pub fn of(viewer: &Viewer, row: Model, conversation: Option<ConversationRow>) -> Self {
        let there = viewer.access.in_channel(row.channel_id).intersection(WATCHING);
        let held = conversation.as_ref().map_or(there, |row| row.held.union(there));
        Self { row, conversation, held }
    }
}

impl Subject for BotTurn {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// That a bot had a conversation. Who it was with and what was said is for those who may read it there.
#[guarded]
impl BotTurn {
    /// Starts with `turn_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The conversation; null when it is not the viewer's to know.
    #[requires(
        ConversationReadAll,
        ConversationReadTeam,
        ConversationReadAssigned,
        ConversationReadUnassigned
    )]
    fn conversation(&self) -> Option<Conversation> {
        self.conversation.clone().map(Conversation)
    }

    /// On which number.
    #[requires(BotMonitor, MessageRead)]
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
        Ok(Request::of(ctx).loaders()?.channel(self.row.channel_id).await?.map(Channel))
    }

    /// The bot (`bot_...`).
    #[requires(BotMonitor, MessageRead)]
    fn bot_id(&self) -> ID {
        self.row.bot_id.into()
    }

    /// Since when it had it.
    #[requires(BotMonitor, MessageRead)]
    fn started_at(&self) -> DateTime {
        self.row.started_at.into()
    }

    /// Who handed it over; null when it answered first, or a program did.
    #[requires(BotMonitor, MessageRead)]
    async fn started_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, self.row.started_by).await
    }

    /// Why, in their words; null when it answered first.
    #[requires(MessageRead)]
    fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// Until when it had it; null while it has it.
    #[requires(BotMonitor, MessageRead)]
    fn ended_at(&self) -> Option<DateTime> {
        self.row.ended_at.map(Into::into)
    }

    /// Why it has it no longer; null while it has it.
    #[requires(BotMonitor, MessageRead)]
    fn end_cause(&self) -> Option<BotTurnEnd> {
        self.row.end_cause.map(Into::into)
    }

    /// Who took it; null when the bot handed it over, or it ended by itself.
    #[requires(BotMonitor, MessageRead)]
    async fn ended_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        author(ctx, self.row.ended_by).await
    }

    /// Why, in the words of the bot or of who took it; null when there are none.
    #[requires(MessageRead)]
    fn end_reason(&self) -> Option<&str> {
        self.row.end_reason.as_deref()
    }

    /// What the bot says of the conversation, for whoever goes on; null when it said nothing.
    #[requires(MessageRead)]
    fn summary(&self) -> Option<&str> {
        self.row.summary.as_deref()
    }
}
