//! The rules: who may be given a conversation, and who of them is.

use portaria_entity::id::MemberId;
use portaria_entity::member::Availability;
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Waiting;
use crate::access::Access;
use crate::permission::{Permission, PermissionSet};

/// What it takes to look after a conversation, beside being able to answer in some way.
const NEEDED: PermissionSet = PermissionSet::of(&[
    Permission::ConversationReadAssigned,
    Permission::MessageRead,
    Permission::ConversationClaim,
]);

/// Any of these is a way to answer.
const ANSWERING: PermissionSet = PermissionSet::of(&[
    Permission::MessageSendText,
    Permission::MessageSendMedia,
    Permission::MessageSendDocument,
    Permission::MessageSendInteractive,
    Permission::MessageSendTemplate,
    Permission::MessageSendQuickReply,
]);

/// A member who was considered, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub member_id: MemberId,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Open conversations they had at that moment.
    pub load: i64,
}

/// Why a member got the conversation, or did not. Of several reasons against, the most lasting one is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Chosen {
        reason: ChoiceReason,
    },
    /// Could have had it, but somebody else was nearer.
    Eligible,
    /// Lacks these permissions there.
    NotPermitted {
        missing: Vec<String>,
    },
    /// May do it only as an administrator, who is nobody's agent without being in the team or holding a narrower grant.
    Administrator,
    NotInTeam,
    NotAvailable,
    AtCapacity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceReason {
    /// The customer stays with who looked after them before.
    HadItBefore,
    /// Nobody had fewer open conversations, nor waited longer for the next.
    LeastLoaded,
}

/// A member as routing sees them.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub member_id: MemberId,
    pub access: Access,
    pub availability: Availability,
    pub capacity: i64,
    /// Open conversations assigned to them.
    pub load: i64,
    pub last_assigned_at: Option<Timestamp>,
}

impl Agent {
    /// Whether this member may have the conversation now, and if not, why.
    pub(super) fn judge(&self, waiting: &Waiting) -> Verdict {
        let missing = lacking(self.access.in_conversation(waiting.channel_id, waiting.team_id));
        if !missing.is_empty() {
            return Verdict::NotPermitted { missing };
        }
        let in_team = waiting.team_id.is_some_and(|team| self.access.member_of().contains(&team));
        if !in_team && self.only_as_administrator(waiting) {
            return Verdict::Administrator;
        }
        if waiting.team_id.is_some() && !in_team {
            return Verdict::NotInTeam;
        }
        match self.availability {
            Availability::Available => {}
            Availability::Busy | Availability::Offline => return Verdict::NotAvailable,
        }
        if self.load >= self.capacity { Verdict::AtCapacity } else { Verdict::Eligible }
    }

    fn only_as_administrator(&self, waiting: &Waiting) -> bool {
        let narrow = self.access.by_narrow_grants(waiting.channel_id, waiting.team_id);
        self.access.everywhere().contains(Permission::RoleAssign) && !lacking(narrow).is_empty()
    }
}

/// What is missing for looking after a conversation.
fn lacking(held: PermissionSet) -> Vec<String> {
    let mut missing: Vec<_> =
        NEEDED.without(held).iter().map(|permission| permission.key().to_owned()).collect();
    if !held.intersects(ANSWERING) {
        missing.push(Permission::MessageSendText.key().to_owned());
    }
    missing
}

/// Everybody's verdict, and who is chosen: who had it before, else who has least to do, of those who waited longest.
pub(super) fn choose(agents: &[Agent], waiting: &Waiting) -> (Vec<Candidate>, Option<MemberId>) {
    let verdicts: Vec<_> = agents.iter().map(|agent| agent.judge(waiting)).collect();
    let eligible = || agents.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Eligible);
    let before = eligible().find(|(agent, _)| Some(agent.member_id) == waiting.last_assignee);
    let chosen = match before {
        Some((agent, _)) => Some((agent.member_id, ChoiceReason::HadItBefore)),
        None => eligible()
            .min_by_key(|(agent, _)| (agent.load, agent.last_assigned_at, agent.member_id))
            .map(|(agent, _)| (agent.member_id, ChoiceReason::LeastLoaded)),
    };
    let candidate = |(agent, verdict): (&Agent, &Verdict)| Candidate {
        member_id: agent.member_id,
        verdict: match chosen {
            Some((member, reason)) if member == agent.member_id => Verdict::Chosen { reason },
            Some(_) | None => verdict.clone(),
        },
        load: agent.load,
    };
    (agents.iter().zip(&verdicts).map(candidate).collect(), chosen.map(|(member, _)| member))
}
