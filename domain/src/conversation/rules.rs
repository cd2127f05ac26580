//! What may be done with a conversation: the rules that the mutations obey, and that `viewerCan` tells, in one place.

use portaria_entity::conversation::ConversationStatus;
use portaria_entity::time::Timestamp;

use super::ConversationRow;
use crate::error::{Refusal, Result};
use crate::permission::{Permission, PermissionSet};
use crate::routing::ANSWERING;
use crate::viewer::Viewer;

/// What can be done with a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Claim,
    Assign,
    Transfer,
    Resolve,
    MarkRead,
    Snooze,
    Escalate,
    Label,
    /// Write to the customer, in whatever way.
    Answer,
}

/// Whether it is for this viewer to act in a conversation: it is theirs, or they may give it to anybody.
pub fn is_in_charge(viewer: &Viewer, conversation: &ConversationRow) -> bool {
    let is_assignee = conversation.row.assignee_id.is_some_and(|assignee| viewer.is_member(assignee));
    is_assignee || conversation.held.contains(Permission::ConversationAssign)
}

/// Refuses what this viewer may not do with a conversation now. Touches no database.
pub fn permit(viewer: &Viewer, conversation: &ConversationRow, act: Act, now: Timestamp) -> Result<()> {
    let require = |permission| viewer.require(conversation.held, PermissionSet::of(&[permission]), now);
    let row = &conversation.row;
    let is_assignee = row.assignee_id.is_some_and(|assignee| viewer.is_member(assignee));
    let open = match row.status {
        ConversationStatus::Open | ConversationStatus::Snoozed => Ok(()),
        ConversationStatus::Resolved => Err(Refusal::AlreadyResolved.into()),
    };
    match act {
        Act::Claim => {
            require(Permission::ConversationClaim)?;
            // What was escalated is not taken back by who could not be given it.
            if row.escalated_at.is_some() {
                require(Permission::ConversationReceiveEscalation)?;
            }
            viewer.session()?;
            if row.assignee_id.is_some() {
                return Err(Refusal::AlreadyAssigned.into());
            }
            open
        }
        Act::Assign | Act::Transfer => {
            if !(is_assignee && conversation.held.contains(Permission::ConversationTransfer)) {
                require(Permission::ConversationAssign)?;
            }
            open
        }
        Act::Resolve | Act::Snooze | Act::Escalate | Act::Label => {
            require(match act {
                Act::Escalate => Permission::ConversationEscalate,
                Act::Label => Permission::ConversationAnnotate,
                _ => Permission::ConversationResolve,
            })?;
            if !is_in_charge(viewer, conversation) {
                return Err(Refusal::NotAssignee.into());
            }
            if act == Act::Escalate && row.escalated_at.is_some() && !is_assignee {
                return Err(Refusal::AlreadyEscalated.into());
            }
            // A label is no act of its stretch.
            if act == Act::Label { Ok(()) } else { open }
        }
        Act::Answer => viewer.require(conversation.held, ANSWERING, now),
        // Only its assignee's reading counts.
        Act::MarkRead if is_assignee => Ok(()),
        Act::MarkRead => Err(Refusal::NotAssignee.into()),
    }
}
