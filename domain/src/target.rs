//! Targets: by when a team means to have answered and to be done, in minutes of its hours; and who waits for too long. A
//! watcher raises an alert before a target is missed, and settles it when the danger is over.

mod pause;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use portaria_entity::alert::{self, AlertKind, AlertSeverity};
use portaria_entity::episode;
use portaria_entity::id::{ChannelId, EpisodeId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};

use crate::alert::{Details, Raised, raise, settle};
use crate::business_hours::{Hours, Timetable, timetable};
use crate::database::Database;
use crate::error::Result;
use crate::installation::Installation;
use crate::routing::setting::{self, TeamRouting, WorkspaceRouting, minutes};

pub use pause::go_on;
pub(crate) use pause::{begin_anew, pause};

/// When a target falls due, and from when on it is at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    pub at: Timestamp,
    pub risk_at: Timestamp,
}

/// The targets of one episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    pub first_response: Option<Due>,
    pub resolution: Option<Due>,
}

impl Targets {
    pub(crate) fn of(routing: &TeamRouting, hours: Option<&Hours>, since: Timestamp) -> Self {
        let due = |count: Option<i32>| {
            let count = count?;
            let risky = i64::from(count) * i64::from(routing.at_risk_percent) / 100;
            Some(Due {
                at: after(hours, since, count)?,
                risk_at: after(hours, since, i32::try_from(risky).ok()?)?,
            })
        };
        Self {
            first_response: due(routing.first_response_minutes),
            resolution: due(routing.resolution_minutes),
        }
    }

    pub(crate) async fn write(
        self,
        connection: &impl ConnectionTrait,
        database: &Database,
        (workspace, episode): (WorkspaceId, EpisodeId),
    ) -> Result<()> {
        let sql = "UPDATE episodes SET first_response_due_at = $3, first_response_risk_at = $4, \
                   resolution_due_at = $5, resolution_risk_at = $6 WHERE workspace_id = $1 AND id = $2";
        let values = [
            workspace.0.into(),
            episode.0.into(),
            self.first_response.map(|due| due.at.0).into(),
            self.first_response.map(|due| due.risk_at.0).into(),
            self.resolution.map(|due| due.at.0).into(),
            self.resolution.map(|due| due.risk_at.0).into(),
        ];
        connection.execute_raw(database.statement(sql, values)).await?;
        Ok(())
    }
}

fn after(hours: Option<&Hours>, since: Timestamp, count: i32) -> Option<Timestamp> {
    match hours {
        Some(hours) => hours.after(since, count),
        None => Some(since + minutes(count)),
    }
}

/// When so much time of these hours has gone by.
fn shifted(hours: Option<&Hours>, since: Timestamp, micros: i64) -> Option<Timestamp> {
    match hours {
        Some(hours) => hours.after_micros(since, micros),
        None => Some(Timestamp(since.0.saturating_add(micros))),
    }
}

/// How much time of these hours lies between two instants.
fn time_between(hours: Option<&Hours>, from: Timestamp, until: Timestamp) -> i64 {
    match hours {
        Some(hours) => hours.open_between(from, until),
        None => until.0.saturating_sub(from.0).max(0),
    }
}

/// The episodes with these ids, for what they say of their targets.
pub async fn episodes(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[EpisodeId],
) -> Result<Vec<episode::Model>> {
    let find = episode::Entity::find()
        .filter(episode::Column::WorkspaceId.eq(workspace))
        .filter(episode::Column::Id.is_in(ids.iter().copied()));
    Ok(find.all(connection).await?)
}

const AT_RISK: &str = "
SELECT e.workspace_id, c.channel_id, c.team_id, t.name, 'first_response', COUNT(*) FROM episodes e
JOIN conversations c ON c.workspace_id = e.workspace_id AND c.episode_id = e.id
JOIN teams t ON t.workspace_id = c.workspace_id AND t.id = c.team_id
WHERE e.first_response_risk_at <= $1 AND e.first_response_at IS NULL AND e.resolved_at IS NULL
GROUP BY e.workspace_id, c.channel_id, c.team_id, t.name
UNION ALL
SELECT e.workspace_id, c.channel_id, c.team_id, t.name, 'resolution', COUNT(*) FROM episodes e
JOIN conversations c ON c.workspace_id = e.workspace_id AND c.episode_id = e.id
JOIN teams t ON t.workspace_id = c.workspace_id AND t.id = c.team_id
WHERE e.resolution_risk_at <= $1 AND e.resolved_at IS NULL
GROUP BY e.workspace_id, c.channel_id, c.team_id, t.name";

const WAITING: &str = "
SELECT c.workspace_id, c.channel_id, c.team_id, n.name, MIN(COALESCE(c.waiting_since, c.last_activity_at)), COUNT(*)
FROM conversations c JOIN channels n ON n.workspace_id = c.workspace_id AND n.id = c.channel_id
WHERE c.status = 'open' AND c.assignee_id IS NULL AND c.bot_id IS NULL AND c.episode_id IS NOT NULL
GROUP BY c.workspace_id, c.channel_id, c.team_id, n.name";

