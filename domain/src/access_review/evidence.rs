//! What is known of something that is held: when its holder was last here, which of its permissions they use and when
//! last, who else has the role, and whether the auditor has found anything about them.

use std::collections::{BTreeMap, HashMap, HashSet};

use portaria_entity::access_review_item::{ItemKind, Model};
use portaria_entity::id::{AccessReviewItemId, RoleId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::snapshot::{Moment, Snapshot, conferred, keys};
use super::standing::{listed, place, values};
use crate::database::{Database, padded};
use crate::error::{Error, Result};
use crate::permission::PermissionSet;
use crate::role;

/// Items looked at by one statement.
const BATCH: usize = 256;

/// What is known at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub taken_at: Moment,
    /// Of a member.
    pub last_signed_in_at: Option<Moment>,
    /// Of a key, when it was last used.
    pub last_active_at: Option<Moment>,
    /// What the role confers there by now.
    pub permissions: Vec<String>,
    /// Those of the permissions that were used, with the day of the last time.
    pub used: BTreeMap<String, Moment>,
    /// From before nothing is known of uses.
    pub uses_recorded_since: Moment,
    /// How many other active members have the role now.
    pub colleagues: i64,
    /// How many findings about the holder are open.
    pub open_findings: i64,
    /// Whether an identity provider's claims gave it: they give it again at the next sign-in, whatever is decided here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_by_provider: bool,
}

impl Evidence {
    /// As it was when the item was decided, or the review closed; none while neither is so.
    pub fn frozen(item: &Model) -> Result<Option<Self>> {
        item.evidence.as_deref().map(|text| serde_json::from_str(text).map_err(Error::internal)).transpose()
    }
}

const PRESENCE: &str = "
SELECT m.id, m.last_active_at, (
    SELECT e.\"at\" FROM sign_in_events e
    WHERE e.user_id = m.user_id AND e.workspace_id = m.workspace_id AND e.outcome = 'succeeded' AND e.\"at\" <= $2
    ORDER BY e.\"at\" DESC LIMIT 1), CASE WHEN m.status = 'active' THEN 1 ELSE 0 END
FROM members m WHERE m.workspace_id = $1 AND m.id IN ({})";
const KEYS: &str = "SELECT id, last_used_at, CAST(NULL AS BIGINT), 0 FROM api_keys \
                    WHERE workspace_id = $1 AND created_at <= $2 AND id IN ({})";
const USES: &str = "SELECT member_id, permission, last_used_at FROM member_permission_uses \
                    WHERE workspace_id = $1 AND first_used_at <= $2 AND member_id IN ({})";
const KEY_USES: &str = "SELECT api_key_id, permission, last_used_at FROM api_key_permission_uses \
                        WHERE workspace_id = $1 AND first_used_at <= $2 AND api_key_id IN ({})";
const COLLEAGUES: &str = "
SELECT g.role_id, COUNT(DISTINCT g.member_id) FROM grants g
JOIN members m ON m.workspace_id = g.workspace_id AND m.id = g.member_id AND m.status = 'active'
WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2)
  AND g.role_id IN ({})
GROUP BY g.role_id";
const FINDINGS: &str = "SELECT member_id, COUNT(*) FROM findings WHERE workspace_id = $1 AND opened_at <= $2 \
                        AND status IN ('open', 'acknowledged') AND member_id IN ({}) GROUP BY member_id";
const KEY_FINDINGS: &str = "SELECT api_key_id, COUNT(*) FROM findings WHERE workspace_id = $1 AND opened_at <= $2 \
                            AND status IN ('open', 'acknowledged') AND api_key_id IN ({}) GROUP BY api_key_id";
const MAPPED: &str = "SELECT p.grant_id FROM mapped_grants p \
                      JOIN role_mappings r ON r.workspace_id = p.workspace_id AND r.id = p.mapping_id AND r.closed_at IS NULL \
                      WHERE p.workspace_id = $1 AND r.created_at <= $2 AND p.grant_id IN ({})";
const HELD: &str = "SELECT member_id, role_id FROM grants WHERE workspace_id = $1 AND closed_at IS NULL \
                    AND valid_from <= $2 AND (valid_until IS NULL OR valid_until > $2) AND member_id IN ({})";

/// Rows about some holders or roles, by whom or what they are about.
struct Reading<'a, C> {
    connection: &'a C,
    database: &'a Database,
    workspace: WorkspaceId,
    now: Timestamp,
}

impl<C: ConnectionTrait> Reading<'_, C> {
    async fn rows(&self, sql: &str, ids: &[Uuid]) -> Result<Vec<QueryResult>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = padded(ids.to_vec());
        let statement = self.database.statement(&listed(sql, &ids), values(self.workspace, self.now, &ids));
        Ok(self.connection.query_all_raw(statement).await?)
    }

    async fn both(
        &self,
        (of_members, of_keys): (&str, &str),
        ids: (&[Uuid], &[Uuid]),
    ) -> Result<Vec<QueryResult>> {
        let mut rows = self.rows(of_members, ids.0).await?;
        rows.extend(self.rows(of_keys, ids.1).await?);
        Ok(rows)
    }
}

