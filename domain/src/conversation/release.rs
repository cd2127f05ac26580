//! Conversations of who may no longer have them go back to the queue, or straight to somebody who may.

use std::collections::{BTreeMap, HashMap, HashSet};

use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::event::{AssignmentCause, EventKind};
use portaria_entity::id::{ConversationId, MemberId, WorkspaceId};
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{assignee, placement};
use crate::activity::{Actor, Deed, record};
use crate::error::Result;
use crate::event::{By, Happening, append};
use crate::granting::{Authority, Change, Ledger};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::routing::setting::WorkspaceRouting;
use crate::routing::{Routing, Waiting, lacking};

/// Takes from these members the open conversations that they may no longer have, by the ledger of the change.
/// Who had them, and what they wrote, stays on record.
pub async fn release_lost(change: &Change<'_>, members: &[MemberId]) -> Result<usize> {
    if members.is_empty() {
        return Ok(0);
    }
    let had = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(change.workspace_id))
        .filter(Column::AssigneeId.is_in(members.iter().copied()))
        .filter(Column::Status.ne(ConversationStatus::Resolved))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(&change.transaction)
        .await?;
    let keeps = |row: &conversation::Model| {
        may_keep(&change.ledger, change.now, row)
            && !row.assignee_id.zip(row.team_id).is_some_and(|left| change.has_left(left))
    };
    let lost: Vec<_> = had.into_iter().filter(|row| !keeps(row)).collect();
    if lost.is_empty() {
        return Ok(0);
    }
    for row in &lost {
        let key = (change.workspace_id, row.id);
        let nobody = (assignee::Holder::Anybody, None);
        assignee::write(&change.transaction, &change.installation.database, key, nobody).await?;
        let before = Some(serde_json::json!({ "assignee": row.assignee_id }));
        change.record("conversation.released", row.id, (before, None)).await?;
        let happening = Happening {
            workspace_id: change.workspace_id,
            kind: EventKind::ConversationChanged,
            conversation_id: Some(row.id),
            message_id: None,
            before: Some(placement(row).into()),
        };
        append(&change.transaction, &change.installation.clock, happening).await?;
    }
    let mut routing = Routing::open(change.installation, &change.transaction, change.workspace_id).await?;
    // By whom it is found tells who has it now.
    let waiting: Vec<_> = lost.iter().filter_map(Waiting::of).collect();
    routing.route(&waiting, RoutingCause::AccessLost).await?;
    for row in lost.iter().filter(|row| Waiting::of(row).is_none()) {
        let told = (None, AssignmentCause::AccessLost, By::Portaria);
        assignee::tell(&change.transaction, change.installation, row, told).await?;
    }
    Ok(lost.len())
}

fn held(ledger: &Ledger, now: Timestamp, row: &conversation::Model) -> PermissionSet {
    let assignee = row.assignee_id.and_then(|member| ledger.members.get(&member));
    assignee.map_or_else(PermissionSet::default, |standing| {
        standing.access(now).in_conversation(row.channel_id, row.team_id)
    })
}

fn may_keep(ledger: &Ledger, now: Timestamp, row: &conversation::Model) -> bool {
    lacking(held(ledger, now, row)).is_empty()
}

/// Who was given it to read it, reads it still.
fn may_read(ledger: &Ledger, now: Timestamp, row: &conversation::Model) -> bool {
    held(ledger, now, row).contains(Permission::ConversationReadAssigned)
}

/// Takes back what was lost in a workspace by grants that ended on their own.
pub async fn release_expired(installation: &Installation, workspace: WorkspaceId) -> Result<usize> {
    release_from(installation, workspace, may_keep).await
}

/// Takes what is lost to them from those who have something that they should not.
async fn release_from(
    installation: &Installation,
    workspace: WorkspaceId,
    is_rightly_theirs: fn(&Ledger, Timestamp, &conversation::Model) -> bool,
) -> Result<usize> {
    let (reader, now) = (installation.database.reader(), installation.clock.now());
    let assigned = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::AssigneeId.is_not_null())
        .filter(Column::Status.ne(ConversationStatus::Resolved))
        .all(reader)
        .await?;
    let ledger = Ledger::read(reader, &installation.database, workspace, now).await?;
    let lost = assigned.iter().filter(|row| !is_rightly_theirs(&ledger, now, row));
    let members: Vec<MemberId> = lost.filter_map(|row| row.assignee_id).collect();
    if members.is_empty() {
        return Ok(0);
    }
    // Looked at again in the transaction, where nothing changes meanwhile.
    let change = Change::begin(installation, workspace, Authority::Installation).await?;
    let released = release_lost(&change, &members).await?;
    change.transaction.commit().await?;
    installation.viewers.access_changed(workspace);
    installation.events.wake();
    Ok(released)
}

/// What was looked at for conversations that somebody may have no longer.
#[derive(Debug)]
pub struct Looked {
    /// At which grants had ended.
    until: Timestamp,
    /// At which state of access in each workspace, and whether again since.
    epochs: HashMap<WorkspaceId, (i64, bool)>,
}

impl Default for Looked {
    fn default() -> Self {
        Self { until: Timestamp(0), epochs: HashMap::new() }
    }
}

impl Looked {
    /// Where access has changed since. Twice: who was taking a conversation, or was being given one, may have come too late
    /// to be seen the first time.
    fn is_due(&self, workspace: WorkspaceId, epoch: i64) -> bool {
        self.epochs.get(&workspace) != Some(&(epoch, true))
    }

