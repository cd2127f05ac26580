//! Conversations: which of them a viewer may see, and what is done with them.

pub(crate) mod assignee;
mod assignment;
mod escalation;
mod finder;
mod release;
mod rules;
mod snooze;
mod transfer;

use portaria_entity::conversation::{self, ConversationStatus};

use crate::access::{Placement, Reading};
use crate::permission::PermissionSet;
use crate::viewer::Viewer;

pub(crate) use assignment::Change;
pub use assignment::{Assignment, assign, claim, mark_read, resolve};
pub use escalation::{escalate, escalations};
pub use finder::{
    ConversationCursor, ConversationFilter, Unassigned, channel_of, find, page, stands_for, visible_in,
    visible_to,
};
pub use release::{Looked, release_ended, release_expired, release_lost, release_owed};
pub(crate) use rules::in_charge_by;
pub use rules::{Act, is_in_charge, permit};
pub use snooze::{snooze, wake};
pub use transfer::{transfer, transfers};

/// A conversation that a viewer may see, with how much of it and what they may do towards it.
#[derive(Clone, Debug)]
pub struct ConversationRow {
    pub row: conversation::Model,
    pub reading: Reading,
    pub held: PermissionSet,
}

impl ConversationRow {
    /// What the viewer may see of a row; `None` when they may not know that it exists.
    pub fn of(viewer: &Viewer, row: conversation::Model) -> Option<Self> {
        if row.workspace_id != viewer.workspace_id || row.merged_into_id.is_some() {
            return None;
        }
        let placement = placement(&row);
        let (reading, by) = viewer.access.reading_by(placement)?;
        viewer.note_use(PermissionSet::of(&[by]));
        Some(Self { held: viewer.access.towards(placement, reading), reading, row })
    }
}

/// Begins a change of a conversation by a viewer, for nouns that hang on it.
pub(crate) async fn changing<'a>(
    installation: &'a crate::Installation,
    viewer: &'a Viewer,
    id: portaria_entity::id::ConversationId,
) -> crate::Result<assignment::Change<'a>> {
    assignment::Change::begin(installation, viewer, id).await
}

/// The same of one that is found, or made, in a transaction that has begun.
pub(crate) fn change_of<'a>(
    installation: &'a crate::Installation,
    viewer: &'a Viewer,
    transaction: sea_orm::DatabaseTransaction,
    conversation: ConversationRow,
) -> assignment::Change<'a> {
    let now = installation.clock.now();
    assignment::Change { installation, viewer, transaction, conversation, now }
}

/// One row by its id; of one that was merged, the one that it is part of now. Locked where that is wanted.
pub(crate) async fn row(
    connection: &impl sea_orm::ConnectionTrait,
    (workspace, id): (portaria_entity::id::WorkspaceId, portaria_entity::id::ConversationId),
    lock: Option<sea_orm::sea_query::LockType>,
) -> crate::Result<Option<conversation::Model>> {
    use sea_orm::{EntityTrait, QuerySelect};
    let mut id = id;
    // What was merged names what was not; only a merge at this very time takes a further step.
    for _ in 0..3 {
        let mut find = conversation::Entity::find_by_id((workspace, id));
        if let Some(lock) = lock {
            find = find.lock(lock);
        }
        match find.one(connection).await? {
            Some(conversation::Model { merged_into_id: Some(into), .. }) => id = into,
            found => return Ok(found),
        }
    }
    Ok(None)
}

/// What of a row decides who may see it.
pub fn placement(row: &conversation::Model) -> Placement {
    Placement {
        channel_id: row.channel_id,
        team_id: row.team_id,
        assignee_id: row.assignee_id,
        bot_id: row.bot_id,
        open: match row.status {
            ConversationStatus::Open | ConversationStatus::Snoozed => true,
            ConversationStatus::Resolved => false,
        },
    }
}