/// What is known of some items of one workspace now.
pub async fn evidence_of(
    connection: &impl ConnectionTrait,
    database: &Database,
    items: &[Model],
    now: Timestamp,
) -> Result<HashMap<AccessReviewItemId, Evidence>> {
    let mut all = HashMap::new();
    let Some(first) = items.first() else { return Ok(all) };
    let workspace = crate::workspace::find(connection, first.workspace_id).await?;
    let roles: HashMap<String, PermissionSet> = role::all(connection, first.workspace_id)
        .await?
        .into_iter()
        .map(|row| (row.role.id.to_string(), row.permissions))
        .collect();
    let reading = Reading { connection, database, workspace: workspace.id, now };
    for batch in items.chunks(BATCH) {
        let known = Known::of(&reading, batch).await?;
        for item in batch {
            let evidence = known.evidence(item, (&roles, workspace.uses_recorded_since), now)?;
            all.insert(item.id, evidence);
        }
    }
    Ok(all)
}

/// When somebody was last active, when they last signed in, and whether they are an active member.
type Presence = (Option<Timestamp>, Option<Timestamp>, bool);

/// What is known of the holders of some items.
#[derive(Default)]
struct Known {
    presence: HashMap<Uuid, Presence>,
    uses: HashMap<Uuid, Vec<(String, Timestamp)>>,
    findings: HashMap<Uuid, i64>,
    holders: HashMap<RoleId, i64>,
    held: HashMap<Uuid, Vec<RoleId>>,
    /// Grants that mappings in force have made.
    mapped: HashSet<Uuid>,
}

impl Known {
    async fn of<C: ConnectionTrait>(reading: &Reading<'_, C>, items: &[Model]) -> Result<Self> {
        let members = distinct(items.iter().filter_map(|item| item.member_id).map(|id| id.0));
        let keys = distinct(items.iter().filter_map(|item| item.api_key_id).map(|id| id.0));
        let ids = (members.as_slice(), keys.as_slice());
        let mut known = Self::default();
        for row in reading.both((PRESENCE, KEYS), ids).await? {
            let is_active = row.try_get_by_index::<i32>(3)? == 1;
            let presence = (row.try_get_by_index(1)?, row.try_get_by_index(2)?, is_active);
            known.presence.insert(row.try_get_by_index(0)?, presence);
        }
        for row in reading.both((USES, KEY_USES), ids).await? {
            let of = known.uses.entry(row.try_get_by_index(0)?).or_default();
            of.push((row.try_get_by_index(1)?, row.try_get_by_index(2)?));
        }
        for row in reading.both((FINDINGS, KEY_FINDINGS), ids).await? {
            known.findings.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        let mut roles = Vec::new();
        for item in items {
            if let Some(role) = role_of(item)? {
                roles.push(role.0);
            }
        }
        for row in reading.rows(COLLEAGUES, &distinct(roles.into_iter())).await? {
            known.holders.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        }
        for row in reading.rows(HELD, &members).await? {
            known.held.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        let grants = distinct(items.iter().filter(|item| item.kind == ItemKind::Grant).filter_map(grant_of));
        for row in reading.rows(MAPPED, &grants).await? {
            known.mapped.insert(row.try_get_by_index(0)?);
        }
        Ok(known)
    }

    fn evidence(
        &self,
        item: &Model,
        (roles, recorded_since): (&HashMap<String, PermissionSet>, Timestamp),
        now: Timestamp,
    ) -> Result<Evidence> {
        let snapshot = Snapshot::of(item)?;
        let holder = item.member_id.map(|id| id.0).or(item.api_key_id.map(|id| id.0)).unwrap_or_default();
        let (active, signed_in, is_member) = self.presence.get(&holder).copied().unwrap_or_default();
        let permissions = match &snapshot.role_id {
            Some(role) => {
                let of_role = roles.get(role).copied().unwrap_or_default();
                keys(conferred(place(&snapshot.scope)?, of_role, item.kind == ItemKind::ApiKeyGrant))
            }
            None => snapshot.permissions.clone(),
        };
        let uses = self.uses.get(&holder).into_iter().flatten();
        let used = uses
            .filter(|(key, _)| permissions.contains(key) || snapshot.permissions.contains(key))
            .map(|(key, at)| (key.clone(), Moment(*at)))
            .collect();
        Ok(Evidence {
            taken_at: Moment(now),
            last_signed_in_at: signed_in.map(Moment),
            last_active_at: active.map(Moment),
            permissions,
            used,
            uses_recorded_since: Moment(recorded_since),
            colleagues: self.colleagues(role_of(item)?, (holder, is_member)),
            open_findings: self.findings.get(&holder).copied().unwrap_or_default(),
            given_by_provider: grant_of(item).is_some_and(|grant| self.mapped.contains(&grant)),
        })
    }

    fn colleagues(&self, role: Option<RoleId>, (holder, is_active): (Uuid, bool)) -> i64 {
        let Some(role) = role else { return 0 };
        let own = is_active && self.held.get(&holder).is_some_and(|held| held.contains(&role));
        self.holders.get(&role).copied().unwrap_or_default() - i64::from(own)
    }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The grant that it is about by now.
fn grant_of(item: &Model) -> Option<Uuid> {
    item.successor_id.map(|id| id.0).or(item.title_id)
}

fn role_of(item: &Model) -> Result<Option<RoleId>> {
    Snapshot::of(item)?.role_id.map(|id| id.parse().map_err(Error::internal)).transpose()
}
