//! Whether what a review asks about is held still.

use std::collections::{HashMap, HashSet};

use portaria_entity::access_review;
use portaria_entity::access_review_item::{ItemKind, Model};
use portaria_entity::id::{AccessReviewItemId, GrantId, MemberId, RoleId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait, Value};
use uuid::Uuid;

use super::snapshot::{Snapshot, SnapshotScope};
use crate::access::Scope;
use crate::database::{Database, padded};
use crate::error::{Error, Result};

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

/// What has been given since `$2` and has not ended. A grant that was changed has ended, and there is another.
const GIVEN_SINCE: &str = "SELECT id, member_id, role_id, channel_id, team_id, valid_until FROM grants \
                           WHERE workspace_id = $1 AND created_at > $2 AND closed_at IS NULL AND member_id IN ({}) ORDER BY id";

/// How something stands that was held when a review began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    Held,
    /// By another grant of the same role that reaches no further: what is decided about the one holds for the other, but
    /// nobody has kept that it lasts longer.
    HeldBy {
        grant: GrantId,
        lasts_longer: bool,
    },
    /// By another grant of the same role that reaches elsewhere, about which nobody has decided.
    Replaced(GrantId),
    Ended,
}

impl Tenure {
    /// The grant that took the place of the one asked about.
    pub fn successor(self) -> Option<GrantId> {
        match self {
            Self::HeldBy { grant, .. } | Self::Replaced(grant) => Some(grant),
            Self::Held | Self::Ended => None,
        }
    }

    /// Whether there is nothing to decide any more.
    pub fn is_over(self) -> bool {
        match self {
            Self::Held | Self::HeldBy { .. } => false,
            Self::Replaced(_) | Self::Ended => true,
        }
    }
}

/// `$3`, `$4`, ... in place of `{}`, for a list that follows workspace and time.
pub(super) fn listed(sql: &str, ids: &[Uuid]) -> String {
    let places: Vec<String> = (3..3 + ids.len()).map(|number| format!("${number}")).collect();
    sql.replace("{}", &places.join(", "))
}

pub(super) fn values(workspace: WorkspaceId, at: Timestamp, ids: &[Uuid]) -> Vec<Value> {
    let fixed: [Value; 2] = [workspace.0.into(), at.0.into()];
    fixed.into_iter().chain(ids.iter().map(|id| (*id).into())).collect()
}

/// How the items of one review stand now.
pub async fn tenures(
    connection: &impl ConnectionTrait,
    database: &Database,
    items: &[Model],
    now: Timestamp,
) -> Result<HashMap<AccessReviewItemId, Tenure>> {
    let ended = ended_among(connection, database, items, now).await?;
    let gone: Vec<&Model> =
        items.iter().filter(|item| item.kind == ItemKind::Grant && ended.contains(&item.id)).collect();
    let given = given_since(connection, database, &gone, now).await?;
    let mut tenures = HashMap::new();
    for item in items {
        let tenure = match ended.contains(&item.id) {
            true => successor(item, &given)?.unwrap_or(Tenure::Ended),
            false => Tenure::Held,
        };
        tenures.insert(item.id, tenure);
    }
    Ok(tenures)
}

/// A grant that was given while a review ran.
struct Given {
    id: GrantId,
    role_id: RoleId,
    scope: Scope,
    valid_until: Option<Timestamp>,
}

async fn given_since(
    connection: &impl ConnectionTrait,
    database: &Database,
    gone: &[&Model],
    now: Timestamp,
) -> Result<HashMap<MemberId, Vec<Given>>> {
    let mut given: HashMap<MemberId, Vec<Given>> = HashMap::new();
    let Some(first) = gone.first() else { return Ok(given) };
    let key = (first.workspace_id, first.review_id);
    let review = access_review::Entity::find_by_id(key).one(connection).await?.ok_or(Error::NotFound)?;
    let mut members: Vec<Uuid> = gone.iter().filter_map(|item| item.member_id).map(|id| id.0).collect();
    members.sort_unstable();
    members.dedup();
    for batch in members.chunks(BATCH) {
        let ids = padded(batch.to_vec());
        let values = values(first.workspace_id, review.started_at, &ids);
        for row in connection.query_all_raw(database.statement(&listed(GIVEN_SINCE, &ids), values)).await? {
            let valid_until: Option<Timestamp> = row.try_get_by_index(5)?;
            if valid_until.is_some_and(|until| until <= now) {
                continue;
            }
            given.entry(row.try_get_by_index(1)?).or_default().push(Given {
                id: row.try_get_by_index(0)?,
                role_id: row.try_get_by_index(2)?,
                scope: Scope::of_grant(row.try_get_by_index(3)?, row.try_get_by_index(4)?),
                valid_until,
            });
        }
    }
    Ok(given)
}

/// What took the place of a grant: what reaches no further before what does.
fn successor(item: &Model, given: &HashMap<MemberId, Vec<Given>>) -> Result<Option<Tenure>> {
    let (ItemKind::Grant, Some(member)) = (item.kind, item.member_id) else { return Ok(None) };
    let Some(given) = given.get(&member) else { return Ok(None) };
    let held = Snapshot::of(item)?;
    let scope = place(&held.scope)?;
    let of_role = || given.iter().filter(|one| Some(one.role_id.to_string()) == held.role_id);
    let lasts_longer = |one: &Given| match (one.valid_until, held.until) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(until), Some(before)) => until > before.0,
    };
    let within = of_role().find(|one| one.scope.is_within(scope));
    Ok(match within {
        Some(one) => Some(Tenure::HeldBy { grant: one.id, lasts_longer: lasts_longer(one) }),
        None => of_role().next().map(|one| Tenure::Replaced(one.id)),
    })
}

pub(super) fn place(scope: &SnapshotScope) -> Result<Scope> {
    Ok(match scope {
        SnapshotScope::Workspace => Scope::Workspace,
        SnapshotScope::Channel { id, .. } => Scope::Channel(id.parse().map_err(Error::internal)?),
        SnapshotScope::Team { id, .. } => Scope::Team(id.parse().map_err(Error::internal)?),
    })
}

/// Those items whose grant, place or eligibility has ended, or was replaced by another.
async fn ended_among(
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
