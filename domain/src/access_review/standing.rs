//! Whether what a review asks about is held still.

use std::collections::{HashMap, HashSet};

use portaria_entity::access_review_item::{ItemKind, Model};
use portaria_entity::id::{AccessReviewItemId, MemberId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::snapshot::Snapshot;
use crate::database::{Database, padded};
use crate::error::Result;

/// Items looked at by one statement.
const BATCH: usize = 256;

const GRANTS: &str = "SELECT id FROM grants WHERE workspace_id = $1 AND closed_at IS NULL \
                      AND (valid_until IS NULL OR valid_until > $2) AND id IN ({})";
const OF_KEYS: &str = "SELECT g.id FROM api_key_grants g \
                       JOIN api_keys k ON k.workspace_id = g.workspace_id AND k.id = g.api_key_id \
                       WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND k.revoked_at IS NULL AND k.expires_at > $2 \
                       AND g.id IN ({})";
const ELIGIBILITIES: &str = "SELECT id FROM emergency_eligibilities WHERE workspace_id = $1 AND created_at <= $2 \
                             AND closed_at IS NULL AND id IN ({})";
const PLACES: &str = "SELECT team_id, member_id, created_at FROM team_members \
                      WHERE workspace_id = $1 AND created_at <= $2 AND member_id IN ({})";

/// `$3`, `$4`, ... in place of `{}`, for a list that follows workspace and time.
pub(super) fn listed(sql: &str, ids: &[Uuid]) -> String {
    let places: Vec<String> = (3..3 + ids.len()).map(|number| format!("${number}")).collect();
    sql.replace("{}", &places.join(", "))
}

pub(super) fn values(workspace: WorkspaceId, at: Timestamp, ids: &[Uuid]) -> Vec<Value> {
    let fixed: [Value; 2] = [workspace.0.into(), at.0.into()];
    fixed.into_iter().chain(ids.iter().map(|id| (*id).into())).collect()
}

/// Those items of one workspace whose grant, place or eligibility has ended, or was replaced by another.
pub async fn ended_among(
    connection: &impl ConnectionTrait,
    database: &Database,
    items: &[Model],
    now: Timestamp,
) -> Result<HashSet<AccessReviewItemId>> {
    let mut ended = HashSet::new();
    for batch in items.chunks(BATCH) {
        let Some(first) = batch.first() else { continue };
        let mut held: HashSet<Uuid> = HashSet::new();
        for (kind, sql) in [
            (ItemKind::Grant, GRANTS),
            (ItemKind::ApiKeyGrant, OF_KEYS),
            (ItemKind::EmergencyEligibility, ELIGIBILITIES),
        ] {
            let ids: Vec<Uuid> =
                batch.iter().filter(|item| item.kind == kind).filter_map(|item| item.title_id).collect();
            if ids.is_empty() {
                continue;
            }
            let ids = padded(ids);
            let statement = database.statement(&listed(sql, &ids), values(first.workspace_id, now, &ids));
            for row in connection.query_all_raw(statement).await? {
                held.insert(row.try_get_by_index(0)?);
            }
        }
        let places = places(connection, database, (first.workspace_id, batch), now).await?;
        for item in batch {
            let holds = match (item.kind, item.title_id, item.team_id.zip(item.member_id)) {
                (ItemKind::TeamMembership, _, Some(place)) => {
                    places.get(&place) == Some(&Snapshot::of(item)?.since.0)
                }
                (_, Some(title), _) => held.contains(&title),
                (_, None, _) => false,
            };
            if !holds {
                ended.insert(item.id);
            }
        }
    }
    Ok(ended)
}

async fn places(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, items): (WorkspaceId, &[Model]),
    now: Timestamp,
) -> Result<HashMap<(TeamId, MemberId), Timestamp>> {
    let in_teams = items.iter().filter(|item| item.kind == ItemKind::TeamMembership);
    let ids: Vec<Uuid> = in_teams.filter_map(|item| item.member_id).map(|member| member.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = padded(ids);
    let statement = database.statement(&listed(PLACES, &ids), values(workspace, now, &ids));
    let mut places = HashMap::new();
    for row in connection.query_all_raw(statement).await? {
        let place = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        places.insert(place, row.try_get_by_index(2)?);
    }
    Ok(places)
}
