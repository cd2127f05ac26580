//! The ledger of which bot had which conversation: begun when it is given one, ended when it has it no longer.

use portaria_entity::bot_turn::{self, TurnEnd};
use portaria_entity::conversation;
use portaria_entity::id::{BotId, BotTurnId, ChannelId, ConversationId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};

use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;

/// Why and by whom a bot was given a conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning<'a> {
    pub bot_id: BotId,
    /// None: it answers first.
    pub by: Option<MemberId>,
    pub reason: Option<&'a str>,
}

pub(crate) async fn begin(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    (workspace, conversation, channel): (WorkspaceId, ConversationId, ChannelId),
    beginning: Beginning<'_>,
) -> Result<BotTurnId> {
    let id: BotTurnId = clock.new_id();
    let turn = bot_turn::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(id),
        bot_id: Set(beginning.bot_id),
        conversation_id: Set(conversation),
        channel_id: Set(channel),
        started_at: Set(clock.now()),
        started_by: Set(beginning.by),
        reason: Set(beginning.reason.map(str::to_owned)),
        ..Default::default()
    };
    bot_turn::Entity::insert(turn).exec_without_returning(connection).await?;
    Ok(id)
}

/// Why a bot has a conversation no longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending<'a> {
    pub cause: TurnEnd,
    /// None: the bot itself, or time.
    pub by: Option<MemberId>,
    pub reason: Option<&'a str>,
    pub summary: Option<&'a str>,
    pub at: Timestamp,
}

impl Ending<'_> {
    pub const fn of(cause: TurnEnd, by: Option<MemberId>, at: Timestamp) -> Self {
        Self { cause, by, reason: None, summary: None, at }
    }
}

/// Ends the turn that is open, if any is.
pub(crate) async fn end(
    connection: &impl ConnectionTrait,
    database: &Database,
    row: &conversation::Model,
    ending: Ending<'_>,
) -> Result<()> {
    let sql = "UPDATE bot_turns SET ended_at = $3, end_cause = $4, ended_by = $5, end_reason = $6, summary = $7 \
               WHERE workspace_id = $1 AND conversation_id = $2 AND ended_at IS NULL";
    let values = [
        row.workspace_id.0.into(),
        row.id.0.into(),
        ending.at.0.into(),
        ending.cause.to_value().into(),
        ending.by.map(|member| member.0).into(),
        ending.reason.map(str::to_owned).into(),
        ending.summary.map(str::to_owned).into(),
    ];
    connection.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}
