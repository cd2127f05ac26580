//! Handing a conversation to another team: who has it keeps it only if they are in that team, and what the old team meant to
//! achieve, and who of it had given it back, no longer counts.

use portaria_entity::event::AssignmentCause;
use portaria_entity::id::{ConversationId, MemberId, TeamId, TransferId};
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::transfer::{self, Column};
use portaria_entity::{channel, conversation, team, team_channel};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::assignment::Change;
use super::{Act, ConversationRow, assignee, placement};
use crate::error::{Error, Refusal, Result};
use crate::grant::access_of_members;
use crate::installation::Installation;
use crate::permission::Permission;
use crate::routing::{Left, Routing, Waiting, lacking};
use crate::target;
use crate::viewer::Viewer;

/// A longer note is a story.
const LONGEST: usize = 2_000;

/// Hands a conversation to a team, or makes it no team's. Needs `conversation:assign` there, or, for one's own,
/// `conversation:transfer`. Who may no longer see it is answered `None`.
pub async fn transfer(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    (to, note): (Option<TeamId>, Option<&str>),
) -> Result<Option<ConversationRow>> {
    let act = Change::begin(installation, viewer, id).await?;
    act.permit(Act::Transfer)?;
    let row = &act.conversation.row;
    if let Some(team) = to {
        require_serves(&act, team).await?;
    }
    if to == row.team_id {
        return Err(Refusal::SameTeam.into());
    }
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > LONGEST) {
        return Err(Refusal::TextTooLong.into());
    }
    let told = write(&act, to, note).await?;
    act.go_on_with_targets().await?;
    let kept = may_keep(&act, to).await?;
    if kept.is_none() {
        let nobody = (assignee::Holder::Anybody, None);
        assignee::write(&act.transaction, &installation.database, (row.workspace_id, row.id), nobody).await?;
    }
    let sql = "team_id = $3, status = 'open', snoozed_until = NULL";
    act.update(sql, [to.map(|team| team.0).into()]).await?;
    let mut now = conversation::Model { team_id: to, ..row.clone() };
    target::begin_anew(&act.transaction, &installation.database, &now).await?;
    let mut has_it = kept;
    if kept.is_none() {
        now.last_assignee_id = now.assignee_id.take().or(now.last_assignee_id);
        now.bot_id = None;
        if let Some(waiting) = Waiting::of(&now) {
            let left = Left { before: placement(row).into(), by: viewer.into() };
            let left = (row.assignee_id.is_some() || row.bot_id.is_some()).then_some(left);
            let mut routing = Routing::open(installation, &act.transaction, row.workspace_id).await?;
            let chosen = routing.route(&[Waiting { left, ..waiting }], RoutingCause::Transferred).await?;
            has_it = chosen.into_iter().next().flatten();
        } else {
            let told = (None, AssignmentCause::HandedOver, viewer.into());
            assignee::tell(&act.transaction, installation, row, told).await?;
        }
    }
    // What was said stays with the conversation: the log of what was done is kept for longer.
    let after = serde_json::json!({
        "transfer": told,
        "fromTeam": row.team_id,
        "team": to,
        "assignee": has_it,
    });
    let row = act.finish("conversation.transferred", Some(after)).await?;
    Ok(ConversationRow::of(viewer, row))
}

/// Which teams may have a number's conversations was decided when they were set to look after it: handing one over opens it
/// to nobody else.
async fn require_serves(act: &Change<'_>, to: TeamId) -> Result<()> {
    let (workspace, channel) = (act.viewer.workspace_id, act.conversation.row.channel_id);
    let find = team::Entity::find_by_id((workspace, to)).filter(team::Column::DeletedAt.is_null());
    find.one(&act.transaction).await?.ok_or(Error::NotFound)?;
    let serving = team_channel::Entity::find_by_id((workspace, to, channel));
    if serving.one(&act.transaction).await?.is_some() {
        return Ok(());
    }
    let number = channel::Entity::find_by_id((workspace, channel)).one(&act.transaction).await?;
    match number.is_some_and(|number| number.team_id == Some(to)) {
        true => Ok(()),
        false => Err(Refusal::NotServed.into()),
    }
}

/// Puts down that it is handed over, and forgets who of the old team gave it back.
async fn write(act: &Change<'_>, to: Option<TeamId>, note: Option<&str>) -> Result<TransferId> {
    let row = &act.conversation.row;
    let id: TransferId = act.installation.clock.new_id();
    let new = transfer::ActiveModel {
        workspace_id: Set(row.workspace_id),
        id: Set(id),
        conversation_id: Set(row.id),
        episode_id: Set(row.episode_id),
        member_id: Set(act.viewer.member_id()),
        from_team_id: Set(row.team_id),
        to_team_id: Set(to),
        note: Set(note.map(str::to_owned)),
        transferred_at: Set(act.now),
    };
    transfer::Entity::insert(new).exec_without_returning(&act.transaction).await?;
    if let Some(episode) = row.episode_id {
        let sql = "DELETE FROM episode_declines WHERE workspace_id = $1 AND episode_id = $2";
        let values = [row.workspace_id.0.into(), episode.0.into()];
        act.transaction.execute_raw(act.installation.database.statement(sql, values)).await?;
    }
    Ok(id)
}

/// Who has it, if they are in the new team and may have it there.
async fn may_keep(act: &Change<'_>, to: Option<TeamId>) -> Result<Option<MemberId>> {
    let row = &act.conversation.row;
    let Some(member) = row.assignee_id else { return Ok(None) };
    let database = &act.installation.database;
    let everybody = access_of_members(&act.transaction, database, row.workspace_id, act.now).await?;
    let Some(access) = everybody.get(&member) else { return Ok(None) };
    let held = access.in_conversation(row.channel_id, to);
    let inside = to.is_none_or(|team| access.member_of().contains(&team));
    let receives = row.escalated_at.is_none() || held.contains(Permission::ConversationReceiveEscalation);
    Ok((inside && receives && lacking(held).is_empty()).then_some(member))
}

/// How a conversation went from team to team, the newest first. For who reads it whole.
pub async fn transfers(
    connection: &impl ConnectionTrait,
    conversation: &ConversationRow,
    limit: u64,
) -> Result<Vec<transfer::Model>> {
    let row = &conversation.row;
    let find = transfer::Entity::find()
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::ConversationId.eq(row.id))
        .order_by_desc(Column::Id)
        .limit(limit);
    Ok(find.all(connection).await?)
}
