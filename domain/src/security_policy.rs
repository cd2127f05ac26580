//! What a workspace demands of its people before they may do anything: that they have a second factor.
//!
//! Of whom it is demanded is decided where a viewer is read (`viewer.rs`), by the same condition as here.

use std::collections::HashSet;

use portaria_entity::id::{MemberId, RoleId, WorkspaceId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::security_policy::{self, SecondFactorDemand};
use portaria_entity::time::Timestamp;
use portaria_entity::{role, security_policy_role};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::database::Database;
use crate::error::{Error, Refusal, Result};
use crate::granting::Change;
use crate::permission::Permission;

/// Who holds one of these must have a second factor, in a workspace that has not said otherwise.
const DEFAULT_ROLES: [BuiltInRole; 2] = [BuiltInRole::Administrator, BuiltInRole::Developer];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityPolicy {
    pub second_factor: SecondFactorDemand,
    /// Whose holders must have one, if it is demanded by roles. Without those that have been deleted.
    pub roles: Vec<RoleId>,
}

impl SecurityPolicy {
    /// Whether somebody may need a second factor by this who needs none by the other.
    fn demands_more(&self, than: &Self) -> bool {
        match (self.second_factor, than.second_factor) {
            (SecondFactorDemand::Nobody, _) | (_, SecondFactorDemand::Everyone) => false,
            (_, SecondFactorDemand::Nobody) | (SecondFactorDemand::Everyone, _) => true,
            (SecondFactorDemand::Roles, SecondFactorDemand::Roles) => {
                self.roles.iter().any(|role| !than.roles.contains(role))
            }
        }
    }

    fn told(&self) -> Value {
        let demand: &str = self.second_factor.into();
        json!({ "second_factor": demand, "roles": self.roles })
    }
}

/// The policy of a workspace.
pub async fn of(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<SecurityPolicy> {
    let find = security_policy::Entity::find_by_id(workspace);
    let row = find.one(connection).await?.ok_or(Error::NotFound)?;
    let kept = role::Entity::find()
        .filter(role::Column::WorkspaceId.eq(workspace))
        .filter(role::Column::DeletedAt.is_null());
    let kept: HashSet<RoleId> = kept.all(connection).await?.into_iter().map(|role| role.id).collect();
    let roles = security_policy_role::Entity::find()
        .filter(security_policy_role::Column::WorkspaceId.eq(workspace))
        .order_by_asc(security_policy_role::Column::RoleId)
        .all(connection)
        .await?;
    let roles = roles.into_iter().map(|row| row.role_id).filter(|role| kept.contains(role)).collect();
    Ok(SecurityPolicy { second_factor: row.second_factor, roles })
}

/// Gives a new workspace, whose built-in roles are there, the policy to begin with.
pub(crate) async fn establish(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    workspace: WorkspaceId,
) -> Result<()> {
    let mut roles = Vec::new();
    for built_in in DEFAULT_ROLES {
        roles.push(crate::role::built_in(transaction, workspace, built_in).await?.id);
    }
    let row = security_policy::ActiveModel {
        workspace_id: Set(workspace),
        second_factor: Set(SecondFactorDemand::Roles),
        updated_at: Set(clock.now()),
    };
    security_policy::Entity::insert(row).exec_without_returning(transaction).await?;
    name_roles(transaction, workspace, &roles).await
}

async fn name_roles(
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    roles: &[RoleId],
) -> Result<()> {
    if roles.is_empty() {
        return Ok(());
    }
    let rows = roles
        .iter()
        .map(|role| security_policy_role::ActiveModel { workspace_id: Set(workspace), role_id: Set(*role) });
    security_policy_role::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}

/// Writes the policy. The caller bumps the access epoch and records it. `widened_at`: when more is demanded than before,
/// since when; whoever was told before has had their time.
async fn write(
    transaction: &impl ConnectionTrait,
    (workspace, widened_at): (WorkspaceId, Option<Timestamp>),
    policy: &SecurityPolicy,
) -> Result<()> {
    security_policy_role::Entity::delete_many()
        .filter(security_policy_role::Column::WorkspaceId.eq(workspace))
        .exec(transaction)
        .await?;
    let row = security_policy::ActiveModel {
        workspace_id: Set(workspace),
        second_factor: Set(policy.second_factor),
        updated_at: widened_at.map_or(NotSet, Set),
    };
    security_policy::Entity::update(row).exec(transaction).await?;
    name_roles(transaction, workspace, &policy.roles).await
}

/// Demands a second factor of others than before, in force at once. Who has none then can only set one up.
pub async fn update(change: &mut Change<'_>, mut policy: SecurityPolicy) -> Result<SecurityPolicy> {
    change.require(Permission::SecurityPolicyManage)?;
    policy.roles.sort_unstable();
    policy.roles.dedup();
    for role in &policy.roles {
        change.ledger.role(*role)?;
    }
    match policy.second_factor {
        SecondFactorDemand::Roles if policy.roles.is_empty() => return Err(Refusal::RolesMissing.into()),
        SecondFactorDemand::Roles => {}
        SecondFactorDemand::Nobody | SecondFactorDemand::Everyone => policy.roles.clear(),
    }
    let before = of(&change.transaction, change.workspace_id).await?;
    if policy == before {
        return Ok(policy);
    }
    let widened_at = policy.demands_more(&before).then_some(change.now);
    write(&change.transaction, (change.workspace_id, widened_at), &policy).await?;
    let told = (Some(before.told()), Some(policy.told()));
    change.record("security_policy.updated", change.workspace_id, told).await?;
    Ok(policy)
}

const WAITED_FOR: &str = "
SELECT m.id FROM members m JOIN security_policies p ON p.workspace_id = m.workspace_id
WHERE m.workspace_id = $1 AND m.status = 'active'
  AND (p.second_factor = 'everyone' OR p.second_factor = 'roles' AND EXISTS (
      SELECT 1 FROM grants g
      JOIN security_policy_roles r ON r.workspace_id = g.workspace_id AND r.role_id = g.role_id
      WHERE g.workspace_id = m.workspace_id AND g.member_id = m.id AND g.closed_at IS NULL
        AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2)))
  AND NOT EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = m.user_id AND f.confirmed_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = m.user_id)
  AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.workspace_id = m.workspace_id AND s.member_id = m.id
                    AND s.second_factor = TRUE AND s.ended_at IS NULL AND s.expires_at > $2)";

/// The active members of whom a second factor is demanded and who have none: they may do nothing until they do.
pub async fn waited_for(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<HashSet<MemberId>> {
    let statement = database.statement(WAITED_FOR, [workspace.0.into(), now.0.into()]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Whether a workspace of a person demands a second factor of them, whichever they are in.
pub(crate) async fn is_demanded(
    connection: &impl ConnectionTrait,
    database: &Database,
    user: portaria_entity::id::UserId,
    now: Timestamp,
) -> Result<bool> {
    let statement = database.statement(DEMANDED, [user.0.into(), now.0.into()]);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

const DEMANDED: &str = "
SELECT m.id FROM members m JOIN security_policies p ON p.workspace_id = m.workspace_id
WHERE m.user_id = $1 AND m.status = 'active'
  AND (p.second_factor = 'everyone' OR p.second_factor = 'roles' AND EXISTS (
      SELECT 1 FROM grants g
      JOIN security_policy_roles r ON r.workspace_id = g.workspace_id AND r.role_id = g.role_id
      WHERE g.workspace_id = m.workspace_id AND g.member_id = m.id AND g.closed_at IS NULL
        AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2)))
LIMIT 1";
