//! Connecting bots, and handing conversations to them and back.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::bot::{BotDraft, connect, disconnect, hand_to_bot, hand_to_people, update};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::bot::Bot;
use crate::graphql::conversation::Conversation;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct BotMutation;

impl Subject for BotMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What a bot is told to do.
#[derive(InputObject)]
pub struct BotSettingsInput {
    /// What it is called; at most 60 characters.
    name: String,
    /// What it is for; at most 500 characters.
    description: Option<String>,
    /// On which numbers it answers (`chan_...`); the viewer may configure bots on all of them.
    channel_ids: Vec<ID>,
    /// Whether it has what customers begin there, before anybody else. One bot of a number.
    #[graphql(default)]
    answers_first: bool,
    /// To which team goes what is no team's, when it goes to people (`team_...`), if it looks after the number; to whoever
    /// serves the number if not said.
    fallback_team_id: Option<ID>,
    /// After so many minutes without an answer a conversation is taken from it, 1 to 1440; 5 if not said.
    #[graphql(default = 5)]
    silent_minutes: i32,
    /// After so many messages of the customer a conversation is taken from it, 1 to 500; 30 if not said.
    #[graphql(default = 30)]
    most_messages: i32,
    /// What customers say who want a person: at most 20 words or phrases of at most 40 characters, accents and capitals aside.
    handover_words: Option<Vec<String>>,
}

impl BotSettingsInput {
    fn draft(self) -> Result<BotDraft> {
        Ok(BotDraft {
            name: self.name,
            description: self.description.unwrap_or_default(),
            channels: self.channel_ids.iter().map(parse).collect::<Result<_>>()?,
            answers_first: self.answers_first,
            fallback_team: parse_optional(self.fallback_team_id.as_ref())?,
            silent_minutes: self.silent_minutes,
            most_messages: self.most_messages,
            handover_words: self.handover_words.unwrap_or_default(),
        })
    }
}

/// Which key is a bot, and what it is told to do.
#[derive(InputObject)]
pub struct ConnectBotInput {
    /// The key that it answers with (`key_...`). It needs grants for what it is to do: `conversation:read_assigned`,
    /// `message:read`, and a way to send.
    api_key_id: ID,
    #[graphql(flatten)]
    settings: BotSettingsInput,
}

/// Which bot, and what it is told to do from now on.
#[derive(InputObject)]
pub struct UpdateBotInput {
    /// Its id (`bot_...`).
    bot_id: ID,
    #[graphql(flatten)]
    settings: BotSettingsInput,
}

/// Which bot.
#[derive(InputObject)]
pub struct DisconnectBotInput {
    /// Its id (`bot_...`).
    bot_id: ID,
}

/// Which conversation, to which bot, and why.
#[derive(InputObject)]
pub struct HandToBotInput {
    /// The conversation (`conv_...`).
    conversation_id: ID,
    /// The bot (`bot_...`).
    bot_id: ID,
    /// Why; at most 2,000 characters.
    reason: String,
}

/// Which conversation, and why.
#[derive(InputObject)]
pub struct HandToPeopleInput {
    /// The conversation (`conv_...`).
    conversation_id: ID,
    /// Why; at most 2,000 characters.
    reason: String,
    /// What was said so far, for whoever goes on; at most 2,000 characters.
    summary: Option<String>,
}

payload! {
    /// What came of connecting a bot.
    ConnectBotPayload [authenticated] {
        /// The new bot; null when it was refused.
        bot: Bot
    }
    ConnectBotUserError, ConnectBotErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// Name, description or a word is too long, or there are too many words.
        TextTooLong = TextTooLong,
        /// It answers on no number.
        ChannelMissing = NothingConferred at "channelIds",
        /// The key has expired or was revoked.
        KeyEnded = AlreadyEnded at "apiKeyId",
        /// The key is a bot already.
        AlreadyABot = AlreadyABot at "apiKeyId",
        /// Another bot answers first on one of the numbers.
        AnotherAnswersFirst = AnotherAnswersFirst at "answersFirst",
    }
}

payload! {
    /// What came of telling a bot to do otherwise.
    UpdateBotPayload [authenticated] {
        /// The bot as it is now; null when it was refused.
        bot: Bot
    }
    UpdateBotUserError, UpdateBotErrorCode {
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// Name, description or a word is too long, or there are too many words.
        TextTooLong = TextTooLong,
        /// It answers on no number.
        ChannelMissing = NothingConferred at "channelIds",
        /// It is disconnected.
        AlreadyEnded = AlreadyEnded at "botId",
        /// Another bot answers first on one of the numbers.
        AnotherAnswersFirst = AnotherAnswersFirst at "answersFirst",
    }
}

