//! What stands behind an activity: on whose word it was done, whom an invitation is for and what it promises, and what those
//! hold instead whose role was deleted.

use portaria_entity::id::{InvitationId, MemberId, RoleId};
use serde_json::Value;

use super::{AccessChange, Action};
use crate::audit::telling::Teller;
use crate::granting::DECIDED_BY;
use crate::harmless;

/// On whose word something was done of which nobody is the actor: an invitation was accepted, a review came to its end.
pub(super) fn whose_word(action: &Action, after: Option<&Value>) -> Option<MemberId> {
    let told = after?;
    let given = if action.key == "invitation.accepted" { "member" } else { "grantedBy" };
    told.get(DECIDED_BY).or_else(|| told.get(given))?.as_str()?.parse().ok()
}

/// The first role that an invitation promises.
pub(super) fn promised(action: &Action, after: Option<&Value>) -> Option<Value> {
    after.filter(|_| action.key == "invitation.sent")?.get("grants")?.get(0).cloned()
}

/// Of an invitation that was sent, or taken back: who accepted one is told by their name.
pub(super) fn invitation(action: &Action, subject: &str) -> Option<InvitationId> {
    matches!(action.key, "invitation.sent" | "invitation.revoked").then(|| subject.parse().ok()).flatten()
}

/// The role in the place of one that was deleted.
pub(super) fn replacement(action: &Action, after: Option<&Value>) -> Option<RoleId> {
    after.filter(|_| action.key == "role.deleted")?.get("replacement")?.as_str()?.parse().ok()
}

impl Teller<'_> {
    /// Whom an invitation is for, who is nobody here yet: `Nina (nina@x.example)`. Where it goes is what matters.
    pub(super) fn invited(&self, change: &AccessChange) -> Option<String> {
        let (name, email) = self.people.invited.get(&change.what.invitation?)?;
        (!email.is_empty()).then(|| format!("{} ({})", harmless::name(name), harmless::email(email)))
    }
}
