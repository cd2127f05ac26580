//! Reads what it takes to advise on many at once.

use std::collections::{HashMap, HashSet};

use portaria_entity::id::{ApiKeyId, GrantId, MemberId, RoleId, WorkspaceId};
use portaria_entity::member::{self, MemberStatus};
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key as api_key_entity, workspace};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::plan::{Candidate, advise};
use super::{ADMINISTERING, Advice, HeldGrant, Kept, Lookback, Verdict};
use crate::access::Scope;
use crate::api_key;
use crate::database::{Database, padded};
use crate::error::{Error, Result};
use crate::permission::PermissionSet;
use crate::permission_use::{self, PermissionUse, Whose, used_since};
use crate::role::{self, RoleRow};

/// Members looked at together.
const BATCH: u64 = 256;

/// Where and when it is looked.
struct Look {
    roles: Vec<RoleRow>,
    recorded_since: Timestamp,
    lookback: Lookback,
    now: Timestamp,
}

/// One of whom is to be said something.
struct Subject<'a> {
    whose: Whose,
    created_at: Timestamp,
    grants: Vec<HeldGrant>,
    uses: &'a [PermissionUse],
}

impl Look {
    async fn begin(
        connection: &impl ConnectionTrait,
        workspace: WorkspaceId,
        (lookback, now): (Lookback, Timestamp),
    ) -> Result<Self> {
        let found = workspace::Entity::find_by_id(workspace).one(connection).await?.ok_or(Error::NotFound)?;
        let roles = role::all(connection, workspace).await?;
        Ok(Self { roles, recorded_since: found.uses_recorded_since, lookback, now })
    }

    fn held(&self, (id, role_id): (GrantId, RoleId), scope: Scope, begun: Timestamp) -> Option<HeldGrant> {
        let role = self.roles.iter().find(|row| row.role.id == role_id)?;
        let permissions = scope.narrow(role.permissions).without(PermissionSet::BASIC);
        let kept = (begun > self.lookback.from(self.now)).then_some(Kept::New);
        Some(HeldGrant { id, role_id, scope, permissions, until: None, kept })
    }

    fn advise(&self, subject: Subject<'_>) -> Advice {
        let since = self.lookback.from(self.now);
        let used = used_since(subject.uses, since);
        let known_since = subject.created_at.max(self.recorded_since);
        // A key holds nothing that is sensitive, whatever its roles allow.
        let of_whom = match subject.whose {
            Whose::Member(_) => PermissionSet::EMPTY,
            Whose::ApiKey(_) => PermissionSet::SENSITIVE,
        };
        let candidate =
            |row: &RoleRow| Candidate { id: row.role.id, permissions: row.permissions.without(of_whom) };
        let roles: Vec<Candidate> = self.roles.iter().map(candidate).collect();
        let mut grants = subject.grants;
        for grant in &mut grants {
            grant.permissions = grant.permissions.without(of_whom);
        }
        let mut scopes: Vec<Scope> = grants.iter().map(|grant| grant.scope).collect();
        scopes.sort_unstable_by_key(|scope| scope.columns());
        scopes.dedup();
        let mut scopes: Vec<_> = scopes
            .into_iter()
            .map(|scope| {
                let there = grants.iter().filter(|grant| grant.scope == scope).copied().collect();
                advise(scope, there, &roles, used)
            })
            .collect();
        let verdict = if known_since > since {
            Verdict::TooEarly { until: known_since + self.lookback.length() }
        } else if used.is_empty() {
            Verdict::Unused
        } else if used.intersects(ADMINISTERING) {
            Verdict::Administers
        } else if scopes.iter().any(|scope| scope.step.is_some()) {
            Verdict::Excess
        } else {
            Verdict::Fits
        };
        if !matches!(verdict, Verdict::Excess | Verdict::Fits) {
            for scope in &mut scopes {
                (scope.step, scope.nearest, scope.custom) = (None, None, None);
            }
        }
        Advice {
            whose: subject.whose,
            lookback: self.lookback,
            since,
            recorded_since: self.recorded_since,
            verdict,
            scopes,
        }
    }
}

/// What is to be said of some members. Of who is not active, nothing.
pub async fn of_members(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, ids): (WorkspaceId, &[MemberId]),
    (lookback, now): (Lookback, Timestamp),
) -> Result<HashMap<MemberId, Advice>> {
    let look = Look::begin(connection, workspace, (lookback, now)).await?;
    let rows = member::Entity::find()
        .filter(member::Column::WorkspaceId.eq(workspace))
        .filter(member::Column::Id.is_in(padded(ids.to_vec())))
        .filter(member::Column::Status.eq(MemberStatus::Active))
        .all(connection)
        .await?;
    let advice = members(connection, database, (workspace, &rows), &look).await?;
    Ok(advice.into_iter().collect())
}

