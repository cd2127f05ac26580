//! What routing goes by beside who is there: what each waiting conversation asks for, the teams' rules, and the hours.

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::id::{ChannelId, ConversationId, EpisodeId, LabelId, MemberId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use super::Waiting;
use super::candidate::Demand;
use super::setting::{self, TeamRouting};
use crate::business_hours::{self, Hours, Timetable};
use crate::database::{Database, padded};
use crate::error::Result;
use crate::target::Targets;

pub(super) struct Circumstances {
    pub now: Timestamp,
    declined: HashMap<EpisodeId, Vec<MemberId>>,
    asked_for: HashMap<ConversationId, Vec<LabelId>>,
    skills: HashMap<MemberId, Vec<LabelId>>,
    rules: HashMap<TeamId, TeamRouting>,
    /// Which teams look after a number.
    serving: HashMap<ChannelId, Vec<TeamId>>,
    timetable: Timetable,
    skill_wait: Duration,
}

const DECLINED: &str = "
SELECT episode_id, member_id FROM episode_declines WHERE workspace_id = $1 AND episode_id IN ";

const ASKED_FOR: &str = "
SELECT x.conversation_id, l.id FROM conversation_labels x
JOIN labels l ON l.workspace_id = x.workspace_id AND l.id = x.label_id
WHERE x.workspace_id = $1 AND l.is_skill = TRUE AND x.conversation_id IN ";

const SERVING: &str = "SELECT channel_id, team_id FROM team_channels WHERE workspace_id = $1";

const SKILLS: &str = "SELECT member_id, label_id FROM member_skills WHERE workspace_id = $1";

impl Circumstances {
    pub async fn read(
        connection: &impl ConnectionTrait,
        database: &Database,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Self> {
        let mut skills: HashMap<_, Vec<_>> = HashMap::new();
        for row in connection.query_all_raw(database.statement(SKILLS, [workspace.0.into()])).await? {
            skills.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let mut serving: HashMap<_, Vec<_>> = HashMap::new();
        for row in connection.query_all_raw(database.statement(SERVING, [workspace.0.into()])).await? {
            serving.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let rules = setting::of_teams(connection, workspace).await?;
        let timetable = business_hours::timetable(connection, workspace).await?;
        let skill_wait = setting::of_workspace(connection, workspace).await?.skill_wait();
        let (declined, asked_for) = (HashMap::new(), HashMap::new());
        Ok(Self { now, declined, asked_for, skills, rules, serving, timetable, skill_wait })
    }

    /// Reads what these ask for beside what their place does: of others it is not known.
    pub async fn learn(
        &mut self,
        connection: &impl ConnectionTrait,
        database: &Database,
        workspace: WorkspaceId,
        waiting: &[Waiting],
    ) -> Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let statement = |sql: &str, ids: &mut dyn Iterator<Item = uuid::Uuid>| {
            let ids = padded(ids.collect());
            let values: Vec<_> = std::iter::once(workspace.0).chain(ids).map(Into::into).collect();
            let places: Vec<_> = (2..=values.len()).map(|place| format!("${place}")).collect();
            database.statement(&format!("{sql}({})", places.join(", ")), values)
        };
        let declined = statement(DECLINED, &mut waiting.iter().map(|one| one.episode_id.0));
        for row in connection.query_all_raw(declined).await? {
            self.declined.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let asked_for = statement(ASKED_FOR, &mut waiting.iter().map(|one| one.conversation_id.0));
        for row in connection.query_all_raw(asked_for).await? {
            self.asked_for.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        Ok(())
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

    /// The hours that it goes by. None: always.
    pub fn hours(&self, waiting: &Waiting) -> Option<&Hours> {
        self.timetable.of((waiting.channel_id, waiting.team_id))
    }

    pub fn demand(&self, waiting: &Waiting) -> Demand {
        Demand {
            teams: match waiting.team_id {
                Some(team) => vec![team],
                None => self.serving.get(&waiting.channel_id).cloned().unwrap_or_default(),
            },
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
