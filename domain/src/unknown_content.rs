//! What came of kinds that Portaria does not know: counted by field and kind, so that a new one is seen.

use portaria_entity::id::WorkspaceId;
use portaria_entity::time::Timestamp;
use portaria_entity::unknown_content::{self, Column};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::database::Database;
use crate::error::Result;

/// So many kinds are told apart in a workspace; further ones are counted together.
const MOST: u64 = 500;
/// Names are kept this long.
const LONGEST: usize = 80;
/// What further kinds are counted as.
const REST: &str = "…";

/// Counts something of an unknown kind, in the transaction that keeps it.
pub async fn count(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    (field, kind): (&str, &str),
    at: Timestamp,
) -> Result<()> {
    let (field, kind) = (shortened(field), shortened(kind));
    let again = "UPDATE unknown_contents SET occurrences = occurrences + 1, \
                 last_seen_at = CASE WHEN last_seen_at > $4 THEN last_seen_at ELSE $4 END \
                 WHERE workspace_id = $1 AND field = $2 AND kind = $3";
    let values = [workspace.0.into(), field.clone().into(), kind.clone().into(), at.0.into()];
    if connection.execute_raw(database.statement(again, values)).await?.rows_affected() > 0 {
        return Ok(());
    }
    let of_workspace = unknown_content::Entity::find().filter(Column::WorkspaceId.eq(workspace));
    let full = of_workspace.count(connection).await? >= MOST;
    let (field, kind) = if full { (REST.to_owned(), REST.to_owned()) } else { (field, kind) };
    let anew = "INSERT INTO unknown_contents (workspace_id, field, kind, occurrences, first_seen_at, last_seen_at) \
                VALUES ($1, $2, $3, 1, $4, $4) ON CONFLICT (workspace_id, field, kind) \
                DO UPDATE SET occurrences = unknown_contents.occurrences + 1";
    let values = [workspace.0.into(), field.into(), kind.into(), at.0.into()];
    connection.execute_raw(database.statement(anew, values)).await?;
    Ok(())
}

/// What is not known, the most recent first.
pub async fn all(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<unknown_content::Model>> {
    let find = unknown_content::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .order_by_desc(Column::LastSeenAt)
        .order_by_asc(Column::Field)
        .order_by_asc(Column::Kind)
        .limit(MOST + 1);
    Ok(find.all(connection).await?)
}

fn shortened(name: &str) -> String {
    name.chars().take(LONGEST).collect()
}
