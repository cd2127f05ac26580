//! The rules: who may be given a conversation, and who of them is.

use std::cmp::Reverse;

use portaria_entity::id::{LabelId, MemberId, TeamId};
use portaria_entity::member::Availability;
use portaria_entity::team_routing::RoutingRule;
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Waiting;
use super::setting::TeamRouting;
use crate::access::Access;
use crate::permission::{Permission, PermissionSet};

/// What it takes to look after a conversation, beside being able to answer in some way.
const NEEDED: PermissionSet = PermissionSet::of(&[
    Permission::ConversationReadAssigned,
    Permission::MessageRead,
    Permission::ConversationClaim,
]);

/// Any of these is a way to answer.
pub(crate) const ANSWERING: PermissionSet = PermissionSet::of(&[
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
    /// Has not the skills that the conversation's labels ask for.
    LacksSkill,
    /// Gave this episode back to the queue, or escalated it.
    Declined,
    /// Nobody works there now.
    OutOfHours,
    NotAvailable,
    AtCapacity,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChoiceReason {
    /// The customer stays with who looked after them before.
    HadItBefore,
    /// Nobody had fewer open conversations, nor waited longer for the next.
    LeastLoaded,
    /// Nobody waited longer for the next.
    NextInTurn,
}

/// What a conversation asks for beside what its place does.
#[derive(Clone, Debug, Default)]
pub(super) struct Demand {
    /// The teams that are responsible: its own, else all that look after its number. None: everybody.
    pub teams: Vec<TeamId>,
    /// Who had this episode and is not given it again.
    pub declined: Vec<MemberId>,
    pub skills: Vec<LabelId>,
    /// Whether it has waited long enough for these.
    pub skills_may_lack: bool,
    /// Whether nobody works there now.
    pub closed: bool,
    pub routing: TeamRouting,
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
    pub skills: Vec<LabelId>,
}

impl Agent {
    /// Whether this member may have the conversation now, and if not, why.
    pub(super) fn judge(&self, waiting: &Waiting, demand: &Demand) -> Verdict {
        let held = self.access.in_conversation(waiting.channel_id, waiting.team_id);
        let mut missing = lacking(held);
        if waiting.escalated && !held.contains(Permission::ConversationReceiveEscalation) {
            missing.push(Permission::ConversationReceiveEscalation.key().to_owned());
        }
        if !missing.is_empty() {
            return Verdict::NotPermitted { missing };
        }
        // Who receives escalations need be nobody's agent otherwise.
        if !waiting.escalated {
            let in_team = self.is_in_team(&demand.teams);
            if !in_team && self.only_as_administrator(waiting) {
                return Verdict::Administrator;
            }
            if !demand.teams.is_empty() && !in_team {
                return Verdict::NotInTeam;
            }
        }
        if !demand.skills.iter().all(|skill| self.skills.contains(skill)) {
            return Verdict::LacksSkill;
        }
        if demand.declined.contains(&self.member_id) {
            return Verdict::Declined;
        }
        if demand.closed {
            return Verdict::OutOfHours;
        }
        match self.availability {
            Availability::Available => {}
            Availability::Busy | Availability::Offline => return Verdict::NotAvailable,
        }
        if self.load >= self.capacity { Verdict::AtCapacity } else { Verdict::Eligible }
    }

    fn is_in_team(&self, teams: &[TeamId]) -> bool {
        teams.iter().any(|team| self.access.member_of().contains(team))
    }

    fn only_as_administrator(&self, waiting: &Waiting) -> bool {
        let narrow = self.access.by_narrow_grants(waiting.channel_id, waiting.team_id);
        self.access.everywhere().contains(Permission::RoleAssign) && !lacking(narrow).is_empty()
    }
}

/// What is missing for looking after a conversation.
pub(crate) fn lacking(held: PermissionSet) -> Vec<String> {
    let mut missing: Vec<_> =
        NEEDED.without(held).iter().map(|permission| permission.key().to_owned()).collect();
    if !held.intersects(ANSWERING) {
        missing.push(Permission::MessageSendText.key().to_owned());
    }
    missing
}

/// Everybody's verdict, and who is chosen: who had it before, else by the team's rule. Where nobody has the skills that
/// are asked for, and long enough was waited, somebody without them.
pub(super) fn choose(
    agents: &[Agent],
    waiting: &Waiting,
    demand: &Demand,
) -> (Vec<Candidate>, Option<MemberId>) {
    let (candidates, chosen) = choose_strictly(agents, waiting, demand);
    if chosen.is_some() || demand.skills.is_empty() || !demand.skills_may_lack {
        return (candidates, chosen);
    }
    choose_strictly(agents, waiting, &Demand { skills: Vec::new(), ..demand.clone() })
}

fn choose_strictly(
    agents: &[Agent],
    waiting: &Waiting,
    demand: &Demand,
) -> (Vec<Candidate>, Option<MemberId>) {
    let verdicts: Vec<_> = agents.iter().map(|agent| agent.judge(waiting, demand)).collect();
    let eligible = || agents.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Eligible);
    let before =
        eligible().find(|(agent, _)| demand.routing.sticky && Some(agent.member_id) == waiting.last_assignee);
    let chosen = match before {
        Some((agent, _)) => Some((agent.member_id, ChoiceReason::HadItBefore)),
        None => by_rule(eligible().map(|(agent, _)| agent), waiting, demand),
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

/// Whose turn it is. Escalations go to the team's own first, and to administrators last.
fn by_rule<'a>(
    eligible: impl Iterator<Item = &'a Agent>,
    waiting: &Waiting,
    demand: &Demand,
) -> Option<(MemberId, ChoiceReason)> {
    let nearness = |agent: &Agent| {
        let escalated = waiting.escalated;
        (
            escalated && agent.only_as_administrator(waiting),
            Reverse(escalated && agent.is_in_team(&demand.teams)),
        )
    };
    let (chosen, reason) = match demand.routing.rule {
        RoutingRule::LeastLoaded => {
            let key = |agent: &&Agent| (nearness(agent), agent.load, agent.last_assigned_at, agent.member_id);
            (eligible.min_by_key(key), ChoiceReason::LeastLoaded)
        }
        RoutingRule::RoundRobin => {
            let key = |agent: &&Agent| (nearness(agent), agent.last_assigned_at, agent.member_id);
            (eligible.min_by_key(key), ChoiceReason::NextInTurn)
        }
    };
    chosen.map(|agent| (agent.member_id, reason))
}

/// Why nobody could be found, from everybody's verdicts: what stands between those who are permitted and the
/// conversation; else that nobody is.
pub(super) fn reason(candidates: &[Candidate]) -> String {
    let mut names: Vec<&str> = candidates.iter().filter_map(|one| obstacle(&one.verdict)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "not_permitted".to_owned() } else { names.join(",") }
}

fn obstacle(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::LacksSkill => Some("lacks_skill"),
        Verdict::Declined => Some("declined"),
        Verdict::OutOfHours => Some("out_of_hours"),
        Verdict::NotAvailable => Some("not_available"),
        Verdict::AtCapacity => Some("at_capacity"),
        Verdict::Chosen { .. }
        | Verdict::Eligible
        | Verdict::NotPermitted { .. }
        | Verdict::Administrator
        | Verdict::NotInTeam => None,
    }
}
