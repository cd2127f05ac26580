//! Whether what a review asks about is held still.

use std::collections::{HashMap, HashSet};

use portaria_entity::access_review_item::{ItemKind, Model};
use portaria_entity::id::{AccessReviewItemId, GrantId, MemberId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::lineage::Lineage;
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

/// How something stands that was held when a review began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenure {
    Held,
    /// It goes on as another grant that reaches no further: what is decided about the one holds for the other, but nobody has
    /// kept that it lasts longer.
    HeldBy {
        grant: GrantId,
        lasts_longer: bool,
    },
    /// It has ended, and the holder has another about which nobody has decided: one that reaches further, or is given anew.
    /// None: a place in the same team.
    Replaced(Option<GrantId>),
    Ended,
}

impl Tenure {
    /// The grant that took the place of the one asked about.
    pub fn successor(self) -> Option<GrantId> {
        match self {
            Self::HeldBy { grant, .. } => Some(grant),
            Self::Replaced(grant) => grant,
            Self::Held | Self::Ended => None,
        }
    }

    /// The same for who decided about that grant: they knew how long it lasts.
    pub(super) fn known(self, decided_about: Option<GrantId>) -> Self {
        match self {
            Self::HeldBy { grant, .. } if decided_about == Some(grant) => {
                Self::HeldBy { grant, lasts_longer: false }
            }
            other => other,
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
    let mut over = over_among(connection, database, items, now).await?;
    let ended: Vec<&Model> = items.iter().filter(|item| over.get(&item.id) == Some(&Tenure::Ended)).collect();
    let lineage = Lineage::of(connection, database, &ended, now).await?;
    for item in ended {
        over.insert(item.id, lineage.tenure(item)?);
    }
    Ok(items.iter().map(|item| (item.id, over.get(&item.id).copied().unwrap_or(Tenure::Held))).collect())
}

pub(super) fn place(scope: &SnapshotScope) -> Result<Scope> {
    Ok(match scope {
        SnapshotScope::Workspace => Scope::Workspace,
        SnapshotScope::Channel { id, .. } => Scope::Channel(id.parse().map_err(Error::internal)?),
        SnapshotScope::Team { id, .. } => Scope::Team(id.parse().map_err(Error::internal)?),
    })
}

/// Those items whose grant, place or eligibility has ended. Who is in the team again has another place there.
async fn over_among(
    connection: &impl ConnectionTrait,
    database: &Database,
    items: &[Model],
    now: Timestamp,
) -> Result<HashMap<AccessReviewItemId, Tenure>> {
    let mut over = HashMap::new();
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
            let tenure = match (item.kind, item.title_id, item.team_id.zip(item.member_id)) {
                (ItemKind::TeamMembership, _, Some(place)) => match places.get(&place) {
                    Some(since) if *since == Snapshot::of(item)?.since.0 => Tenure::Held,
                    Some(_) => Tenure::Replaced(None),
                    None => Tenure::Ended,
                },
                (_, Some(title), _) if held.contains(&title) => Tenure::Held,
                (_, Some(_) | None, _) => Tenure::Ended,
            };
            if tenure != Tenure::Held {
                over.insert(item.id, tenure);
            }
        }
    }
    Ok(over)
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
