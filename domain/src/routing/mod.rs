//! Routing: who of those who may have a conversation gets it, decided once, with the reasons on record.

mod answering_first;
mod candidate;
mod circumstances;
mod drain;
mod reading;
mod serving;
pub mod setting;

use portaria_entity::conversation;
use portaria_entity::id::{
    ChannelId, ConversationId, EpisodeId, MemberId, RoutingDecisionId, TeamId, WorkspaceId,
};
use portaria_entity::member::Availability;
use portaria_entity::routing_decision::{self, RoutingCause};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction, EntityTrait};

use crate::bot::Standing;
use crate::conversation::{assignee, placement};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::event::{Assigned, Before, By, append_assigned};
use crate::grant::access_of_members;
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::permission_use::Whose;
use crate::security_policy::waited_for;
use candidate::Agent;
use circumstances::Circumstances;

pub(crate) use candidate::{ANSWERING, lacking};
pub use candidate::{Candidate, ChoiceReason, Verdict};
pub use drain::{drain, drain_workspace};
pub use reading::{DecisionRow, decisions, judge_now, queue_position};
pub(crate) use serving::{Served, served};

/// How a conversation was before it was taken from who had it, and who took it.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub before: Before,
    pub by: By,
}

/// An episode that needs somebody.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub conversation_id: ConversationId,
    pub episode_id: EpisodeId,
    pub channel_id: ChannelId,
    /// The team that is responsible: then only its members come into question.
    pub team_id: Option<TeamId>,
    /// Who had the conversation before.
    pub last_assignee: Option<MemberId>,
    /// Whom it is taken from; none: it waited in the queue, or is new.
    pub left: Option<Left>,
    /// Whether it is for who receives escalations.
    pub escalated: bool,
    /// Since when the customer waits.
    pub since: Timestamp,
}

impl Waiting {
    /// The conversation as it waits now; `None` when it is in no episode.
    pub fn of(row: &conversation::Model) -> Option<Self> {
        Some(Self {
            conversation_id: row.id,
            episode_id: row.episode_id?,
            channel_id: row.channel_id,
            team_id: row.team_id,
            last_assignee: row.assignee_id.or(row.last_assignee_id),
            left: row.assignee_id.map(|_| Left { before: placement(row).into(), by: By::Portaria }),
            escalated: row.escalated_at.is_some(),
            since: row.waiting_since.unwrap_or(row.last_activity_at),
        })
    }
}

/// Decides for one workspace within one transaction, during which nobody else decides for it.
///
/// To be opened after all other rows of the transaction are written: the lock is the last one taken.
pub struct Routing<'a> {
    installation: &'a Installation,
    transaction: &'a DatabaseTransaction,
    workspace_id: WorkspaceId,
    agents: Vec<Agent>,
    circumstances: Circumstances,
    /// Those that have what customers begin; read when it is asked for.
    first: Option<Vec<Standing>>,
    now: Timestamp,
}

