//! How a workspace and each of its teams route: what is set, within bounds, with a default for all.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use portaria_entity::id::{TeamId, WorkspaceId};
use portaria_entity::team_routing::{self, RoutingRule};
use portaria_entity::{team, workspace_routing};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::error::{Error, Refusal, Result};
use crate::granting::Change;

/// From a minute to thirty days.
const MINUTES: RangeInclusive<i32> = 1..=30 * 24 * 60;

/// How a workspace routes, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkspaceRouting {
    /// Who is not there for so long is offline. None: nobody is taken for away.
    pub absent_after_minutes: Option<i32>,
    /// Who is offline for so long gives back whom they owe an answer.
    pub give_back_after_minutes: i32,
    /// Of what is no team's: after so long it is an alert that a customer waits. None: never.
    pub waiting_alert_minutes: Option<i32>,
    /// For so long a conversation waits for somebody with the skill it needs.
    pub skill_wait_minutes: i32,
}

impl Default for WorkspaceRouting {
    fn default() -> Self {
        Self {
            absent_after_minutes: Some(15),
            give_back_after_minutes: 5,
            waiting_alert_minutes: Some(15),
            skill_wait_minutes: 10,
        }
    }
}

impl WorkspaceRouting {
    pub fn skill_wait(self) -> Duration {
        minutes(self.skill_wait_minutes)
    }

    fn told(self) -> Value {
        json!({
            "absentAfterMinutes": self.absent_after_minutes,
            "giveBackAfterMinutes": self.give_back_after_minutes,
            "waitingAlertMinutes": self.waiting_alert_minutes,
            "skillWaitMinutes": self.skill_wait_minutes,
        })
    }
}

/// How a team's conversations are routed, and what it means to achieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamRouting {
    pub rule: RoutingRule,
    /// Whether customers stay with who had them before.
    pub sticky: bool,
    /// After so long it is an alert that a customer waits and nobody is found. None: never.
    pub waiting_alert_minutes: Option<i32>,
    /// Within so many minutes of its hours the team means to answer.
    pub first_response_minutes: Option<i32>,
    /// Within so many minutes of its hours the team means to be done.
    pub resolution_minutes: Option<i32>,
    /// When so much of the time is used up, somebody is told.
    pub at_risk_percent: i32,
}

impl Default for TeamRouting {
    fn default() -> Self {
        Self {
            rule: RoutingRule::LeastLoaded,
            sticky: true,
            waiting_alert_minutes: Some(15),
            first_response_minutes: None,
            resolution_minutes: None,
            at_risk_percent: 80,
        }
    }
}

impl TeamRouting {
    fn told(self) -> Value {
        json!({
            "rule": self.rule.to_value(),
            "sticky": self.sticky,
            "waitingAlertMinutes": self.waiting_alert_minutes,
            "firstResponseMinutes": self.first_response_minutes,
            "resolutionMinutes": self.resolution_minutes,
            "atRiskPercent": self.at_risk_percent,
        })
    }
}

impl From<team_routing::Model> for TeamRouting {
    fn from(row: team_routing::Model) -> Self {
        Self {
            rule: row.rule,
            sticky: row.sticky,
            waiting_alert_minutes: row.waiting_alert_minutes,
            first_response_minutes: row.first_response_minutes,
            resolution_minutes: row.resolution_minutes,
            at_risk_percent: row.at_risk_percent,
        }
    }
}

pub(crate) fn minutes(count: i32) -> Duration {
    Duration::from_secs(60 * u64::try_from(count).unwrap_or(0))
}

