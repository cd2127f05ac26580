//! Since when somebody has held a role without a break: a grant that takes the place of another begins anew, what is held does not.

use std::time::Duration;

use portaria_entity::grant::{self, Column, Model};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use super::NewGrant;
use crate::access::Scope;
use crate::error::Result;

/// What is taken back and given again within this time was held all along.
const BREAK: Duration = Duration::from_secs(24 * 60 * 60);

/// Since when the role has been held there, if that is before the grant begins: by grants of it that reach as far or farther.
pub(super) async fn held_since(
    connection: &impl ConnectionTrait,
    new: &NewGrant<'_>,
    valid_from: Timestamp,
) -> Result<Option<Timestamp>> {
    let lasted = |end: Column| Condition::any().add(end.is_null()).add(end.gte(valid_from - BREAK));
    let before = grant::Entity::find()
        .filter(Column::WorkspaceId.eq(new.workspace_id))
        .filter(Column::MemberId.eq(new.member_id))
        .filter(Column::RoleId.eq(new.role_id))
        .filter(Column::ValidFrom.lt(valid_from))
        .filter(lasted(Column::ClosedAt))
        .filter(lasted(Column::ValidUntil))
        .all(connection)
        .await?;
    let reaches = |row: &Model| {
        let scope = Scope::of_grant(row.channel_id, row.team_id);
        scope == Scope::Workspace || scope == new.scope
    };
    // What was taken back before it began was never held.
    let was_held = |row: &Model| row.closed_at.is_none_or(|closed| closed > row.valid_from);
    let since = before.iter().filter(|row| reaches(row) && was_held(row));
    Ok(since.map(|row| row.held_since.unwrap_or(row.valid_from)).min())
}