    fn note(&mut self, workspace: WorkspaceId, epoch: i64) {
        let again = self.epochs.get(&workspace).is_some_and(|(known, _)| *known == epoch);
        self.epochs.insert(workspace, (epoch, again));
    }
}

/// Takes back what was lost by grants that ended since it was last looked, and what somebody has who lost their access while
/// they were taking it, in every workspace.
pub async fn release_ended(installation: &Installation, looked: &mut Looked) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    let (reader, mut until) = (database.reader(), now);
    let sql = "SELECT workspace_id FROM grants WHERE valid_until > $1 AND valid_until <= $2 \
               UNION SELECT c.workspace_id FROM members m \
               JOIN conversations c ON c.workspace_id = m.workspace_id AND c.assignee_id = m.id \
               WHERE m.status <> 'active' AND c.status <> 'resolved'";
    let mut due: HashSet<WorkspaceId> = HashSet::new();
    for row in reader.query_all_raw(database.statement(sql, [looked.until.0.into(), now.0.into()])).await? {
        due.insert(row.try_get_by_index(0)?);
    }
    let epochs = database.statement("SELECT id, access_epoch FROM workspaces", []);
    for row in reader.query_all_raw(epochs).await? {
        let (workspace, epoch) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let released = if due.contains(&workspace) {
            release_expired(installation, workspace).await
        } else if looked.is_due(workspace, epoch) {
            release_from(installation, workspace, may_read).await.inspect(|_| looked.note(workspace, epoch))
        } else {
            continue;
        };
        // What is wrong in one keeps nobody's access elsewhere; it is looked at again.
        if let Err(error) = released {
            tracing::warn!(%error, %workspace, "conversations of a workspace could not be taken back");
            until = looked.until;
        }
    }
    looked.until = until;
    Ok(())
}

const OWED: &str = "
SELECT c.workspace_id, c.id FROM members m
JOIN conversations c ON c.workspace_id = m.workspace_id AND c.assignee_id = m.id
LEFT JOIN presences p ON p.workspace_id = m.workspace_id AND p.member_id = m.id
LEFT JOIN workspace_routings r ON r.workspace_id = m.workspace_id
WHERE m.status = 'active' AND m.availability = 'offline' AND c.status = 'open' AND c.waiting_since IS NOT NULL
  AND c.episode_id IS NOT NULL
  AND COALESCE(p.away_since_at, 0) <= $1 - COALESCE(r.give_back_after_minutes, $2) * $3
ORDER BY c.workspace_id, c.id LIMIT 200";

/// Takes the conversations in which a customer waits for an answer from who has been offline for too long. What is
/// answered stays theirs until the customer writes again. Answers how many were taken.
pub async fn release_owed(installation: &Installation) -> Result<usize> {
    const MINUTE: i64 = 60_000_000;
    let (database, now) = (&installation.database, installation.clock.now());
    let grace = i64::from(WorkspaceRouting::default().give_back_after_minutes);
    let values = [now.0.into(), grace.into(), MINUTE.into()];
    let mut owed: BTreeMap<WorkspaceId, Vec<ConversationId>> = BTreeMap::new();
    for row in database.reader().query_all_raw(database.statement(OWED, values)).await? {
        owed.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
    }
    let mut released = 0;
    for (workspace, conversations) in owed {
        // What is wrong in one keeps nobody waiting in another.
        match give_back(installation, workspace, &conversations).await {
            Ok(more) => released += more,
            Err(error) => {
                tracing::warn!(%error, %workspace, "conversations of who is away could not be taken back");
            }
        }
    }
    if released > 0 {
        installation.events.wake();
    }
    Ok(released)
}

async fn give_back(
    installation: &Installation,
    workspace: WorkspaceId,
    conversations: &[ConversationId],
) -> Result<usize> {
    let database = &installation.database;
    let transaction = database.begin().await?;
    let rows = conversation::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::Id.is_in(conversations.iter().copied()))
        .filter(Column::Status.eq(ConversationStatus::Open))
        .filter(Column::WaitingSince.is_not_null())
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(&transaction)
        .await?;
    let mut taken = Vec::new();
    for row in rows {
        // Who is back by now, or has given it to somebody who is there, keeps it.
        let nobody = (assignee::Holder::WhoIsOffline, None);
        if !assignee::write(&transaction, database, (workspace, row.id), nobody).await? {
            continue;
        }
        let deed = Deed {
            workspace_id: workspace,
            actor: Actor::Installation,
            action: "conversation.given_back",
            subject: row.id.to_string(),
            before: Some(serde_json::json!({ "assignee": row.assignee_id })),
            after: None,
            address: None,
        };
        record(&transaction, &installation.clock, deed).await?;
        let happening = Happening {
            workspace_id: workspace,
            kind: EventKind::ConversationChanged,
            conversation_id: Some(row.id),
            message_id: None,
            before: Some(placement(&row).into()),
        };
        append(&transaction, &installation.clock, happening).await?;
        match Waiting::of(&row) {
            Some(waiting) => taken.push(waiting),
            None => {
                let told = (None, AssignmentCause::AssigneeAway, By::Portaria);
                assignee::tell(&transaction, installation, &row, told).await?;
            }
        }
    }
    if !taken.is_empty() {
        let mut routing = Routing::open(installation, &transaction, workspace).await?;
        routing.route(&taken, RoutingCause::AssigneeAway).await?;
    }
    transaction.commit().await?;
    Ok(taken.len())
}
