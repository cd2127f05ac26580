//! As what goes on what was held when a review began and has ended since.

use std::collections::{HashMap, HashSet};

use portaria_entity::access_review;
use portaria_entity::access_review_item::{ItemKind, Model};
use portaria_entity::id::{ApiKeyId, GrantId, MemberId, RoleId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, EntityTrait, QueryResult, Value};
use uuid::Uuid;

use super::snapshot::{Snapshot, conferred, keys};
use super::standing::{Tenure, listed, place};
use crate::access::Scope;
use crate::database::{Database, padded};
use crate::error::{Error, Result};
use crate::grant::role_permissions;
use crate::permission::PermissionSet;

/// Holders looked at by one statement.
const BATCH: usize = 256;

/// What the review asks about, whatever came of it.
const ASKED: &str = "SELECT title_id FROM access_review_items \
                     WHERE workspace_id = $1 AND review_id = $2 AND kind = 'grant' AND member_id IN ({})";
const LINKS: &str = "SELECT id, successor_id FROM grants \
                     WHERE workspace_id = $1 AND closed_at >= $2 AND successor_id IS NOT NULL AND member_id IN ({})";
const GIVEN: &str = "
SELECT g.id, g.member_id, g.role_id, g.channel_id, g.team_id, g.valid_until, g.created_at, r.built_in, p.permission
FROM grants g
JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
LEFT JOIN role_permissions p ON p.workspace_id = r.workspace_id AND p.role_id = r.id
WHERE g.workspace_id = $1 AND g.created_at >= $2 AND g.closed_at IS NULL AND g.member_id IN ({})
ORDER BY g.id";
const GIVEN_TO_KEYS: &str = "
SELECT g.api_key_id, g.id, k.expires_at FROM api_key_grants g
JOIN api_keys k ON k.workspace_id = g.workspace_id AND k.id = g.api_key_id AND k.revoked_at IS NULL
WHERE g.workspace_id = $1 AND g.created_at > $2 AND g.closed_at IS NULL AND g.api_key_id IN ({})
ORDER BY g.id";

/// A grant that is in force and was not when the review began.
struct Given {
    id: GrantId,
    role_id: RoleId,
    scope: Scope,
    permissions: PermissionSet,
    valid_until: Option<Timestamp>,
    /// Within the review, and not at the instant at which it began.
    since: bool,
}

/// Of the holders of some items that have ended.
#[derive(Default)]
pub(super) struct Lineage {
    /// As what a grant goes on.
    links: HashMap<GrantId, GrantId>,
    /// Which grants are the continuation of another.
    continued: HashSet<GrantId>,
    /// As what how many items of the review go on.
    claims: HashMap<GrantId, usize>,
    given: HashMap<MemberId, Vec<Given>>,
    given_to_keys: HashMap<ApiKeyId, GrantId>,
}

/// Where it is read.
struct Reading<'a, C> {
    connection: &'a C,
    database: &'a Database,
    review: &'a access_review::Model,
    now: Timestamp,
}

impl<C: ConnectionTrait> Reading<'_, C> {
    async fn rows(&self, sql: &str, second: Value, holders: &[Uuid]) -> Result<Vec<QueryResult>> {
        let mut rows = Vec::new();
        for batch in holders.chunks(BATCH) {
            let ids = padded(batch.to_vec());
            let fixed = [self.review.workspace_id.0.into(), second.clone()];
            let values = fixed.into_iter().chain(ids.iter().map(|id| (*id).into()));
            let statement = self.database.statement(&listed(sql, &ids), values);
            rows.extend(self.connection.query_all_raw(statement).await?);
        }
        Ok(rows)
    }
}

impl Lineage {
    pub async fn of(
        connection: &impl ConnectionTrait,
        database: &Database,
        ended: &[&Model],
        now: Timestamp,
    ) -> Result<Self> {
        let mut lineage = Self::default();
        let Some(first) = ended.first() else { return Ok(lineage) };
        let key = (first.workspace_id, first.review_id);
        let review = access_review::Entity::find_by_id(key).one(connection).await?.ok_or(Error::NotFound)?;
        let reading = Reading { connection, database, review: &review, now };
        let of_kind = |kind| ended.iter().filter(move |item| item.kind == kind);
        let members = distinct(of_kind(ItemKind::Grant).filter_map(|item| item.member_id).map(|id| id.0));
        let keys = distinct(of_kind(ItemKind::ApiKeyGrant).filter_map(|item| item.api_key_id).map(|id| id.0));
        lineage.read_links(&reading, &members).await?;
        lineage.read_given(&reading, &members).await?;
        for row in reading.rows(GIVEN_TO_KEYS, review.started_at.0.into(), &keys).await? {
            if row.try_get_by_index::<Timestamp>(2)? > now {
                lineage.given_to_keys.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            }
        }
        Ok(lineage)
    }

