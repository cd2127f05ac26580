//! Bots.

use async_graphql::{Context, Enum, ID};
use portaria_domain::bot::monitoring::{self, BotDay as Day};
use portaria_domain::bot::{self as domain, BotRow};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::bot_turn::TurnEnd;
use portaria_guard::guarded;

use super::ability::BotAbilities;
use super::bot_turn::BotTurnEnd;
use super::channel::Channel;
use super::team::Team;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Whether conversations can be handed to a bot.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum BotStatus {
    /// They can, where its key's grants allow it.
    Connected,
    /// Its key has expired or was revoked: connect it with another.
    KeyEnded,
    /// It is none any more.
    Disconnected,
}

pub struct Bot(pub BotRow);

impl From<BotRow> for Bot {
    fn from(row: BotRow) -> Self {
        Self(row)
    }
}

impl Subject for Bot {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.0.held
    }
}

/// A program that answers customers: an API key to which conversations are handed, and from which they come back.
#[guarded]
impl Bot {
    /// Starts with `bot_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.row.id.into()
    }

    /// What it is called.
    #[requires(BotUse, BotMonitor, BotManage)]
    fn name(&self) -> &str {
        &self.0.row.name
    }

    /// What it is for.
    #[requires(BotUse, BotMonitor, BotManage)]
    fn description(&self) -> &str {
        &self.0.row.description
    }

    /// Whether conversations can be handed to it.
    #[requires(BotUse, BotMonitor, BotManage)]
    fn status(&self) -> BotStatus {
        match (self.0.row.disconnected_at, self.0.key_ended) {
            (Some(_), _) => BotStatus::Disconnected,
            (None, true) => BotStatus::KeyEnded,
            (None, false) => BotStatus::Connected,
        }
    }

    /// On which numbers it answers.
    #[requires(BotUse, BotMonitor, BotManage)]
    async fn channels(&self, ctx: &Context<'_>) -> Result<Vec<Channel>> {
        let loaders = Request::of(ctx).loaders()?;
        let all = self.0.channels.iter().map(|id| loaders.channel(*id));
        let all = futures_util::future::try_join_all(all).await?;
        Ok(all.into_iter().flatten().map(Channel).collect())
    }

    /// The key that it answers with (`key_...`): what it may do, is what that was granted.
    #[requires(BotManage, ApiKeyRead)]
    fn api_key_id(&self) -> ID {
        self.0.row.api_key_id.into()
    }

    /// Whether it has what customers begin on its numbers, before anybody else.
    #[requires(BotUse, BotMonitor, BotManage)]
    fn answers_first(&self) -> bool {
        self.0.row.answers_first
    }

    /// To which team goes what is no team's, when it goes to people; null: to whoever serves the number.
    #[requires(BotManage)]
    async fn fallback_team(&self, ctx: &Context<'_>) -> Result<Option<Team>> {
        match self.0.row.fallback_team_id {
            Some(id) => Ok(Request::of(ctx).loaders()?.team(id).await?.map(Team)),
            None => Ok(None),
        }
    }

    /// After so many minutes without an answer a conversation is taken from it.
    #[requires(BotManage)]
    fn silent_minutes(&self) -> i32 {
        self.0.row.silent_minutes
    }

    /// After so many messages of the customer a conversation is taken from it.
    #[requires(BotManage)]
    fn most_messages(&self) -> i32 {
        self.0.row.most_messages
    }

    /// What customers say who want a person: then they get one.
    #[requires(BotManage)]
    fn handover_words(&self) -> Vec<String> {
        self.0.words()
    }

    /// How many conversations it has now, on the numbers where the viewer may watch bots.
    #[requires(BotMonitor)]
    async fn held(&self, ctx: &Context<'_>) -> Result<i32> {
        let request = Request::of(ctx);
        let database = &request.installation.database;
        let held = monitoring::held(database.reader(), database, request.viewer()?, &self.0).await?;
        Ok(i32::try_from(held).unwrap_or(i32::MAX))
    }

    /// When its key was last used, to the minute; null when never.
    #[requires(BotMonitor)]
    fn last_active_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// What it did in a period, by day and number, of those where the viewer may watch bots. Figures only.
    #[requires(BotMonitor)]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From when on.")] from: DateTime,
        #[graphql(desc = "Until when, at most 92 days later.")] until: DateTime,
    ) -> Result<Vec<BotDay>> {
        let request = Request::of(ctx);
        let database = &request.installation.database;
        let asked = (&self.0, from.0, until.0);
        let days = monitoring::days(database.reader(), database, request.viewer()?, asked).await?;
        Ok(days.into_iter().map(|day| BotDay { day, held: self.0.held }).collect())
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> BotAbilities {
        BotAbilities(self.0.clone())
    }
}

