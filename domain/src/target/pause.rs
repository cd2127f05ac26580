//! The time for a stretch's targets stands still while its conversation is put off: what is due falls due so much later, in
//! time in which somebody works there. When it is to be open again is known, and so is what will be due then; should it be
//! open earlier, that is reckoned anew from what was due before.

use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::episode;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{Due, Targets, shifted, time_between};
use crate::business_hours::{Hours, timetable};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::routing::setting;

impl Targets {
    /// As they stand.
    fn at(episode: &episode::Model) -> Self {
        let due = |at: Option<Timestamp>, risk_at: Option<Timestamp>| {
            let (at, risk_at) = (at?, risk_at?);
            Some(Due { at, risk_at })
        };
        Self {
            first_response: due(episode.first_response_due_at, episode.first_response_risk_at),
            resolution: due(episode.resolution_due_at, episode.resolution_risk_at),
        }
    }

    /// As they stand after so much time of these hours was not counted from an instant on. What was done or missed by then
    /// stays so.
    fn put_off(
        self,
        (episode, hours): (&episode::Model, Option<&Hours>),
        (from, micros): (Timestamp, i64),
    ) -> Self {
        let later = |due: Due| match due.at > from {
            true => Some(Due {
                at: shifted(hours, due.at, micros)?,
                risk_at: shifted(hours, due.risk_at, micros)?,
            }),
            false => Some(due),
        };
        Self {
            first_response: match episode.first_response_at {
                Some(_) => self.first_response,
                None => self.first_response.and_then(later),
            },
            resolution: self.resolution.and_then(later),
        }
    }
}

async fn episode(
    connection: &impl ConnectionTrait,
    row: &conversation::Model,
) -> Result<Option<episode::Model>> {
    let Some(id) = row.episode_id else { return Ok(None) };
    Ok(episode::Entity::find_by_id((row.workspace_id, id)).one(connection).await?)
}

/// Lets the time stand still from now until an instant.
pub(crate) async fn pause(
    connection: &impl ConnectionTrait,
    database: &Database,
    row: &conversation::Model,
    (now, until): (Timestamp, Timestamp),
) -> Result<()> {
    let Some(episode) = episode(connection, row).await? else { return Ok(()) };
    let timetable = timetable(connection, row.workspace_id).await?;
    let hours = timetable.of((row.channel_id, row.team_id));
    let targets = Targets::at(&episode);
    let sql = "UPDATE episodes SET put_off_at = $3, put_off_targets = $4 WHERE workspace_id = $1 AND id = $2";
    let kept = serde_json::to_string(&targets).map_err(Error::internal)?;
    let key = (row.workspace_id, episode.id);
    let values = [key.0.0.into(), key.1.0.into(), now.0.into(), kept.into()];
    connection.execute_raw(database.statement(sql, values)).await?;
    let standing = time_between(hours, now, until);
    targets.put_off((&episode, hours), (now, standing)).write(connection, database, key).await
}

/// Lets the time go on, at the latest since it was to.
pub async fn go_on(
    connection: &impl ConnectionTrait,
    database: &Database,
    row: &conversation::Model,
    now: Timestamp,
) -> Result<()> {
    if row.status != ConversationStatus::Snoozed {
        return Ok(());
    }
    let Some(episode) = episode(connection, row).await? else { return Ok(()) };
    let (Some(from), Some(kept)) = (episode.put_off_at, &episode.put_off_targets) else { return Ok(()) };
    let targets: Targets = serde_json::from_str(kept).map_err(Error::internal)?;
    let timetable = timetable(connection, row.workspace_id).await?;
    let hours = timetable.of((row.channel_id, row.team_id));
    let stood = time_between(hours, from, row.snoozed_until.unwrap_or(now).min(now));
    let sql = "UPDATE episodes SET put_off_at = NULL, put_off_targets = NULL, put_off_micros = put_off_micros + $3 \
               WHERE workspace_id = $1 AND id = $2";
    let key = (row.workspace_id, episode.id);
    let values = [key.0.0.into(), key.1.0.into(), stood.into()];
    connection.execute_raw(database.statement(sql, values)).await?;
    targets.put_off((&episode, hours), (from, stood)).write(connection, database, key).await
}

/// Reckons the targets of a conversation by those of the team that it has now, from when its stretch began, without the time
/// for which it was put off. An answer that was given is judged by what was meant then.
pub(crate) async fn begin_anew(
    connection: &impl ConnectionTrait,
    database: &Database,
    row: &conversation::Model,
) -> Result<()> {
    let Some(episode) = episode(connection, row).await? else { return Ok(()) };
    let timetable = timetable(connection, row.workspace_id).await?;
    let hours = timetable.of((row.channel_id, row.team_id));
    let since = episode.called_at.unwrap_or(episode.opened_at);
    let mut targets = Targets { first_response: None, resolution: None };
    if let Some(team) = row.team_id {
        let routing = setting::of_team(connection, row.workspace_id, team).await?;
        targets = Targets::of(&routing, hours, since);
        targets = targets.put_off((&episode, hours), (since, episode.put_off_micros));
    }
    if episode.first_response_at.is_some() {
        targets.first_response = Targets::at(&episode).first_response;
    }
    targets.write(connection, database, (row.workspace_id, episode.id)).await
}
