//! What was held when a review began.

use std::collections::HashMap;

use portaria_entity::id::{
    AccessReviewId, AccessReviewItemId, EmergencyEligibilityId, GrantId, MemberId, TeamId, TypedId,
};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_entity::{access_review_item, api_key_grant, emergency_eligibility, grant, team_member};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::coverage::{Held, Names, Principal};
use crate::access::Scope;
use crate::error::{Error, Result};
use crate::granting::{Change, Holding, Title, keeps_an_administrator};
use crate::permission::{Permission, PermissionSet};

/// Rows read by one statement.
const BATCH: usize = 500;

/// A time as documents write it: RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0.0) {
            Ok(at) => at.fmt(f),
            Err(_) => Err(std::fmt::Error),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(Timestamp(at.as_microsecond())))
    }
}

/// Where it holds, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum SnapshotScope {
    Workspace,
    Channel { id: String, name: String },
    Team { id: String, name: String },
}

/// What somebody holds, as it was at the start of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// None: it is a place in a team.
    pub role_id: Option<String>,
    pub role_name: Option<String>,
    /// Whether it is one of the five that Portaria brings along.
    pub role_built_in: bool,
    /// What it confers there, by key.
    pub permissions: Vec<String>,
    pub scope: SnapshotScope,
    pub since: Moment,
    pub until: Option<Moment>,
    pub granted_at: Moment,
    pub granted_by: Option<MemberId>,
    pub reason: Option<String>,
    /// Of a key.
    pub key_name: Option<String>,
    pub key_prefix: Option<String>,
    /// Without it nobody would administer the workspace for good: it is not taken away.
    pub last_administrator: bool,
}

impl Snapshot {
    pub fn of(row: &access_review_item::Model) -> Result<Self> {
        serde_json::from_str(&row.snapshot).map_err(Error::internal)
    }
}

/// When, by whom and why something was given.
struct Origin {
    granted_at: Timestamp,
    granted_by: Option<MemberId>,
    reason: Option<String>,
}

/// Turns what is held into items, with what the ledger does not know of it.
pub(super) async fn items(
    change: &Change<'_>,
    review_id: AccessReviewId,
    (held, names): (&[(Principal, Held)], &Names),
) -> Result<Vec<access_review_item::Model>> {
    let origins = origins(change, held).await?;
    let joined = joined(change, held).await?;
    let mut items = Vec::with_capacity(held.len());
    for (who, what) in held {
        let title = title(what);
        let snapshot = match what {
            Held::Role(holding) => {
                // Closed between the ledger and this: nothing can be, for the workspace's turn is taken.
                let found = title.and_then(|id| origins.get(&id));
                let origin = found.ok_or_else(|| Error::internal("a holding without its row"))?;
                of_holding(change, (*who, holding), origin, names)?
            }
            Held::Team(team) => of_place((*who, *team), &joined, names)?,
        };
        let (member_id, api_key_id) = match who {
            Principal::Member(member) => (Some(*member), None),
            Principal::ApiKey(key) => (None, Some(*key)),
        };
        items.push(access_review_item::Model {
            workspace_id: change.workspace_id,
            id: change.installation.clock.new_id::<AccessReviewItemId>(),
            review_id,
            kind: what.kind()?,
            member_id,
            api_key_id,
            title_id: title,
            team_id: if let Held::Team(team) = what { Some(*team) } else { None },
            reviewer_id: None,
            snapshot: serde_json::to_string(&snapshot).map_err(Error::internal)?,
            decision: None,
            decision_reason: None,
            amendment: None,
            decided_by: None,
            decided_at: None,
            evidence: None,
            outcome: None,
            outcome_at: None,
            refusal: None,
            successor_id: None,
        });
    }
    Ok(items)
}

fn title(held: &Held) -> Option<Uuid> {
    let Held::Role(holding) = held else { return None };
    match holding.title {
        Title::Grant(id) | Title::ApiKeyGrant(id) | Title::Approval(id) => Some(id.0),
        Title::Eligibility(id) => Some(id.0),
        Title::Mapping(id) => Some(id.0),
    }
}

fn of_holding(
    change: &Change<'_>,
    (who, holding): (Principal, &Holding),
    origin: &Origin,
    names: &Names,
) -> Result<Snapshot> {
    let unknown = || Error::internal("a holding of what is not there");
    let (role_name, role_built_in) = names.roles.get(&holding.role_id).cloned().ok_or_else(unknown)?;
    let of_key = matches!(who, Principal::ApiKey(_));
    let key = match who {
        Principal::ApiKey(key) => Some(names.keys.get(&key).cloned().ok_or_else(unknown)?),
        Principal::Member(_) => None,
    };
    Ok(Snapshot {
        role_id: Some(holding.role_id.to_string()),
        role_name: Some(role_name),
        role_built_in,
        permissions: keys(conferred(holding.scope, holding.permissions, of_key)),
        scope: scope(holding.scope, names)?,
        since: Moment(holding.valid_from),
        until: holding.valid_until.map(Moment),
        granted_at: Moment(origin.granted_at),
        granted_by: origin.granted_by,
        reason: origin.reason.clone(),
        key_name: key.as_ref().map(|(name, _)| name.clone()),
        key_prefix: key.map(|(_, prefix)| prefix),
        last_administrator: match who {
            Principal::Member(member) => is_last_administrator(change, member, holding),
            Principal::ApiKey(_) => false,
        },
    })
}