/// How a workspace routes.
pub async fn of_workspace(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<WorkspaceRouting> {
    let row = workspace_routing::Entity::find_by_id(workspace).one(connection).await?;
    Ok(row.map_or_else(WorkspaceRouting::default, |row| WorkspaceRouting {
        absent_after_minutes: row.absent_after_minutes,
        give_back_after_minutes: row.give_back_after_minutes,
        waiting_alert_minutes: row.waiting_alert_minutes,
        skill_wait_minutes: row.skill_wait_minutes,
    }))
}

/// How the teams route of which something is set.
pub async fn of_teams(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<HashMap<TeamId, TeamRouting>> {
    let find = team_routing::Entity::find().filter(team_routing::Column::WorkspaceId.eq(workspace));
    Ok(find.all(connection).await?.into_iter().map(|row| (row.team_id, row.into())).collect())
}

/// How a team routes.
pub async fn of_team(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    team: TeamId,
) -> Result<TeamRouting> {
    let row = team_routing::Entity::find_by_id((workspace, team)).one(connection).await?;
    Ok(row.map(Into::into).unwrap_or_default())
}

/// Writes how a workspace routes.
pub async fn write(
    connection: &impl ConnectionTrait,
    database: &crate::database::Database,
    workspace: WorkspaceId,
    setting: WorkspaceRouting,
) -> Result<()> {
    let sql = "INSERT INTO workspace_routings (workspace_id, absent_after_minutes, give_back_after_minutes, \
               waiting_alert_minutes, skill_wait_minutes) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (workspace_id) DO UPDATE SET absent_after_minutes = $2, give_back_after_minutes = $3, \
               waiting_alert_minutes = $4, skill_wait_minutes = $5";
    let values = [
        workspace.0.into(),
        setting.absent_after_minutes.into(),
        setting.give_back_after_minutes.into(),
        setting.waiting_alert_minutes.into(),
        setting.skill_wait_minutes.into(),
    ];
    connection.execute_raw(database.statement(sql, values)).await?;
    Ok(())
}

/// Sets how a workspace routes.
pub async fn update_workspace(
    change: &mut Change<'_>,
    setting: WorkspaceRouting,
) -> Result<WorkspaceRouting> {
    let optional = [setting.absent_after_minutes, setting.waiting_alert_minutes];
    let required = [setting.give_back_after_minutes, setting.skill_wait_minutes];
    // Giving back at once, and waiting for no skill, are as good as any.
    if !optional.iter().flatten().all(|count| MINUTES.contains(count))
        || !required.iter().all(|count| *count == 0 || MINUTES.contains(count))
    {
        return Err(Refusal::InvalidPeriod.into());
    }
    let before = of_workspace(&change.transaction, change.workspace_id).await?;
    write(&change.transaction, &change.installation.database, change.workspace_id, setting).await?;
    let told = (Some(before.told()), Some(setting.told()));
    change.record("routing.updated", change.workspace_id, told).await?;
    Ok(setting)
}

/// Sets how a team's conversations are routed. Targets hold for what begins from now on.
pub async fn update_team(change: &mut Change<'_>, team: TeamId, setting: TeamRouting) -> Result<team::Model> {
    let find =
        team::Entity::find_by_id((change.workspace_id, team)).filter(team::Column::DeletedAt.is_null());
    let row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    let periods = [setting.waiting_alert_minutes, setting.first_response_minutes, setting.resolution_minutes];
    if !periods.iter().flatten().all(|count| MINUTES.contains(count))
        || !(1..=100).contains(&setting.at_risk_percent)
    {
        return Err(Refusal::InvalidPeriod.into());
    }
    let before = of_team(&change.transaction, change.workspace_id, team).await?;
    let sql = "INSERT INTO team_routings (workspace_id, team_id, rule, sticky, waiting_alert_minutes, \
               first_response_minutes, resolution_minutes, at_risk_percent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (workspace_id, team_id) DO UPDATE SET rule = $3, sticky = $4, waiting_alert_minutes = $5, \
               first_response_minutes = $6, resolution_minutes = $7, at_risk_percent = $8";
    let values = [
        team.0.into(),
        setting.rule.to_value().into(),
        setting.sticky.into(),
        setting.waiting_alert_minutes.into(),
        setting.first_response_minutes.into(),
        setting.resolution_minutes.into(),
        setting.at_risk_percent.into(),
    ];
    change.execute(sql, values).await?;
    change.record("team.routing_updated", team, (Some(before.told()), Some(setting.told()))).await?;
    Ok(row)
}
