//! Which permissions are used: by whom, and when first and last, to the day.
//!
//! A permission is used when it made the difference: something was shown or done that would have been withheld without it. Of several
//! that would each have done, one counts: the one that the most roles have. What every member has is not kept, and a question whether
//! something may be done (`viewerCan`, introspection) is no use.

mod recorder;

use std::collections::HashMap;

use portaria_entity::id::{ApiKeyId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key_permission_use, member_permission_use};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::database::padded;
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};

pub use recorder::{Recorder, Uses};

/// Who uses permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    Member(MemberId),
    ApiKey(ApiKeyId),
}

/// That a permission was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionUse {
    pub permission: Permission,
    pub first_used_at: Timestamp,
    /// The first time on the last day.
    pub last_used_at: Timestamp,
}

/// What some members have used ever since it is recorded, in the order of the catalogue.
pub async fn of_members(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    members: &[MemberId],
) -> Result<HashMap<MemberId, Vec<PermissionUse>>> {
    use member_permission_use::{Column, Entity};
    let find = Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::MemberId.is_in(padded(members.to_vec())));
    let rows = find.all(connection).await?;
    Ok(by_user(
        rows.into_iter().map(|row| (row.member_id, row.permission, row.first_used_at, row.last_used_at)),
    ))
}

/// The same of some keys.
pub async fn of_api_keys(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    keys: &[ApiKeyId],
) -> Result<HashMap<ApiKeyId, Vec<PermissionUse>>> {
    use api_key_permission_use::{Column, Entity};
    let find = Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ApiKeyId.is_in(padded(keys.to_vec())));
    let rows = find.all(connection).await?;
    Ok(by_user(
        rows.into_iter().map(|row| (row.api_key_id, row.permission, row.first_used_at, row.last_used_at)),
    ))
}

/// Of one that this program does not know (any more) nothing is told.
fn by_user<K: Eq + std::hash::Hash>(
    rows: impl Iterator<Item = (K, String, Timestamp, Timestamp)>,
) -> HashMap<K, Vec<PermissionUse>> {
    let mut all: HashMap<K, Vec<PermissionUse>> = HashMap::new();
    for (user, key, first_used_at, last_used_at) in rows {
        if let Some(permission) = Permission::from_key(&key) {
            all.entry(user).or_default().push(PermissionUse { permission, first_used_at, last_used_at });
        }
    }
    for uses in all.values_mut() {
        uses.sort_unstable_by_key(|one| one.permission);
    }
    all
}

/// Those that were used at that time or later.
pub fn used_since(uses: &[PermissionUse], since: Timestamp) -> PermissionSet {
    uses.iter().filter(|one| one.last_used_at >= since).map(|one| one.permission).collect()
}