fn of_place(
    (who, team): (Principal, TeamId),
    joined: &HashMap<(TeamId, MemberId), Timestamp>,
    names: &Names,
) -> Result<Snapshot> {
    let Principal::Member(member) = who else { return Err(Error::internal("a key in a team")) };
    let since = joined.get(&(team, member)).copied();
    let since = Moment(since.ok_or_else(|| Error::internal("a place in a team without its row"))?);
    Ok(Snapshot {
        role_id: None,
        role_name: None,
        role_built_in: false,
        permissions: vec![Permission::ConversationReadTeam.key().to_owned()],
        scope: scope(Scope::Team(team), names)?,
        since,
        until: None,
        granted_at: since,
        granted_by: None,
        reason: None,
        key_name: None,
        key_prefix: None,
        last_administrator: false,
    })
}

/// What a role confers in a scope; to a key nothing that is sensitive.
pub(super) fn conferred(scope: Scope, permissions: PermissionSet, to_key: bool) -> PermissionSet {
    let conferred = scope.narrow(permissions);
    if to_key { conferred.without(PermissionSet::SENSITIVE) } else { conferred }
}

pub(super) fn keys(permissions: PermissionSet) -> Vec<String> {
    permissions.without(PermissionSet::basic()).iter().map(|one| one.key().to_owned()).collect()
}

fn scope(scope: Scope, names: &Names) -> Result<SnapshotScope> {
    let unknown = || Error::internal("a scope that is not there");
    Ok(match scope {
        Scope::Workspace => SnapshotScope::Workspace,
        Scope::Channel(id) => SnapshotScope::Channel {
            id: id.to_string(),
            name: names.channels.get(&id).cloned().ok_or_else(unknown)?,
        },
        Scope::Team(id) => SnapshotScope::Team {
            id: id.to_string(),
            name: names.teams.get(&id).cloned().ok_or_else(unknown)?,
        },
    })
}

/// Whether the workspace would be left without an administrator if this were taken away.
pub(super) fn is_last_administrator(change: &Change<'_>, member: MemberId, holding: &Holding) -> bool {
    is_last(&change.ledger, (member, holding), change.now)
}

pub(super) fn is_last(
    ledger: &crate::granting::Ledger,
    (member, holding): (MemberId, &Holding),
    now: Timestamp,
) -> bool {
    if holding.built_in != Some(BuiltInRole::Administrator)
        || keeps_an_administrator(&ledger.members, now).is_err()
    {
        return false;
    }
    let mut left = ledger.members.clone();
    if let Some(standing) = left.get_mut(&member) {
        standing.holdings.retain(|other| other.title != holding.title);
    }
    keeps_an_administrator(&left, now).is_err()
}

async fn origins(change: &Change<'_>, held: &[(Principal, Held)]) -> Result<HashMap<Uuid, Origin>> {
    let (transaction, workspace) = (&change.transaction, change.workspace_id);
    let (mut grants, mut of_keys, mut eligible) = (Vec::new(), Vec::new(), Vec::new());
    for (_, held) in held {
        let Held::Role(holding) = held else { continue };
        match holding.title {
            Title::Grant(id) => grants.push(id),
            Title::ApiKeyGrant(id) => of_keys.push(id),
            Title::Eligibility(id) => eligible.push(id),
            Title::Approval(_) | Title::Mapping(_) => {}
        }
    }
    let mut origins = HashMap::new();
    for batch in in_batches::<GrantId>(&grants) {
        let find = grant::Entity::find()
            .filter(grant::Column::WorkspaceId.eq(workspace))
            .filter(grant::Column::Id.is_in(batch));
        origins.extend(find.all(transaction).await?.into_iter().map(|row| {
            let reason = Some(row.reason);
            (row.id.0, Origin { granted_at: row.created_at, granted_by: row.granted_by, reason })
        }));
    }
    for batch in in_batches::<GrantId>(&of_keys) {
        let find = api_key_grant::Entity::find()
            .filter(api_key_grant::Column::WorkspaceId.eq(workspace))
            .filter(api_key_grant::Column::Id.is_in(batch));
        origins.extend(find.all(transaction).await?.into_iter().map(|row| {
            let granted_by = Some(row.granted_by);
            (row.id.0, Origin { granted_at: row.created_at, granted_by, reason: None })
        }));
    }
    for batch in in_batches::<EmergencyEligibilityId>(&eligible) {
        let find = emergency_eligibility::Entity::find()
            .filter(emergency_eligibility::Column::WorkspaceId.eq(workspace))
            .filter(emergency_eligibility::Column::Id.is_in(batch));
        origins.extend(find.all(transaction).await?.into_iter().map(|row| {
            let reason = Some(row.reason);
            (row.id.0, Origin { granted_at: row.created_at, granted_by: row.granted_by, reason })
        }));
    }
    Ok(origins)
}

fn in_batches<T: TypedId>(ids: &[T]) -> impl Iterator<Item = Vec<T>> {
    ids.chunks(BATCH).map(|batch| crate::database::padded(batch.to_vec()))
}

/// Since when who is in which team.
async fn joined(
    change: &Change<'_>,
    held: &[(Principal, Held)],
) -> Result<HashMap<(TeamId, MemberId), Timestamp>> {
    if !held.iter().any(|(_, held)| matches!(held, Held::Team(_))) {
        return Ok(HashMap::new());
    }
    let find = team_member::Entity::find().filter(team_member::Column::WorkspaceId.eq(change.workspace_id));
    let rows = find.all(&change.transaction).await?;
    Ok(rows.into_iter().map(|row| ((row.team_id, row.member_id), row.created_at)).collect())
}
