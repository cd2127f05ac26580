//! Who could be given what comes to a number, were they there: the same judgement as routing's.

use portaria_entity::id::{ChannelId, ConversationId, EpisodeId, MemberId, TeamId, WorkspaceId};
use portaria_entity::member::Availability;
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use super::Waiting;
use super::candidate::{Agent, Demand, Verdict};
use super::circumstances::Circumstances;
use crate::business_hours::Hours;
use crate::database::Database;
use crate::error::Result;
use crate::grant::access_of_members;
use crate::security_policy::waited_for;

/// A number, perhaps with one of the teams that look after it, and who could be given a conversation there.
pub(crate) struct Served {
    pub channel_id: ChannelId,
    pub team_id: Option<TeamId>,
    pub members: Vec<MemberId>,
    /// None: always.
    pub hours: Option<Hours>,
}

const PLACES: &str = "
SELECT c.id, c.team_id FROM channels c WHERE c.workspace_id = $1
UNION
SELECT s.channel_id, s.team_id FROM team_channels s
JOIN teams t ON t.workspace_id = s.workspace_id AND t.id = s.team_id AND t.deleted_at IS NULL
WHERE s.workspace_id = $1
ORDER BY 1, 2";

const AGENTS: &str =
    "SELECT id, capacity FROM members WHERE workspace_id = $1 AND status = 'active' ORDER BY id";

/// Everybody as routing would see them, were they available and had nothing to do.
async fn idle_agents(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<Agent>> {
    let mut access = access_of_members(connection, database, workspace, now).await?;
    for member in waited_for(connection, database, workspace, now).await? {
        access.remove(&member);
    }
    let mut agents = Vec::new();
    for row in connection.query_all_raw(database.statement(AGENTS, [workspace.0.into()])).await? {
        let member_id: MemberId = row.try_get_by_index(0)?;
        let Some(access) = access.remove(&member_id) else { continue };
        agents.push(Agent {
            member_id,
            access,
            availability: Availability::Available,
            capacity: row.try_get_by_index::<i32>(1)?.into(),
            load: 0,
            last_assigned_at: None,
            skills: Vec::new(),
        });
    }
    Ok(agents)
}

/// Each number as new conversations come to it, and with each team that looks after it.
pub(crate) async fn served(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<Served>> {
    let circumstances = Circumstances::read(connection, database, workspace, now).await?;
    let agents = idle_agents(connection, database, workspace, now).await?;
    let mut served = Vec::new();
    for row in connection.query_all_raw(database.statement(PLACES, [workspace.0.into()])).await? {
        let (channel_id, team_id) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let waiting = Waiting {
            conversation_id: ConversationId(uuid::Uuid::nil()),
            episode_id: EpisodeId(uuid::Uuid::nil()),
            channel_id,
            team_id,
            last_assignee: None,
            left: None,
            escalated: false,
            since: now,
        };
        let demand = Demand { closed: false, ..circumstances.demand(&waiting) };
        let eligible = agents.iter().filter(|agent| agent.judge(&waiting, &demand) == Verdict::Eligible);
        served.push(Served {
            channel_id,
            team_id,
            members: eligible.map(|agent| agent.member_id).collect(),
            hours: circumstances.hours(&waiting).cloned(),
        });
    }
    Ok(served)
}
