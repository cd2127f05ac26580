//! Handing conversations to a bot and back to people, by those who may.

use portaria_entity::bot_turn::TurnEnd;
use portaria_entity::conversation;
use portaria_entity::event::AssignmentCause;
use portaria_entity::id::{BotId, ConversationId, MemberId, TeamId};
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::{bot, channel, team, team_channel};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::standings;
use super::turn::{Beginning, Ending, begin, end};
use crate::conversation::{Act, ConversationRow, assignee, changing, placement};
use crate::error::{Error, Refusal, Result};
use crate::event::{Assigned, By, append_assigned};
use crate::granting::stated;
use crate::installation::Installation;
use crate::routing::{Left, Routing, Waiting};
use crate::viewer::Viewer;

/// Longer words are a story.
const LONGEST: usize = 2_000;

fn in_bounds(text: &str) -> Result<&str> {
    if text.chars().count() > LONGEST { Err(Refusal::TextTooLong.into()) } else { Ok(text) }
}

/// Hands a conversation to a bot. Needs `bot:use` there, and having it or `conversation:assign`. Who may no longer see it is
/// answered `None`.
pub async fn hand_to_bot(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    (bot_id, reason): (BotId, &str),
) -> Result<Option<ConversationRow>> {
    let act = changing(installation, viewer, id).await?;
    act.permit(Act::HandToBot)?;
    let reason = in_bounds(stated(reason, Refusal::ReasonMissing)?)?;
    let (database, row) = (&installation.database, &act.conversation.row);
    let key = (row.workspace_id, row.id);
    let known = bot::Entity::find_by_id((row.workspace_id, bot_id)).one(&act.transaction).await?;
    known.ok_or(Error::NotFound)?;
    let bots = standings(&act.transaction, database, (row.workspace_id, act.now)).await?;
    let bot = bots.get(&bot_id).filter(|bot| bot.may_have(row.channel_id, row.team_id));
    let bot = bot.ok_or(Refusal::BotNotPermitted)?;
    assignee::write_bot(&act.transaction, database, key, bot.id).await?;
    act.go_on_with_targets().await?;
    act.update("status = 'open', snoozed_until = NULL", []).await?;
    let beginning = Beginning { bot_id, by: viewer.member_id(), reason: Some(reason) };
    let place = (row.workspace_id, row.id, row.channel_id);
    let turn = begin(&act.transaction, &installation.clock, place, beginning).await?;
    let cause = AssignmentCause::HandedToBot;
    let assigned = Assigned { to: None, cause, choice: None, by: viewer.into(), at: act.now };
    append_assigned(&act.transaction, &installation.clock, key, (placement(row).into(), assigned)).await?;
    let told = serde_json::json!({ "bot": bot_id, "turn": turn });
    let row = act.finish("conversation.handed_to_bot", Some(told)).await?;
    Ok(ConversationRow::of(viewer, row))
}

/// Hands a conversation back to people: by the bot itself, or by who may assign conversations there. It goes to somebody who
/// is free, or waits. Who may no longer see it is answered `None`.
pub async fn hand_to_people(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    (reason, summary): (&str, Option<&str>),
) -> Result<Option<ConversationRow>> {
    let act = changing(installation, viewer, id).await?;
    act.permit(Act::HandToPeople)?;
    let reason = in_bounds(stated(reason, Refusal::ReasonMissing)?)?;
    let summary = summary.map(str::trim).filter(|text| !text.is_empty()).map(in_bounds).transpose()?;
    let row = &act.conversation.row;
    let itself = row.bot_id.is_some() && row.bot_id == viewer.access.bot_id();
    let cause = if itself { TurnEnd::HandedOver } else { TurnEnd::TakenOver };
    let ending = Ending { cause, by: viewer.member_id(), reason: Some(reason), summary, at: act.now };
    let chosen = give_to_people(&act.transaction, installation, row, (ending, viewer.into())).await?;
    let told = serde_json::json!({ "bot": row.bot_id, "assignee": chosen });
    let row = act.finish("conversation.handed_to_people", Some(told)).await?;
    Ok(ConversationRow::of(viewer, row))
}

/// Takes a conversation from its bot, for whoever is free. Its row is locked. Answers who has it now.
pub(super) async fn give_to_people(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    row: &conversation::Model,
    (ending, by): (Ending<'_>, By),
) -> Result<Option<MemberId>> {
    let database = &installation.database;
    let key = (row.workspace_id, row.id);
    assignee::write(transaction, database, key, (assignee::Holder::Anybody, None)).await?;
    end(transaction, database, row, ending).await?;
    let team_id = match row.team_id {
        Some(team) => Some(team),
        None => fallback_team(transaction, row).await?,
    };
    // From now on the customer waits for somebody, if they did not before.
    let since = row.waiting_since.unwrap_or(ending.at);
    let sql = "UPDATE conversations SET team_id = $3, waiting_since = $4, status = 'open', snoozed_until = NULL \
               WHERE workspace_id = $1 AND id = $2";
    let values = [key.0.0.into(), key.1.0.into(), team_id.map(|team| team.0).into(), since.0.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    let mut now = row.clone();
    (now.bot_id, now.team_id, now.waiting_since) = (None, team_id, Some(since));
    let Some(waiting) = Waiting::of(&now) else {
        assignee::tell(transaction, installation, row, (None, AssignmentCause::FromBot, by)).await?;
        return Ok(None);
    };
    let left = Some(Left { before: placement(row).into(), by });
    let mut routing = Routing::open(installation, transaction, row.workspace_id).await?;
    let chosen = routing.route(&[Waiting { left, ..waiting }], RoutingCause::FromBot).await?;
    Ok(chosen.into_iter().next().flatten())
}

/// The team that the bot's conversations go to, as long as it looks after the number: which may, was decided elsewhere.
async fn fallback_team(
    transaction: &DatabaseTransaction,
    row: &conversation::Model,
) -> Result<Option<TeamId>> {
    let Some(bot_id) = row.bot_id else { return Ok(None) };
    let bot = bot::Entity::find_by_id((row.workspace_id, bot_id)).one(transaction).await?;
    let Some(to) = bot.and_then(|bot| bot.fallback_team_id) else { return Ok(None) };
    let there = team::Entity::find_by_id((row.workspace_id, to)).filter(team::Column::DeletedAt.is_null());
    if there.one(transaction).await?.is_none() {
        return Ok(None);
    }
    let serving = team_channel::Entity::find_by_id((row.workspace_id, to, row.channel_id));
    let number = channel::Entity::find_by_id((row.workspace_id, row.channel_id)).one(transaction).await?;
    let serves = serving.one(transaction).await?.is_some() || number.and_then(|row| row.team_id) == Some(to);
    Ok(serves.then_some(to))
}
