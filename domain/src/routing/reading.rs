//! Why a conversation is with whom it is, or waits: the decisions on record, and what would be decided now.

use std::collections::HashMap;

use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::id::{ConversationId, RoutingDecisionId, WorkspaceId};
use portaria_entity::routing_decision::{self, Column};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::candidate::{Candidate, choose};
use super::circumstances::Circumstances;
use super::{Routing, Waiting, candidates};
use crate::conversation::ConversationRow;
use crate::database::Database;
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// A decision, with as much of it as the viewer may know.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    pub row: routing_decision::Model,
    pub candidates: Vec<Candidate>,
}

/// The decisions on a conversation, the newest first: all of them for who may assign it, else one's own, without others.
pub async fn decisions(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    conversation: &ConversationRow,
    after: Option<RoutingDecisionId>,
    limit: u64,
) -> Result<Vec<DecisionRow>> {
    let row = &conversation.row;
    let mut find = routing_decision::Entity::find()
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::ConversationId.eq(row.id));
    let assign = PermissionSet::of(&[Permission::ConversationAssign]);
    let whole = conversation.held.contains_all(assign);
    if whole {
        viewer.note_use(assign);
    } else {
        let Some(member) = viewer.member_id() else { return Ok(Vec::new()) };
        find = find.filter(Column::AssigneeId.eq(member));
    }
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    let rows = find.order_by_desc(Column::Id).limit(limit).all(connection).await?;
    rows.into_iter()
        .map(|row| {
            let mut candidates = candidates(&row)?;
            candidates.retain(|one| whole || viewer.is_member(one.member_id));
            Ok(DecisionRow { row, candidates })
        })
        .collect()
}

/// Everybody's verdict, as it would be now, on those of these conversations that wait.
pub async fn judge_now(
    connection: &impl ConnectionTrait,
    (database, now): (&Database, Timestamp),
    workspace: WorkspaceId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Vec<Candidate>>> {
    let find = conversation::Entity::find()
        .filter(conversation::Column::WorkspaceId.eq(workspace))
        .filter(conversation::Column::Id.is_in(conversations.iter().copied()))
        .filter(conversation::Column::Status.eq(ConversationStatus::Open))
        .filter(conversation::Column::AssigneeId.is_null())
        .filter(conversation::Column::BotId.is_null());
    let waiting: Vec<_> = find.all(connection).await?.iter().filter_map(Waiting::of).collect();
    if waiting.is_empty() {
        return Ok(HashMap::new());
    }
    let mut circumstances = Circumstances::read(connection, database, workspace, now).await?;
    circumstances.learn(connection, database, workspace, &waiting).await?;
    let agents = Routing::agents(connection, database, workspace, &mut circumstances).await?;
    let judged = |one: &Waiting| (one.conversation_id, choose(&agents, one, &circumstances.demand(one)).0);
    Ok(waiting.iter().map(judged).collect())
}

const AHEAD: &str = "
SELECT COUNT(*) FROM conversations WHERE workspace_id = $1 AND channel_id = $2
  AND (team_id = $3 OR team_id IS NULL AND $4) AND status = 'open' AND assignee_id IS NULL AND bot_id IS NULL AND episode_id IS NOT NULL
  AND (escalated_at IS NOT NULL AND NOT $5
       OR (escalated_at IS NOT NULL) = $5
          AND (COALESCE(waiting_since, last_activity_at) < $6
               OR COALESCE(waiting_since, last_activity_at) = $6 AND id < $7))";

/// The place of a waiting conversation in the queue of its number and team, from 1; nothing for one that does not wait.
pub async fn queue_position(
    connection: &impl ConnectionTrait,
    database: &Database,
    conversation: &ConversationRow,
) -> Result<Option<i64>> {
    let row = &conversation.row;
    let waits = row.status == ConversationStatus::Open && row.assignee_id.is_none() && row.bot_id.is_none();
    let Some(waiting) = Waiting::of(row).filter(|_| waits) else { return Ok(None) };
    let values = [
        row.workspace_id.0.into(),
        row.channel_id.0.into(),
        row.team_id.map(|team| team.0).into(),
        row.team_id.is_none().into(),
        waiting.escalated.into(),
        waiting.since.0.into(),
        row.id.0.into(),
    ];
    let found = connection.query_one_raw(database.statement(AHEAD, values)).await?;
    Ok(found.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.map(|ahead| ahead + 1))
}