/// Those for whom less would do, in the order in which they became members: a page of them, behind that one.
pub async fn page(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, after): (WorkspaceId, Option<MemberId>),
    (lookback, now): (Lookback, Timestamp),
    limit: usize,
) -> Result<Vec<(MemberId, Advice)>> {
    let look = Look::begin(connection, workspace, (lookback, now)).await?;
    let (mut after, mut found) = (after, Vec::new());
    while found.len() < limit {
        let mut find = member::Entity::find()
            .filter(member::Column::WorkspaceId.eq(workspace))
            .filter(member::Column::Status.eq(MemberStatus::Active))
            .filter(member::Column::CreatedAt.lte(lookback.from(now)));
        if let Some(after) = after {
            find = find.filter(member::Column::Id.gt(after));
        }
        let rows = find.order_by_asc(member::Column::Id).limit(BATCH).all(connection).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        let advice = members(connection, database, (workspace, &rows), &look).await?;
        found.extend(advice.into_iter().filter(|(_, advice)| advice.verdict == Verdict::Excess));
        if (rows.len() as u64) < BATCH {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

async fn members(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, rows): (WorkspaceId, &[member::Model]),
    look: &Look,
) -> Result<Vec<(MemberId, Advice)>> {
    let ids: Vec<MemberId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let uses = permission_use::of_members(connection, workspace, &ids).await?;
    let given = given_by_directories(connection, database, workspace, &ids).await?;
    let mut grants: HashMap<MemberId, Vec<HeldGrant>> = HashMap::new();
    for row in role::grants_of(connection, workspace, &padded(ids), look.now).await? {
        let scope = Scope::of_grant(row.channel_id, row.team_id);
        let begun = row.held_since.unwrap_or(row.valid_from.max(row.created_at));
        let Some(mut held) = look.held((row.id, row.role_id), scope, begun) else { continue };
        held.until = row.valid_until;
        if given.contains(&row.id) {
            held.kept = Some(Kept::GivenByDirectory);
        }
        grants.entry(row.member_id).or_default().push(held);
    }
    let advice = rows.iter().map(|row| {
        let subject = Subject {
            whose: Whose::Member(row.id),
            created_at: row.created_at,
            grants: grants.remove(&row.id).unwrap_or_default(),
            uses: uses.get(&row.id).map(Vec::as_slice).unwrap_or_default(),
        };
        (row.id, look.advise(subject))
    });
    Ok(advice.collect())
}

const GIVEN: &str = "
SELECT e.grant_id FROM directory_effects e JOIN grants g ON g.workspace_id = e.workspace_id AND g.id = e.grant_id
WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND g.member_id IN ($m)
UNION
SELECT p.grant_id FROM mapped_grants p JOIN grants g ON g.workspace_id = p.workspace_id AND g.id = p.grant_id
WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND g.member_id IN ($m)";

/// Which of their grants a directory or an identity provider gave.
async fn given_by_directories(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    ids: &[MemberId],
) -> Result<HashSet<GrantId>> {
    let ids = padded(ids.to_vec());
    let places: Vec<String> = (0..ids.len()).map(|place| format!("${}", place + 2)).collect();
    let sql = GIVEN.replace("$m", &places.join(", "));
    let values = std::iter::once(workspace.0.into()).chain(ids.into_iter().map(|id| id.0.into()));
    let rows = connection.query_all_raw(database.statement(&sql, values)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// What is to be said of some keys that may still be used.
pub async fn of_api_keys(
    connection: &impl ConnectionTrait,
    (workspace, ids): (WorkspaceId, &[ApiKeyId]),
    (lookback, now): (Lookback, Timestamp),
) -> Result<HashMap<ApiKeyId, Advice>> {
    let look = Look::begin(connection, workspace, (lookback, now)).await?;
    let uses = permission_use::of_api_keys(connection, workspace, ids).await?;
    let mut grants: HashMap<ApiKeyId, Vec<HeldGrant>> = HashMap::new();
    for row in api_key::grants_of(connection, workspace, ids).await? {
        let scope = Scope::of_grant(row.channel_id, row.team_id);
        grants.entry(row.api_key_id).or_default().extend(look.held(
            (row.id, row.role_id),
            scope,
            row.created_at,
        ));
    }
    let rows = api_key_entity::Entity::find()
        .filter(api_key_entity::Column::WorkspaceId.eq(workspace))
        .filter(api_key_entity::Column::Id.is_in(padded(ids.to_vec())))
        .filter(api_key_entity::Column::RevokedAt.is_null())
        .filter(api_key_entity::Column::ExpiresAt.gt(now))
        .all(connection)
        .await?;
    let advice = rows.into_iter().map(|row| {
        let subject = Subject {
            whose: Whose::ApiKey(row.id),
            created_at: row.created_at,
            grants: grants.remove(&row.id).unwrap_or_default(),
            uses: uses.get(&row.id).map(Vec::as_slice).unwrap_or_default(),
        };
        (row.id, look.advise(subject))
    });
    Ok(advice.collect())
}
