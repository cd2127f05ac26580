//! The queue is drained: who waits longest goes first, as soon as somebody is free.

use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::event::EventKind;
use portaria_entity::id::{ChannelId, ConversationId, EpisodeId, TeamId, WorkspaceId};
use portaria_entity::routing_decision::RoutingCause;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::{Routing, Waiting};
use crate::conversation::placement;
use crate::error::Result;
use crate::event::{Happening, append};
use crate::installation::Installation;

/// Conversations of one place that are looked at in one pass; the next pass takes the next.
const PER_PLACE: u64 = 50;

/// Where conversations wait for the same people.
type Place = (ChannelId, Option<TeamId>);

/// Gives waiting conversations of every workspace to who may have them and is free. Returns how many it gave.
pub async fn drain(installation: &Installation) -> Result<usize> {
    let workspaces: Vec<WorkspaceId> = conversation::Entity::find()
        .select_only()
        .column(Column::WorkspaceId)
        .distinct()
        .filter(waiting())
        .into_tuple()
        .all(installation.database.reader())
        .await?;
    let mut given = 0;
    for workspace in workspaces {
        given += drain_workspace(installation, workspace).await?;
    }
    if given > 0 {
        installation.events.wake();
    }
    Ok(given)
}

fn waiting() -> Condition {
    Condition::all()
        .add(Column::Status.eq(ConversationStatus::Open))
        .add(Column::AssigneeId.is_null())
        .add(Column::EpisodeId.is_not_null())
}

async fn drain_workspace(installation: &Installation, workspace: WorkspaceId) -> Result<usize> {
    let transaction = installation.database.begin().await?;
    let mut routing = Routing::open(installation, &transaction, workspace).await?;
    let mut queue = Vec::new();
    for place in places(&transaction, workspace).await? {
        if routing.has_eligible(&anybody_at(place)) {
            queue.extend(oldest(installation, &transaction, workspace, place).await?);
        }
    }
    queue.sort_by_key(|row| (row.waiting_since.unwrap_or(row.last_activity_at), row.id));
    let mut given = 0;
    for row in &queue {
        let Some(waiting) = Waiting::of(row) else { continue };
        // Waiting on is no news: it is recorded once, when the episode began.
        if !routing.has_eligible(&waiting) {
            continue;
        }
        if routing.route(&waiting, RoutingCause::Drain).await?.is_some() {
            given += 1;
            let happening = Happening {
                workspace_id: workspace,
                kind: EventKind::ConversationChanged,
                conversation_id: Some(row.id),
                message_id: None,
                before: Some(placement(row).into()),
            };
            append(&transaction, &installation.clock, happening).await?;
        }
    }
    drop(routing);
    transaction.commit().await?;
    Ok(given)
}

async fn places(transaction: &DatabaseTransaction, workspace: WorkspaceId) -> Result<Vec<Place>> {
    let places = conversation::Entity::find()
        .select_only()
        .column(Column::ChannelId)
        .column(Column::TeamId)
        .distinct()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(waiting())
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(places)
}

/// Stands for any conversation that waits at a place: the rules look at nothing else.
fn anybody_at((channel_id, team_id): Place) -> Waiting {
    Waiting {
        conversation_id: ConversationId(uuid::Uuid::nil()),
        episode_id: EpisodeId(uuid::Uuid::nil()),
        channel_id,
        team_id,
        last_assignee: None,
    }
}

/// Who waits longest at a place. A conversation that somebody else is changing right now is left for the next pass.
async fn oldest(
    installation: &Installation,
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    (channel, team): Place,
) -> Result<Vec<conversation::Model>> {
    let since = Expr::col(Column::WaitingSince).if_null(Expr::col(Column::LastActivityAt));
    let mut find = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ChannelId.eq(channel))
        .filter(team.map_or_else(|| Column::TeamId.is_null(), |team| Column::TeamId.eq(team)))
        .filter(waiting())
        .order_by_asc(since)
        .order_by_asc(Column::Id)
        .limit(PER_PLACE);
    if !installation.database.is_sqlite() {
        find = find.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    Ok(find.all(transaction).await?)
}
