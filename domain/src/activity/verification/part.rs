//! A part of the chain verified by itself, so that a long one can be gone through bit by bit.

use portaria_entity::id::{ActivityId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::key::{AFTER, BEFORE, neighbour};
use super::{ERASED, Flaw, Head, Walk, chain, erased_ids};
use crate::error::Result;
use crate::installation::Installation;

/// Verifies the seals after the first of these numbers up to the second. Nothing but that part is read, beside what was
/// recorded of erasures.
pub async fn verify_part(
    installation: &Installation,
    workspace: WorkspaceId,
    (after, last): (i64, i64),
) -> Result<Vec<Flaw>> {
    let mut walk = Walk::new(installation, workspace, None).await?;
    walk.last = start(installation, workspace, after).await?;
    walk.key = neighbour(installation, workspace, (BEFORE, after + 1)).await?;
    let mut ids: Option<(ActivityId, ActivityId)> = None;
    while walk.last.sequence < last {
        let mut seals = walk.page().await?;
        seals.retain(|seal| seal.sequence <= last);
        if seals.is_empty() {
            break;
        }
        for seal in &seals {
            let (first, latest) = ids.unwrap_or((seal.activity, seal.activity));
            ids = Some((first.min(seal.activity), latest.max(seal.activity)));
        }
        walk.check(seals, None).await?;
    }
    if !walk.keyless.is_empty()
        && let Some(next) = neighbour(installation, workspace, (AFTER, last)).await?
    {
        walk.comes_to(&next);
    }
    let misfits = std::mem::take(&mut walk.misfits);
    for misfit in &misfits {
        let flaw = walk.tell(misfit)?;
        walk.verdict.flaws.push(flaw);
    }
    let ends = walk.last.sequence;
    if ends < last && last >= walk.written.sequence {
        walk.verdict.flaws.push(Flaw::TailCut { last: ends, expected: last });
    } else if ends < last {
        walk.verdict.flaws.push(Flaw::SealsRemoved { first: ends + 1, last });
    }
    walk.look_for_erasures().await?;
    // What is older than the first seal, or newer than the last, belongs to no other part.
    let first = if after <= 0 { Some(ActivityId(Uuid::nil())) } else { ids.map(|(first, _)| first) };
    let latest =
        if last >= walk.written.sequence { Some(ActivityId(Uuid::max())) } else { ids.map(|(_, last)| last) };
    if let (Some(first), Some(latest)) = (first, latest) {
        walk.find_unsealed_between((first, latest)).await?;
    }
    Ok(walk.verdict.flaws)
}

/// Where the chain ends: as is put down, and by the last seal that is there.
pub async fn extent(installation: &Installation, workspace: WorkspaceId) -> Result<(i64, i64)> {
    let database = &installation.database;
    let sql = "SELECT COALESCE(MAX(sequence), 0) FROM activity_seals WHERE workspace_id = $1";
    let row = database.reader().query_one_raw(database.statement(sql, [workspace.0.into()])).await?;
    let last = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    // Read afterwards, so that what is sealed meanwhile does not look like an end that was set back.
    Ok((chain::head(installation, workspace).await?.sequence, last))
}

/// The number of the first seal of what was done since then; none when nothing was, or nothing is sealed yet.
pub async fn first_since(
    installation: &Installation,
    workspace: WorkspaceId,
    since: Timestamp,
) -> Result<Option<i64>> {
    let database = &installation.database;
    let sql = "SELECT s.sequence FROM activities a \
               JOIN activity_seals s ON s.workspace_id = a.workspace_id AND s.activity_id = a.id \
               WHERE a.workspace_id = $1 AND a.\"at\" >= $2 ORDER BY a.\"at\" LIMIT 1";
    let values = [workspace.0.into(), since.0.into()];
    let row = database.reader().query_one_raw(database.statement(sql, values)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The seal before a part. One that is gone is found as missing, and what follows as unchecked.
async fn start(installation: &Installation, workspace: WorkspaceId, after: i64) -> Result<Head> {
    if after <= 0 {
        return Ok(Head::origin());
    }
    let database = &installation.database;
    let sql = "SELECT mac FROM activity_seals WHERE workspace_id = $1 AND sequence = $2";
    let values = [workspace.0.into(), after.into()];
    Ok(match database.reader().query_one_raw(database.statement(sql, values)).await? {
        Some(row) => Head { sequence: after, mac: row.try_get_by_index(0)? },
        None => Head { sequence: after - 1, mac: Vec::new() },
    })
}

impl Walk<'_> {
    /// Details that are gone, and no record of an erasure names. Such records are verified where they stand.
    async fn look_for_erasures(&mut self) -> Result<()> {
        if self.without_details.is_empty() {
            return Ok(());
        }
        let database = &self.installation.database;
        let sql = format!(
            "SELECT d.\"after\" FROM activities a \
             JOIN activity_details d ON d.workspace_id = a.workspace_id AND d.activity_id = a.id \
             WHERE a.workspace_id = $1 AND a.action = '{ERASED}'"
        );
        let rows =
            database.reader().query_all_raw(database.statement(&sql, [self.workspace.0.into()])).await?;
        for row in rows {
            let after: Option<String> = row.try_get_by_index(0)?;
            self.erased.extend(after.as_deref().and_then(erased_ids).into_iter().flatten());
        }
        for activity in self.without_details.difference(&self.erased) {
            self.verdict.flaws.push(Flaw::DetailsRemoved { activity: *activity });
        }
        Ok(())
    }

    /// Rows among those of the part that neither are sealed nor wait for it.
    async fn find_unsealed_between(&mut self, (first, last): (ActivityId, ActivityId)) -> Result<()> {
        let database = &self.installation.database;
        let sql = "SELECT a.id FROM activities a \
                   LEFT JOIN activity_seals s ON s.workspace_id = a.workspace_id AND s.activity_id = a.id \
                   LEFT JOIN activity_queue q ON q.workspace_id = a.workspace_id AND q.activity_id = a.id \
                   WHERE a.workspace_id = $1 AND a.id >= $2 AND a.id <= $3 \
                     AND s.activity_id IS NULL AND q.activity_id IS NULL ORDER BY a.id";
        let values = [self.workspace.0.into(), first.0.into(), last.0.into()];
        for row in database.reader().query_all_raw(database.statement(sql, values)).await? {
            self.verdict.flaws.push(Flaw::Unsealed { activity: row.try_get_by_index(0)? });
        }
        Ok(())
    }
}
