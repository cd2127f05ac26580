//! Why a conversation is with whom it is, or waits: the decisions on record, and what would be decided now.

use portaria_entity::conversation::ConversationStatus;
use portaria_entity::id::RoutingDecisionId;
use portaria_entity::routing_decision::{self, Column};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::candidate::{Candidate, choose};
use super::circumstances::Circumstances;
use super::{Routing, Waiting, candidates};
use crate::conversation::ConversationRow;
use crate::database::Database;
use crate::error::Result;
use crate::installation::Installation;
use crate::permission::Permission;
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
    let whole = conversation.held.contains(Permission::ConversationAssign);
    if !whole {
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

/// Everybody's verdict on a conversation that waits, as it would be now; nothing for one that does not.
pub async fn judge_now(
    installation: &Installation,
    conversation: &ConversationRow,
) -> Result<Option<Vec<Candidate>>> {
    let row = &conversation.row;
    let waits = row.status == ConversationStatus::Open && row.assignee_id.is_none();
    let Some(waiting) = Waiting::of(row).filter(|_| waits) else { return Ok(None) };
    let (database, reader) = (&installation.database, installation.database.reader());
    let now = installation.clock.now();
    let mut circumstances = Circumstances::read(reader, database, row.workspace_id, now).await?;
    let agents = Routing::agents(reader, database, row.workspace_id, &mut circumstances).await?;
    Ok(Some(choose(&agents, &waiting, &circumstances.demand(&waiting)).0))
}

const AHEAD: &str = "
SELECT COUNT(*) FROM conversations WHERE workspace_id = $1 AND channel_id = $2
  AND (team_id = $3 OR team_id IS NULL AND $4) AND status = 'open' AND assignee_id IS NULL AND episode_id IS NOT NULL
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
    let waits = row.status == ConversationStatus::Open && row.assignee_id.is_none();
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
