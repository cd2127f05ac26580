//! Escalating: a conversation goes from who has it to somebody who receives escalations there, and it is put down why.

use portaria_entity::escalation::{self, Column};
use portaria_entity::event::AssignmentCause;
use portaria_entity::id::{ConversationId, EscalationId};
use portaria_entity::routing_decision::RoutingCause;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::assignment::{Change, decline};
use super::{Act, ConversationRow, assignee, placement};
use crate::error::{Refusal, Result};
use crate::granting::stated;
use crate::installation::Installation;
use crate::routing::{Left, Routing, Waiting};
use crate::viewer::Viewer;

/// A longer reason is a story.
const LONGEST: usize = 2_000;

/// Escalates a conversation. Who had it loses it, and is not given it again in this episode. Where nobody who receives
/// escalations is free, it waits before all others. Who may no longer see it is answered `None`.
pub async fn escalate(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    reason: &str,
) -> Result<Option<ConversationRow>> {
    let act = Change::begin(installation, viewer, id).await?;
    act.permit(Act::Escalate)?;
    let reason = stated(reason, Refusal::ReasonMissing)?;
    if reason.chars().count() > LONGEST {
        return Err(Refusal::TextTooLong.into());
    }
    let row = &act.conversation.row;
    let escalation: EscalationId = installation.clock.new_id();
    let new = escalation::ActiveModel {
        workspace_id: Set(row.workspace_id),
        id: Set(escalation),
        conversation_id: Set(row.id),
        episode_id: Set(row.episode_id),
        member_id: Set(viewer.member_id()),
        reason: Set(reason.to_owned()),
        escalated_at: Set(act.now),
    };
    escalation::Entity::insert(new).exec_without_returning(&act.transaction).await?;
    decline(&act).await?;
    let nobody = (assignee::Holder::Anybody, None);
    assignee::write(&act.transaction, &installation.database, (row.workspace_id, row.id), nobody).await?;
    act.go_on_with_targets().await?;
    act.update(
        "status = 'open', snoozed_until = NULL, escalated_at = COALESCE(escalated_at, $3)",
        [act.now.0.into()],
    )
    .await?;
    let mut now = row.clone();
    now.last_assignee_id = now.assignee_id.take().or(now.last_assignee_id);
    now.escalated_at = now.escalated_at.or(Some(act.now));
    let mut chosen = None;
    if let Some(waiting) = Waiting::of(&now) {
        let left = Some(Left { before: placement(row).into(), by: viewer.into() });
        let mut routing = Routing::open(installation, &act.transaction, row.workspace_id).await?;
        let waiting = Waiting { left, ..waiting };
        chosen = routing.route(&[waiting], RoutingCause::Escalated).await?.into_iter().next().flatten();
    } else {
        let told = (None, AssignmentCause::Escalated, viewer.into());
        assignee::tell(&act.transaction, installation, row, told).await?;
    }
    // What was said stays with the conversation: the log of what was done is kept for longer.
    let told = serde_json::json!({ "escalation": escalation, "assignee": chosen });
    let row = act.finish("conversation.escalated", Some(told)).await?;
    Ok(ConversationRow::of(viewer, row))
}

/// Why a conversation was escalated, and by whom, the newest first. For who reads it whole.
pub async fn escalations(
    connection: &impl ConnectionTrait,
    conversation: &ConversationRow,
    limit: u64,
) -> Result<Vec<escalation::Model>> {
    let row = &conversation.row;
    let find = escalation::Entity::find()
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::ConversationId.eq(row.id))
        .order_by_desc(Column::Id)
        .limit(limit);
    Ok(find.all(connection).await?)
}
