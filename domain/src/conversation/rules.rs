//! What may be done with a conversation: the rules that the mutations obey, and that `viewerCan` tells, in one place.

use portaria_entity::conversation::ConversationStatus;
use portaria_entity::time::Timestamp;

use super::ConversationRow;
use crate::error::{Refusal, Result};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// What can be done with a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Claim,
    Assign,
    Resolve,
    MarkRead,
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
            viewer.session()?;
            if row.assignee_id.is_some() {
                return Err(Refusal::AlreadyAssigned.into());
            }
            open
        }
        Act::Assign => {
            if !(is_assignee && conversation.held.contains(Permission::ConversationTransfer)) {
                require(Permission::ConversationAssign)?;
            }
            open
        }
        Act::Resolve => {
            require(Permission::ConversationResolve)?;
            if !is_assignee && !conversation.held.contains(Permission::ConversationAssign) {
                return Err(Refusal::NotAssignee.into());
            }
            open
        }
        // Only its assignee's reading counts.
        Act::MarkRead if is_assignee => Ok(()),
        Act::MarkRead => Err(Refusal::NotAssignee.into()),
    }
}