const AGENTS: &str = "
SELECT m.id, m.availability, m.capacity,
       (SELECT COUNT(*) FROM conversations c
        WHERE c.workspace_id = m.workspace_id AND c.assignee_id = m.id AND c.status = 'open'),
       (SELECT MAX(d.\"at\") FROM routing_decisions d WHERE d.workspace_id = m.workspace_id AND d.assignee_id = m.id)
FROM members m WHERE m.workspace_id = $1 AND m.status = 'active' ORDER BY m.id";

impl<'a> Routing<'a> {
    /// Takes the workspace's turn and reads who is there, what they may do, and how busy they are.
    pub async fn open(
        installation: &'a Installation,
        transaction: &'a DatabaseTransaction,
        workspace_id: WorkspaceId,
    ) -> Result<Self> {
        take_turn(installation, transaction, workspace_id).await?;
        let (database, now) = (&installation.database, installation.clock.now());
        let mut circumstances = Circumstances::read(transaction, database, workspace_id, now).await?;
        let agents = Self::agents(transaction, database, workspace_id, &mut circumstances).await?;
        Ok(Self { installation, transaction, workspace_id, agents, circumstances, first: None, now })
    }

    async fn agents(
        transaction: &impl ConnectionTrait,
        database: &Database,
        workspace_id: WorkspaceId,
        circumstances: &mut Circumstances,
    ) -> Result<Vec<Agent>> {
        let now = circumstances.now;
        let mut access = access_of_members(transaction, database, workspace_id, now).await?;
        // Who may use nothing before they have a second factor could not answer.
        for member in waited_for(transaction, database, workspace_id, now).await? {
            access.remove(&member);
        }
        let rows = transaction.query_all_raw(database.statement(AGENTS, [workspace_id.0.into()])).await?;
        let mut agents = Vec::with_capacity(rows.len());
        for row in rows {
            let member_id: MemberId = row.try_get_by_index(0)?;
            // A member whose access is not there was made active between the two statements.
            let Some(access) = access.remove(&member_id) else { continue };
            agents.push(Agent {
                member_id,
                access,
                availability: Availability::try_from_value(&row.try_get_by_index(1)?)?,
                capacity: row.try_get_by_index::<i32>(2)?.into(),
                load: row.try_get_by_index(3)?,
                last_assigned_at: row.try_get_by_index(4)?,
                skills: circumstances.take_skills_of(member_id),
            });
        }
        Ok(agents)
    }

    /// Reads what these ask for. To be done before anything is decided about them.
    async fn learn(&mut self, waiting: &[Waiting]) -> Result<()> {
        let (database, workspace) = (&self.installation.database, self.workspace_id);
        self.circumstances.learn(self.transaction, database, workspace, waiting).await
    }

    /// Everybody's verdict on this now, and who would get it.
    fn consider(&self, waiting: &Waiting) -> (Vec<Candidate>, Option<MemberId>) {
        candidate::choose(&self.agents, waiting, &self.circumstances.demand(waiting))
    }

    /// Whether anybody could take what waits at a place, if it asks for nothing more.
    fn has_eligible(&self, waiting: &Waiting) -> bool {
        let demand = self.circumstances.demand(waiting);
        self.agents.iter().any(|agent| agent.judge(waiting, &demand) == Verdict::Eligible)
    }

    /// Gives each episode in turn to whom it is due, or leaves it waiting; either way the reasons are recorded. Answers who
    /// got each.
    pub async fn route(&mut self, waiting: &[Waiting], cause: RoutingCause) -> Result<Vec<Option<MemberId>>> {
        self.learn(waiting).await?;
        let mut chosen = Vec::with_capacity(waiting.len());
        for one in waiting {
            chosen.push(self.route_one(one, cause).await?);
        }
        Ok(chosen)
    }

    async fn route_one(&mut self, waiting: &Waiting, cause: RoutingCause) -> Result<Option<MemberId>> {
        if cause == RoutingCause::NewEpisode
            && let Some(bot) = self.bot_that_answers_first(waiting).await?
        {
            self.give_to_bot(waiting, bot).await?;
            return Ok(None);
        }
        let (candidates, chosen) = self.consider(waiting);
        self.settle(waiting, cause, &candidates, chosen).await?;
        // While a bot has it the team owes nothing: its time begins when people get it.
        if cause == RoutingCause::NewEpisode || cause == RoutingCause::FromBot {
            self.set_targets(waiting, cause).await?;
        }
        Ok(chosen)
    }

    /// By when the team means to have answered and to be done.
    async fn set_targets(&self, waiting: &Waiting, cause: RoutingCause) -> Result<()> {
        if cause == RoutingCause::FromBot && self.has_targets(waiting).await? {
            return Ok(());
        }
        let Some(targets) = self.circumstances.targets(waiting) else { return Ok(()) };
        let (database, of) = (&self.installation.database, (self.workspace_id, waiting.episode_id));
        targets.write(self.transaction, database, of).await
    }

    /// Writes down a decision, and does what it says.
    async fn settle(
        &mut self,
        waiting: &Waiting,
        cause: RoutingCause,
        candidates: &[Candidate],
        chosen: Option<MemberId>,
    ) -> Result<()> {
        self.record(waiting, cause, candidates, chosen).await?;
        self.assign(waiting, candidates, chosen).await?;
        if let Some(member) = chosen.filter(|_| waiting.escalated) {
            let uses = self.installation.viewers.permission_uses();
            uses.note(self.workspace_id, Whose::Member(member), RECEIVES);
        }
        self.tell(waiting, cause, (candidates, chosen)).await?;
        let now = self.now;
        if let Some(agent) = self.agents.iter_mut().find(|agent| Some(agent.member_id) == chosen) {
            agent.load += 1;
            agent.last_assigned_at = Some(now);
        }
        let outcome = if chosen.is_some() { "assigned" } else { "waiting" };
        metrics::counter!("portaria_routing_decisions_total", "outcome" => outcome).increment(1);
        Ok(())
    }

    async fn record(
        &self,
        waiting: &Waiting,
        cause: RoutingCause,
        candidates: &[Candidate],
        chosen: Option<MemberId>,
    ) -> Result<()> {
        let row = routing_decision::ActiveModel {
            workspace_id: Set(self.workspace_id),
            id: Set(self.installation.clock.new_id::<RoutingDecisionId>()),
            conversation_id: Set(waiting.conversation_id),
            episode_id: Set(waiting.episode_id),
            at: Set(self.now),
            cause: Set(cause),
            assignee_id: Set(chosen),
            candidates: Set(serde_json::to_string(candidates).map_err(Error::internal)?),
        };
        routing_decision::Entity::insert(row).exec_without_returning(self.transaction).await?;
        Ok(())
    }

    async fn assign(
        &self,
        waiting: &Waiting,
        candidates: &[Candidate],
        chosen: Option<MemberId>,
    ) -> Result<()> {
        let database = &self.installation.database;
        let (workspace, now) = (self.workspace_id.0, self.now.0);
        let Some(member) = chosen else {
            let sql = "UPDATE episodes SET waiting_reason = $3 WHERE workspace_id = $1 AND id = $2";
            let values =
                [workspace.into(), waiting.episode_id.0.into(), candidate::reason(candidates).into()];
            self.transaction.execute_raw(database.statement(sql, values)).await?;
            return Ok(());
        };
        let key = (self.workspace_id, waiting.conversation_id);
        assignee::write(self.transaction, database, key, (assignee::Holder::Anybody, Some(member))).await?;
        let values = [workspace.into(), waiting.episode_id.0.into(), now.into()];
        let sql = "UPDATE episodes SET first_assigned_at = COALESCE(first_assigned_at, $3), \
                   waiting_reason = NULL WHERE workspace_id = $1 AND id = $2";
        self.transaction.execute_raw(database.statement(sql, values)).await?;
        Ok(())
    }
}

/// To be given what was escalated is a use of what lets them.
const RECEIVES: PermissionSet = PermissionSet::of(&[Permission::ConversationReceiveEscalation]);

impl Routing<'_> {
    /// Tells whose the conversation is now, unless it is whose it was.
    async fn tell(
        &self,
        waiting: &Waiting,
        cause: RoutingCause,
        (candidates, to): (&[Candidate], Option<MemberId>),
    ) -> Result<()> {
        // What is new was in no queue that anybody could see.
        let open = cause != RoutingCause::NewEpisode;
        let queued = Before { open, team_id: waiting.team_id, assignee_id: None, bot_id: None };
        let left = waiting.left.unwrap_or(Left { before: queued, by: By::Portaria });
        if left.before.assignee_id == to && left.before.bot_id.is_none() {
            return Ok(());
        }
        let choice = candidates.iter().find_map(|candidate| match candidate.verdict {
            Verdict::Chosen { reason } => Some(reason),
            _ => None,
        });
        let assigned = Assigned { to, cause: cause.into(), choice, by: left.by, at: self.now };
        let what = (self.workspace_id, waiting.conversation_id);
        append_assigned(self.transaction, &self.installation.clock, what, (left.before, assigned)).await
    }
}

/// Waits until nobody else routes for this workspace. On SQLite there is but one writer anyway.
async fn take_turn(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    workspace: WorkspaceId,
) -> Result<()> {
    /// Keeps these locks apart from those taken for other purposes.
    const CLASS: i32 = 716_471_201;
    if installation.database.is_sqlite() {
        return Ok(());
    }
    // The last bits of an id are random. Two workspaces with the same ones would only wait for each other.
    let [.., a, b, c, d] = *workspace.0.as_bytes();
    let key = i32::from_be_bytes([a, b, c, d]);
    let values = [CLASS.into(), key.into()];
    let lock = installation.database.statement("SELECT pg_advisory_xact_lock($1, $2)", values);
    transaction.query_one_raw(lock).await?;
    Ok(())
}

/// The candidates of a decision, as they were recorded with it.
pub fn candidates(decision: &routing_decision::Model) -> Result<Vec<Candidate>> {
    serde_json::from_str(&decision.candidates).map_err(Error::internal)
}
