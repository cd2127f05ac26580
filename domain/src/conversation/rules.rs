//! What may be done with a conversation: the rules that the mutations obey, and that `viewerCan` tells, in one place.

use portaria_entity::conversation::{self, ConversationStatus};
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
    HandToBot,
    HandToPeople,
    /// Write to the customer, in whatever way.
    Answer,
}

/// Whether it is for this viewer to act in a conversation: it is theirs, or they may give it to anybody.
pub fn is_in_charge(viewer: &Viewer, conversation: &ConversationRow) -> bool {
    in_charge_by(viewer, conversation).is_some()
}

/// The same, and by which permission: none where it is theirs.
pub(crate) fn in_charge_by(viewer: &Viewer, conversation: &ConversationRow) -> Option<PermissionSet> {
    if has_it(viewer, &conversation.row) {
        return Some(PermissionSet::EMPTY);
    }
    let by = conversation.held.intersection(PermissionSet::of(&[Permission::ConversationAssign]));
    (!by.is_empty()).then_some(by)
}

/// Whether it is this viewer's: a member's by assignment, a bot's by being handed to it.
fn has_it(viewer: &Viewer, row: &conversation::Model) -> bool {
    let is_assignee = row.assignee_id.is_some_and(|assignee| viewer.is_member(assignee));
    is_assignee || row.bot_id.is_some() && row.bot_id == viewer.access.bot_id()
}

/// Refuses what this viewer may not do with a conversation now. Answers what it takes, which is used once it is done. Touches no database.
pub fn permit(
    viewer: &Viewer,
    conversation: &ConversationRow,
    act: Act,
    now: Timestamp,
) -> Result<PermissionSet> {
    let mut taken = PermissionSet::EMPTY;
    let mut require = |permission| {
        taken = taken.union(viewer.ask(conversation.held, PermissionSet::of(&[permission]), now)?);
        Result::Ok(())
    };
    let row = &conversation.row;
    let is_assignee = row.assignee_id.is_some_and(|assignee| viewer.is_member(assignee));
    let has_it = has_it(viewer, row);
    let open = match row.status {
        ConversationStatus::Open | ConversationStatus::Snoozed => Ok(()),
        ConversationStatus::Resolved => Err(Refusal::AlreadyResolved.into()),
    };
    let outcome: Result<()> = match act {
        Act::Claim => {
            require(Permission::ConversationClaim)?;
            // What was escalated is not taken back by who could not be given it.
            if row.escalated_at.is_some() {
                require(Permission::ConversationReceiveEscalation)?;
            }
            viewer.session()?;
            // From a bot it is taken by who may assign it.
            if row.bot_id.is_some() {
                require(Permission::ConversationAssign)?;
            }
            if row.assignee_id.is_some() {
                return Err(Refusal::AlreadyAssigned.into());
            }
            open
        }
        Act::Assign | Act::Transfer => {
            let own = has_it && conversation.held.contains(Permission::ConversationTransfer);
            require(if own { Permission::ConversationTransfer } else { Permission::ConversationAssign })?;
            open
        }
        Act::Resolve | Act::Snooze | Act::Escalate | Act::Label => {
            require(match act {
                Act::Escalate => Permission::ConversationEscalate,
                Act::Label => Permission::ConversationAnnotate,
                _ => Permission::ConversationResolve,
            })?;
            taken = taken.union(in_charge_by(viewer, conversation).ok_or(Refusal::NotAssignee)?);
            if act == Act::Escalate && row.escalated_at.is_some() && !has_it {
                return Err(Refusal::AlreadyEscalated.into());
            }
            // A label is no act of its stretch.
            if act == Act::Label { Ok(()) } else { open }
        }
        Act::HandToBot => {
            require(Permission::BotUse)?;
            taken = taken.union(in_charge_by(viewer, conversation).ok_or(Refusal::NotAssignee)?);
            if row.bot_id.is_some() {
                return Err(Refusal::HeldByBot.into());
            }
            // What was escalated is for who receives escalations.
            if row.escalated_at.is_some() {
                return Err(Refusal::AlreadyEscalated.into());
            }
            open
        }
        Act::HandToPeople => {
            if !has_it || row.bot_id.is_none() {
                require(Permission::ConversationAssign)?;
            }
            if row.bot_id.is_none() {
                return Err(Refusal::NotHeldByBot.into());
            }
            open
        }
        Act::Answer => {
            taken = viewer.ask(conversation.held, ANSWERING, now)?;
            Ok(())
        }
        // Only its assignee's reading counts.
        Act::MarkRead if is_assignee => Ok(()),
        Act::MarkRead => Err(Refusal::NotAssignee.into()),
    };
    outcome.map(|()| taken)
}
