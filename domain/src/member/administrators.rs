//! Who administers a workspace.

use portaria_entity::id::{UserId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::user;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult};

use crate::database::Database;
use crate::error::Result;

const ADMINISTRATORS: &str = "
SELECT DISTINCT a.user_id
FROM grants g
JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id AND r.built_in = 'administrator'
JOIN members a ON a.workspace_id = g.workspace_id AND a.id = g.member_id AND a.status = 'active'
WHERE g.workspace_id = $1 AND g.channel_id IS NULL AND g.team_id IS NULL AND g.closed_at IS NULL
  AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2)";

/// The people who hold the administrator's role in the whole workspace now.
pub async fn administrators(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<user::Model>> {
    let values = [workspace.0.into(), now.0.into()];
    let rows = connection.query_all_raw(database.statement(ADMINISTRATORS, values)).await?;
    let id = |row: &QueryResult| row.try_get_by_index(0);
    let ids = rows.iter().map(id).collect::<std::result::Result<Vec<UserId>, _>>()?;
    let find = user::Entity::find().filter(user::Column::Id.is_in(ids)).order_by_asc(user::Column::Id);
    Ok(find.all(connection).await?)
}
