//! What routing goes by beside who is there: what each waiting conversation asks for, the teams' rules, and the hours.

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::id::{ConversationId, EpisodeId, LabelId, MemberId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use super::Waiting;
use super::candidate::Demand;
use super::setting::{self, TeamRouting};
use crate::business_hours::{self, Timetable};
use crate::database::Database;
use crate::error::Result;
use crate::target::Targets;

pub(super) struct Circumstances {
    pub now: Timestamp,
    declined: HashMap<EpisodeId, Vec<MemberId>>,
    asked_for: HashMap<ConversationId, Vec<LabelId>>,
    skills: HashMap<MemberId, Vec<LabelId>>,
    rules: HashMap<TeamId, TeamRouting>,
    timetable: Timetable,
    skill_wait: Duration,
}

const DECLINED: &str = "
SELECT d.episode_id, d.member_id FROM episode_declines d
JOIN conversations c ON c.workspace_id = d.workspace_id AND c.episode_id = d.episode_id
WHERE d.workspace_id = $1 AND c.assignee_id IS NULL AND c.status <> 'resolved'";

const ASKED_FOR: &str = "
SELECT c.id, l.id FROM labels l
JOIN conversation_labels x ON x.workspace_id = l.workspace_id AND x.label_id = l.id
JOIN conversations c ON c.workspace_id = x.workspace_id AND c.id = x.conversation_id
WHERE l.workspace_id = $1 AND l.is_skill = TRUE AND c.assignee_id IS NULL AND c.status <> 'resolved'";

const SKILLS: &str = "SELECT member_id, label_id FROM member_skills WHERE workspace_id = $1";

impl Circumstances {
    pub async fn read(
        connection: &impl ConnectionTrait,
        database: &Database,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Self> {
        let mut declined: HashMap<_, Vec<_>> = HashMap::new();
        for row in connection.query_all_raw(database.statement(DECLINED, [workspace.0.into()])).await? {
            declined.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let mut asked_for: HashMap<_, Vec<_>> = HashMap::new();
        for row in connection.query_all_raw(database.statement(ASKED_FOR, [workspace.0.into()])).await? {
            asked_for.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let mut skills: HashMap<_, Vec<_>> = HashMap::new();
        for row in connection.query_all_raw(database.statement(SKILLS, [workspace.0.into()])).await? {
            skills.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let rules = setting::of_teams(connection, workspace).await?;
        let timetable = business_hours::timetable(connection, workspace).await?;
        let skill_wait = setting::of_workspace(connection, workspace).await?.skill_wait();
        Ok(Self { now, declined, asked_for, skills, rules, timetable, skill_wait })
    }

    pub fn take_skills_of(&mut self, member: MemberId) -> Vec<LabelId> {
        self.skills.remove(&member).unwrap_or_default()
    }

    /// The targets of what begins now; none where its team has none.
    pub fn targets(&self, waiting: &Waiting) -> Option<Targets> {
        let routing = self.rules.get(&waiting.team_id?)?;
        let hours = self.timetable.of((waiting.channel_id, waiting.team_id));
        Some(Targets::of(routing, hours, waiting.since))
    }

    pub fn demand(&self, waiting: &Waiting) -> Demand {
        Demand {
            declined: self.declined.get(&waiting.episode_id).cloned().unwrap_or_default(),
            skills: self.asked_for.get(&waiting.conversation_id).cloned().unwrap_or_default(),
            skills_may_lack: self.now.since(waiting.since) >= self.skill_wait,
            closed: self
                .timetable
                .of((waiting.channel_id, waiting.team_id))
                .is_some_and(|hours| !hours.is_open(self.now)),
            routing: waiting.team_id.and_then(|team| self.rules.get(&team)).copied().unwrap_or_default(),
        }
    }
}
