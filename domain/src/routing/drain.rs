//! The queue is drained: escalations first, then who waits longest, as soon as somebody is free.

use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::episode;
use portaria_entity::event::EventKind;
use portaria_entity::id::{ChannelId, ConversationId, EpisodeId, TeamId, WorkspaceId};
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::time::Timestamp;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::candidate::reason;
use super::{Routing, Waiting};
use crate::conversation::placement;
use crate::database::literal;
use crate::error::Result;
use crate::event::{Happening, append};
use crate::installation::Installation;

/// Conversations of one place that are looked at together.
const PER_PLACE: u64 = 50;
/// So many times at most, where those that could not be given ask for more than their place does.
const PAGES: usize = 20;

/// Where conversations wait for the same people.
#[derive(Clone, Copy)]
struct Place {
    channel_id: ChannelId,
    team_id: Option<TeamId>,
    escalated: bool,
}

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
        // What is wrong in one keeps nobody waiting in another.
        match drain_workspace(installation, workspace).await {
            Ok(more) => given += more,
            Err(error) => tracing::warn!(%error, %workspace, "the queue of a workspace could not be drained"),
        }
    }
    Ok(given)
}

fn waiting() -> Condition {
    Condition::all()
        .add(Expr::col(Column::Status).eq(literal(ConversationStatus::Open)))
        .add(Column::AssigneeId.is_null())
        .add(Column::BotId.is_null())
        .add(Column::EpisodeId.is_not_null())
}

/// The same of one workspace.
pub async fn drain_workspace(installation: &Installation, workspace: WorkspaceId) -> Result<usize> {
    let anything = conversation::Entity::find().filter(Column::WorkspaceId.eq(workspace)).filter(waiting());
    if anything.one(installation.database.reader()).await?.is_none() {
        return Ok(0);
    }
    let transaction = installation.database.begin().await?;
    let mut routing = Routing::open(installation, &transaction, workspace).await?;
    let mut open: Vec<_> =
        places(&transaction, workspace).await?.into_iter().map(|place| (place, None)).collect();
    let mut given = 0;
    for _ in 0..PAGES {
        let mut queue = Vec::new();
        let mut further = Vec::new();
        for (place, after) in open {
            let rows = oldest(installation, &transaction, workspace, place, after).await?;
            let last = rows.last().map(|row| (since(row), row.id));
            if rows.len() == usize::try_from(PER_PLACE).unwrap_or(usize::MAX) {
                further.push((place, last));
            }
            queue.extend(rows);
        }
        queue.sort_by_key(|row| (row.escalated_at.is_none(), since(row), row.id));
        routing.learn(&queue.iter().filter_map(Waiting::of).collect::<Vec<_>>()).await?;
        given += routing.drain_page(&queue).await?;
        // Who comes behind asks for the same, unless what is before them asks for more.
        further.retain(|(place, _)| routing.has_eligible(&anybody_at(*place)));
        open = further;
        if open.is_empty() {
            break;
        }
    }
    drop(routing);
    transaction.commit().await?;
    if given > 0 {
        installation.events.wake();
    }
    Ok(given)
}

fn since(row: &conversation::Model) -> Timestamp {
    row.waiting_since.unwrap_or(row.last_activity_at)
}

impl Routing<'_> {
    /// Gives what can be given. Waiting on is recorded only where its reason has changed.
    async fn drain_page(&mut self, rows: &[conversation::Model]) -> Result<usize> {
        let reasons = reasons(self.transaction, self.workspace_id, rows).await?;
        let mut given = 0;
        for row in rows {
            let Some(waiting) = Waiting::of(row) else { continue };
            let (candidates, chosen) = self.consider(&waiting);
            let told = reasons.iter().find(|(id, _)| *id == waiting.episode_id);
            if chosen.is_none() && told.is_some_and(|(_, told)| *told == reason(&candidates)) {
                continue;
            }
            self.settle(&waiting, RoutingCause::Drain, &candidates, chosen).await?;
            if chosen.is_some() {
                given += 1;
                let happening = Happening {
                    workspace_id: self.workspace_id,
                    kind: EventKind::ConversationChanged,
                    conversation_id: Some(row.id),
                    message_id: None,
                    before: Some(placement(row).into()),
                };
                append(self.transaction, &self.installation.clock, happening).await?;
            }
        }
        Ok(given)
    }
}

/// Why nobody was found for these last.
async fn reasons(
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    rows: &[conversation::Model],
) -> Result<Vec<(EpisodeId, String)>> {
    let found: Vec<(EpisodeId, Option<String>)> = episode::Entity::find()
        .select_only()
        .column(episode::Column::Id)
        .column(episode::Column::WaitingReason)
        .filter(episode::Column::WorkspaceId.eq(workspace))
        .filter(episode::Column::Id.is_in(rows.iter().filter_map(|row| row.episode_id)))
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(found.into_iter().filter_map(|(id, reason)| Some((id, reason?))).collect())
}

/// Where conversations wait.
async fn places(transaction: &DatabaseTransaction, workspace: WorkspaceId) -> Result<Vec<Place>> {
    let escalated = || Expr::col(Column::EscalatedAt).is_not_null();
    let found: Vec<(ChannelId, Option<TeamId>, bool)> = conversation::Entity::find()
        .select_only()
        .column(Column::ChannelId)
        .column(Column::TeamId)
        .expr_as(escalated(), "escalated")
        .distinct()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(waiting())
        .into_tuple()
        .all(transaction)
        .await?;
    let place = |(channel_id, team_id, escalated)| Place { channel_id, team_id, escalated };
    Ok(found.into_iter().map(place).collect())
}

/// Stands for any conversation that waits at a place and asks for nothing more.
fn anybody_at(Place { channel_id, team_id, escalated }: Place) -> Waiting {
    Waiting {
        conversation_id: ConversationId(uuid::Uuid::nil()),
        episode_id: EpisodeId(uuid::Uuid::nil()),
        channel_id,
        team_id,
        last_assignee: None,
        left: None,
        escalated,
        since: Timestamp(0),
    }
}

/// Who waits longest at a place. A conversation that somebody else is changing right now is left for the next pass.
async fn oldest(
    installation: &Installation,
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    Place { channel_id, team_id, escalated }: Place,
    after: Option<(Timestamp, ConversationId)>,
) -> Result<Vec<conversation::Model>> {
    let since = || Expr::col(Column::WaitingSince).if_null(Expr::col(Column::LastActivityAt));
    let mut find = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ChannelId.eq(channel_id))
        .filter(team_id.map_or_else(|| Column::TeamId.is_null(), |team| Column::TeamId.eq(team)))
        .filter(if escalated { Column::EscalatedAt.is_not_null() } else { Column::EscalatedAt.is_null() })
        .filter(waiting())
        .order_by_asc(since())
        .order_by_asc(Column::Id)
        .limit(PER_PLACE);
    if let Some((at, id)) = after {
        find = find.filter(
            Condition::any()
                .add(since().gt(at))
                .add(Condition::all().add(since().eq(at)).add(Column::Id.gt(id))),
        );
    }
    if !installation.database.is_sqlite() {
        find = find.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    Ok(find.all(transaction).await?)
}