payload! {
    /// What came of disconnecting a bot.
    DisconnectBotPayload [authenticated] {
        /// The bot as it is now; null when it was refused.
        bot: Bot
    }
    DisconnectBotUserError, DisconnectBotErrorCode {
        /// It is disconnected already.
        AlreadyEnded = AlreadyEnded at "botId",
    }
}

payload! {
    /// What came of handing a conversation to a bot.
    HandToBotPayload [authenticated] {
        /// The conversation as it is now; null when it was refused, and when it has gone out of the viewer's sight.
        conversation: Conversation
    }
    HandToBotUserError, HandToBotErrorCode {
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// The reason is too long.
        TextTooLong = TextTooLong at "reason",
        /// Only its assignee, or who may assign conversations there, hands it over.
        NotAssignee = NotAssignee,
        /// A bot has it already.
        HeldByBot = HeldByBot at "conversationId",
        /// It is escalated: it is for people.
        AlreadyEscalated = AlreadyEscalated at "conversationId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
        /// The bot is not for that number, its key has ended, or its grants are too few there.
        BotNotPermitted = BotNotPermitted at "botId",
    }
}

payload! {
    /// What came of handing a conversation to people.
    HandToPeoplePayload [authenticated] {
        /// The conversation as it is now; null when it was refused, and when it has gone out of the viewer's sight: a bot's has,
        /// once it is handed over.
        conversation: Conversation
    }
    HandToPeopleUserError, HandToPeopleErrorCode {
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "reason",
        /// Reason or summary is too long.
        TextTooLong = TextTooLong,
        /// No bot has it.
        NotHeldByBot = NotHeldByBot at "conversationId",
        /// It is resolved.
        AlreadyResolved = AlreadyResolved at "conversationId",
    }
}

#[guarded]
impl BotMutation {
    /// Connects an API key as a bot: from now on conversations can be handed to it. The key may do what was granted to it, and
    /// nothing more.
    #[requires(BotManage)]
    async fn connect_bot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key, and what it is told to do.")] input: ConnectBotInput,
    ) -> Result<ConnectBotPayload> {
        let request = Request::of(ctx);
        let new = (parse(&input.api_key_id)?, input.settings.draft()?);
        ConnectBotPayload::new(connect(&request.installation, request.viewer()?, new).await.map(Some))
    }

    /// Tells a bot to do otherwise. What it has on numbers that it is no longer for, goes to people.
    #[requires(BotManage)]
    async fn update_bot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and what it is told to do.")] input: UpdateBotInput,
    ) -> Result<UpdateBotPayload> {
        let request = Request::of(ctx);
        let change = (parse(&input.bot_id)?, input.settings.draft()?);
        UpdateBotPayload::new(update(&request.installation, request.viewer()?, change).await.map(Some))
    }

    /// Has a bot be none any more: what it has goes to people. Its key is as it was.
    #[requires(BotManage)]
    async fn disconnect_bot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: DisconnectBotInput,
    ) -> Result<DisconnectBotPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.bot_id)?;
        DisconnectBotPayload::new(disconnect(&request.installation, request.viewer()?, id).await.map(Some))
    }

    /// Hands a conversation to a bot, by its assignee or who may assign conversations there. Nobody else has it then, and it
    /// waits in no queue.
    #[requires(BotUse)]
    async fn hand_to_bot(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, to which bot, and why.")] input: HandToBotInput,
    ) -> Result<HandToBotPayload> {
        let request = Request::of(ctx);
        let (id, to) = (parse(&input.conversation_id)?, parse(&input.bot_id)?);
        let outcome = hand_to_bot(&request.installation, request.viewer()?, id, (to, &input.reason)).await;
        HandToBotPayload::new(outcome)
    }

    /// Hands a conversation back to people: by the bot that has it, or by who may assign conversations there. It goes to
    /// somebody who is free, or waits. To take it oneself, use `claimConversation`.
    #[requires(ConversationAssign, ConversationReadAssigned)]
    async fn hand_to_people(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversation, and why.")] input: HandToPeopleInput,
    ) -> Result<HandToPeoplePayload> {
        let request = Request::of(ctx);
        let id = parse(&input.conversation_id)?;
        let words = (input.reason.as_str(), input.summary.as_deref());
        HandToPeoplePayload::new(hand_to_people(&request.installation, request.viewer()?, id, words).await)
    }
}