/// What is to be told of one cause.
struct Told {
    channel: ChannelId,
    severity: AlertSeverity,
    details: Details,
}

/// Raises what is at risk and who waits for too long, and settles what is over. To be called once a minute.
pub async fn watch(installation: &Installation) -> Result<()> {
    let at_risk = at_risk(installation).await?;
    tell(installation, AlertKind::TargetAtRisk, at_risk).await?;
    let waiting = waiting_too_long(installation).await?;
    tell(installation, AlertKind::WaitingTooLong, waiting).await
}

async fn at_risk(installation: &Installation) -> Result<BTreeMap<(WorkspaceId, String), Told>> {
    let (database, now) = (&installation.database, installation.clock.now());
    let mut found = BTreeMap::new();
    for row in database.reader().query_all_raw(database.statement(AT_RISK, [now.0.into()])).await? {
        let channel: ChannelId = row.try_get_by_index(1)?;
        let team: TeamId = row.try_get_by_index(2)?;
        let target: String = row.try_get_by_index(4)?;
        let details = Details::from([
            ("team".to_owned(), row.try_get_by_index(3)?),
            ("target".to_owned(), target.clone()),
            ("count".to_owned(), row.try_get_by_index::<i64>(5)?.to_string()),
        ]);
        let cause = format!("{team}:{channel}:{target}");
        let told = Told { channel, severity: AlertSeverity::Warning, details };
        found.insert((row.try_get_by_index(0)?, cause), told);
    }
    Ok(found)
}

async fn waiting_too_long(installation: &Installation) -> Result<BTreeMap<(WorkspaceId, String), Told>> {
    let (database, now) = (&installation.database, installation.clock.now());
    let reader = database.reader();
    let mut limits: BTreeMap<WorkspaceId, Limits> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for row in reader.query_all_raw(database.statement(WAITING, [])).await? {
        let workspace: WorkspaceId = row.try_get_by_index(0)?;
        let place: (ChannelId, Option<TeamId>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let limits = match limits.entry(workspace) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Limits::read(reader, workspace).await?),
        };
        if !limits.is_passed(place, row.try_get_by_index(4)?, now) {
            continue;
        }
        let details = Details::from([
            ("channel".to_owned(), row.try_get_by_index(3)?),
            ("count".to_owned(), row.try_get_by_index::<i64>(5)?.to_string()),
        ]);
        let team = place.1.map_or_else(|| "none".to_owned(), |team| team.to_string());
        let told = Told { channel: place.0, severity: AlertSeverity::Warning, details };
        found.insert((workspace, format!("{}:{team}", place.0)), told);
    }
    Ok(found)
}

/// How long customers of a workspace may wait.
struct Limits {
    workspace: WorkspaceRouting,
    teams: HashMap<TeamId, TeamRouting>,
    timetable: Timetable,
}

impl Limits {
    async fn read(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Self> {
        Ok(Self {
            workspace: setting::of_workspace(connection, workspace).await?,
            teams: setting::of_teams(connection, workspace).await?,
            timetable: timetable(connection, workspace).await?,
        })
    }

    /// Whether the limit is passed, of minutes in which somebody works there; never while nobody does.
    fn is_passed(&self, place: (ChannelId, Option<TeamId>), since: Timestamp, now: Timestamp) -> bool {
        let of_team = place.1.map(|team| self.teams.get(&team).copied().unwrap_or_default());
        let limit =
            of_team.map_or(self.workspace.waiting_alert_minutes, |routing| routing.waiting_alert_minutes);
        let hours = self.timetable.of(place);
        let Some(limit) = limit else { return false };
        hours.is_none_or(|hours| hours.is_open(now))
            && after(hours, since, limit).is_some_and(|end| end <= now)
    }
}

async fn tell(
    installation: &Installation,
    kind: AlertKind,
    found: BTreeMap<(WorkspaceId, String), Told>,
) -> Result<()> {
    let Installation { database, clock, .. } = installation;
    let open: Vec<(WorkspaceId, String)> = alert::Entity::find()
        .select_only()
        .column(alert::Column::WorkspaceId)
        .column(alert::Column::Cause)
        .filter(alert::Column::Kind.eq(kind))
        .filter(alert::Column::ResolvedAt.is_null())
        .into_tuple()
        .all(database.reader())
        .await?;
    let lasting: HashSet<_> = found.keys().cloned().collect();
    for (workspace, cause) in open.into_iter().filter(|one| !lasting.contains(one)) {
        settle(database.writer(), (database, clock), (workspace, kind, &cause)).await?;
    }
    for ((workspace_id, cause), told) in found {
        let Told { channel, severity, details } = told;
        let raised = Raised { workspace_id, kind, cause, severity, channel_id: Some(channel), details };
        raise(database.writer(), (database, clock), raised).await?;
    }
    Ok(())
}