impl Bot {
    pub async fn all(request: &Request) -> Result<Vec<Self>> {
        let reader = request.installation.database.reader();
        let rows = domain::all(reader, request.viewer()?, request.now).await?;
        Ok(rows.into_iter().map(Self).collect())
    }
}

pub struct BotDay {
    day: Day,
    held: PermissionSet,
}

impl Subject for BotDay {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What a bot did on one number on one day, of what was given to it that day. Null, where fewer than five customers are behind it.
#[guarded]
impl BotDay {
    /// Which day, by the workspace's clock: `2026-11-30`.
    #[requires(BotMonitor)]
    fn day(&self) -> &str {
        &self.day.day
    }

    /// Which number.
    #[requires(BotMonitor)]
    async fn channel(&self, ctx: &Context<'_>) -> Result<Option<Channel>> {
        Ok(Request::of(ctx).loaders()?.channel(self.day.channel_id).await?.map(Channel))
    }

    /// Whether there were too few customers to tell anything.
    #[requires(BotMonitor)]
    fn withheld(&self) -> bool {
        self.day.figures.is_none()
    }

    /// How often it was given a conversation.
    #[requires(BotMonitor)]
    fn conversations(&self) -> Option<i64> {
        self.day.figures.as_ref().map(|figures| figures.turns)
    }

    /// Of how many customers.
    #[requires(BotMonitor)]
    fn customers(&self) -> Option<i64> {
        self.day.figures.as_ref().map(|figures| figures.customers)
    }

    /// How many messages the customers wrote to it.
    #[requires(BotMonitor)]
    fn messages_in(&self) -> Option<i64> {
        self.day.figures.as_ref().map(|figures| figures.messages_in)
    }

    /// How many messages it wrote.
    #[requires(BotMonitor)]
    fn messages_out(&self) -> Option<i64> {
        self.day.figures.as_ref().map(|figures| figures.messages_out)
    }

    /// After how many seconds it first answered, in the middle of those that it answered; null when it answered none.
    #[requires(BotMonitor)]
    fn median_seconds_to_answer(&self) -> Option<i64> {
        self.day.figures.as_ref().and_then(|figures| figures.median_seconds_to_answer)
    }

    /// Why it had them no longer, and how often.
    #[requires(BotMonitor)]
    fn ends(&self) -> Option<Vec<BotTurnEndCount>> {
        let count =
            |(end, count): &(TurnEnd, i64)| BotTurnEndCount { end: *end, count: *count, held: self.held };
        self.day.figures.as_ref().map(|figures| figures.ends.iter().map(count).collect())
    }
}

pub struct BotTurnEndCount {
    end: TurnEnd,
    count: i64,
    held: PermissionSet,
}

impl Subject for BotTurnEndCount {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// How often a bot had a conversation no longer for some reason.
#[guarded]
impl BotTurnEndCount {
    /// For which.
    #[requires(BotMonitor)]
    fn cause(&self) -> BotTurnEnd {
        self.end.into()
    }

    /// How often.
    #[requires(BotMonitor)]
    fn count(&self) -> i64 {
        self.count
    }
}
