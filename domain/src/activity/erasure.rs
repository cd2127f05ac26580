//! Erasing what the log tells of a person. That something was done stays, and the chain holds.

use portaria_entity::id::{ActivityId, MemberId, WorkspaceId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::verification::ERASED;
use super::{Actor, Deed, record};
use crate::error::Result;
use crate::installation::Installation;

/// Erases the details of what was done by a member and to them; answers of how many activities.
pub async fn erase_member(
    installation: &Installation,
    workspace: WorkspaceId,
    member: MemberId,
) -> Result<usize> {
    let database = &installation.database;
    let transaction = database.begin().await?;
    let sql = "SELECT d.activity_id FROM activity_details d \
               JOIN activities a ON a.workspace_id = d.workspace_id AND a.id = d.activity_id \
               WHERE a.workspace_id = $1 AND (a.actor_member_id = $2 OR a.subject = $3) AND a.action <> $4";
    let values = [workspace.0.into(), member.0.into(), member.to_string().into(), ERASED.to_owned().into()];
    let mut ids: Vec<ActivityId> = Vec::new();
    for row in transaction.query_all_raw(database.statement(sql, values)).await? {
        ids.push(row.try_get_by_index(0)?);
    }
    for id in &ids {
        let sql = "DELETE FROM activity_details WHERE workspace_id = $1 AND activity_id = $2";
        transaction.execute_raw(database.statement(sql, [workspace.0.into(), id.0.into()])).await?;
    }
    let deed = Deed {
        workspace_id: workspace,
        actor: Actor::Installation,
        action: ERASED,
        subject: member.to_string(),
        before: None,
        after: Some(json!({ "activities": ids })),
        address: None,
    };
    record(&transaction, &installation.clock, deed).await?;
    transaction.commit().await?;
    Ok(ids.len())
}