    async fn read_links<C: ConnectionTrait>(
        &mut self,
        reading: &Reading<'_, C>,
        members: &[Uuid],
    ) -> Result<()> {
        for row in reading.rows(LINKS, reading.review.started_at.0.into(), members).await? {
            let (before, after) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            self.links.insert(before, after);
            self.continued.insert(after);
        }
        for row in reading.rows(ASKED, reading.review.id.0.into(), members).await? {
            let Some(asked) = row.try_get_by_index::<Option<GrantId>>(0)? else { continue };
            *self.claims.entry(self.last(asked)).or_default() += 1;
        }
        Ok(())
    }

    async fn read_given<C: ConnectionTrait>(
        &mut self,
        reading: &Reading<'_, C>,
        members: &[Uuid],
    ) -> Result<()> {
        for row in reading.rows(GIVEN, reading.review.started_at.0.into(), members).await? {
            let valid_until: Option<Timestamp> = row.try_get_by_index(5)?;
            if valid_until.is_some_and(|until| until <= reading.now) {
                continue;
            }
            let id: GrantId = row.try_get_by_index(0)?;
            let permissions = role_permissions(row.try_get_by_index(7)?, row.try_get_by_index(8)?)?;
            let of_member = self.given.entry(row.try_get_by_index(1)?).or_default();
            // One row a permission, those of a grant one after another.
            if let Some(known) = of_member.last_mut().filter(|known| known.id == id) {
                known.permissions = known.permissions.union(permissions);
                continue;
            }
            of_member.push(Given {
                id,
                role_id: row.try_get_by_index(2)?,
                scope: Scope::of_grant(row.try_get_by_index(3)?, row.try_get_by_index(4)?),
                permissions,
                valid_until,
                since: row.try_get_by_index::<Timestamp>(6)? > reading.review.started_at,
            });
        }
        Ok(())
    }

    /// The last of those that continue a grant; itself, where none does.
    fn last(&self, of: GrantId) -> GrantId {
        let mut last = of;
        // Each was made when the one before it ended: there is no way back.
        for _ in 0..=self.links.len() {
            match self.links.get(&last) {
                Some(next) => last = *next,
                None => break,
            }
        }
        last
    }

    /// How something stands that has ended: by what goes on in its place, or by what was given anew.
    pub fn tenure(&self, item: &Model) -> Result<Tenure> {
        match item.kind {
            ItemKind::Grant => self.of_grant(item),
            ItemKind::ApiKeyGrant => {
                let given = item.api_key_id.and_then(|key| self.given_to_keys.get(&key));
                Ok(given.map_or(Tenure::Ended, |grant| Tenure::Replaced(Some(*grant))))
            }
            ItemKind::TeamMembership | ItemKind::EmergencyEligibility => Ok(Tenure::Ended),
        }
    }

    fn of_grant(&self, item: &Model) -> Result<Tenure> {
        let (Some(member), Some(title)) = (item.member_id, item.title_id) else { return Ok(Tenure::Ended) };
        let Some(given) = self.given.get(&member) else { return Ok(Tenure::Ended) };
        let held = Snapshot::of(item)?;
        let last = self.last(GrantId(title));
        if let Some(now) = given.iter().find(|one| one.id == last) {
            // What several items go on as is taken away by none of them: another may have kept it.
            let alone = self.claims.get(&last).copied().unwrap_or_default() <= 1;
            return Ok(if alone && now.reaches_no_further(&held)? {
                Tenure::HeldBy { grant: last, lasts_longer: now.lasts_longer(&held) }
            } else {
                Tenure::Replaced(Some(last))
            });
        }
        let anew = given.iter().find(|one| {
            one.since && !self.continued.contains(&one.id) && Some(one.role_id.to_string()) == held.role_id
        });
        Ok(anew.map_or(Tenure::Ended, |one| Tenure::Replaced(Some(one.id))))
    }
}

impl Given {
    /// Whether it gives nothing, and nowhere, that was not given before.
    fn reaches_no_further(&self, held: &Snapshot) -> Result<bool> {
        if !self.scope.is_within(place(&held.scope)?) {
            return Ok(false);
        }
        let same_role = Some(self.role_id.to_string()) == held.role_id;
        let gives = keys(conferred(self.scope, self.permissions, false));
        Ok(same_role || gives.iter().all(|key| held.permissions.contains(key)))
    }

    fn lasts_longer(&self, held: &Snapshot) -> bool {
        match (self.valid_until, held.until) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(until), Some(before)) => until > before.0,
        }
    }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
