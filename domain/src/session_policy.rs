//! How long sessions may last: each workspace sets both limits within bounds. A change holds for open sessions too, which
//! it can shorten and not lengthen.

use std::ops::RangeInclusive;
use std::time::Duration;

use portaria_entity::id::WorkspaceId;
use portaria_entity::session_policy;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use crate::error::{Refusal, Result};
use crate::granting::Change;

/// From a quarter of an hour to a week.
const IDLE_MINUTES: RangeInclusive<i32> = 15..=7 * 24 * 60;
/// From an hour to 30 days.
const LIFETIME_MINUTES: RangeInclusive<i32> = 60..=30 * 24 * 60;

/// Both limits, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    pub idle_minutes: i32,
    pub lifetime_minutes: i32,
}

/// Twelve hours idle: a session outlasts a break and a shift, but not the night, so that a computer or telephone left
/// behind in the evening opens nothing in the morning. The same for browsers and apps, for both show customers.
impl Default for SessionPolicy {
    fn default() -> Self {
        Self { idle_minutes: 12 * 60, lifetime_minutes: *LIFETIME_MINUTES.end() }
    }
}

impl SessionPolicy {
    /// As two columns of a row that may be missing have it.
    pub(crate) fn of_columns(idle_minutes: Option<i32>, lifetime_minutes: Option<i32>) -> Self {
        let default = Self::default();
        Self {
            idle_minutes: idle_minutes.unwrap_or(default.idle_minutes),
            lifetime_minutes: lifetime_minutes.unwrap_or(default.lifetime_minutes),
        }
    }

    pub fn idle(self) -> Duration {
        minutes(self.idle_minutes)
    }

    pub fn lifetime(self) -> Duration {
        minutes(self.lifetime_minutes)
    }
}

fn minutes(count: i32) -> Duration {
    Duration::from_secs(60 * u64::try_from(count).unwrap_or(0))
}

/// The limits in a workspace.
pub async fn of(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<SessionPolicy> {
    let row = session_policy::Entity::find_by_id(workspace).one(connection).await?;
    let (idle, lifetime) = row.map(|row| (row.idle_minutes, row.lifetime_minutes)).unzip();
    Ok(SessionPolicy::of_columns(idle, lifetime))
}

/// Sets the limits of a workspace, in force at once.
pub async fn update(change: &mut Change<'_>, policy: SessionPolicy) -> Result<SessionPolicy> {
    let within = IDLE_MINUTES.contains(&policy.idle_minutes)
        && LIFETIME_MINUTES.contains(&policy.lifetime_minutes)
        && policy.idle_minutes <= policy.lifetime_minutes;
    if !within {
        return Err(Refusal::InvalidPeriod.into());
    }
    let before = of(&change.transaction, change.workspace_id).await?;
    let sql = "INSERT INTO session_policies (workspace_id, idle_minutes, lifetime_minutes) VALUES ($1, $2, $3) \
               ON CONFLICT (workspace_id) DO UPDATE SET idle_minutes = $2, lifetime_minutes = $3";
    change.execute(sql, [policy.idle_minutes.into(), policy.lifetime_minutes.into()]).await?;
    let told = |policy: SessionPolicy| json!({ "idleMinutes": policy.idle_minutes, "lifetimeMinutes": policy.lifetime_minutes });
    let values = (Some(told(before)), Some(told(policy)));
    change.record("session_policy.updated", change.workspace_id, values).await?;
    Ok(policy)
}
