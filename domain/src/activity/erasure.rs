//! Erasing what the log tells of a person. That something was done stays, and the chain holds.

use std::collections::HashSet;

use portaria_entity::activity;
use portaria_entity::id::{ActivityId, MemberId, WorkspaceId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::verification::ERASED;
use crate::error::Result;
use crate::granting::Change;

/// Of what the member did, what tells of themselves. What they did to others' access is others' to know of.
const THEIR_OWN: &[&str] =
    &["session", "conversation", "contact", "second_factor", "passkey", "recovery_code", "external_identity"];

/// Erases the details of what was done to a member, and of what they did as far as it tells of themselves; answers of how
/// many activities. Whose access they changed, and how, stays: else who leaves could take the proof along.
pub(crate) async fn erase_member(change: &Change<'_>, member: MemberId, reason: &str) -> Result<usize> {
    let (database, transaction) = (&change.installation.database, &change.transaction);
    let own: Vec<String> = THEIR_OWN.iter().map(|kind| format!("a.action LIKE '{kind}%'")).collect();
    let sql = format!(
        "SELECT d.activity_id FROM activity_details d \
         JOIN activities a ON a.workspace_id = d.workspace_id AND a.id = d.activity_id \
         WHERE a.workspace_id = $1 AND (a.subject = $3 OR a.actor_member_id = $2 AND ({})) AND a.action <> $4",
        own.join(" OR ")
    );
    let values =
        [change.workspace_id.0.into(), member.0.into(), member.to_string().into(), ERASED.to_owned().into()];
    let mut ids: Vec<ActivityId> = Vec::new();
    for row in transaction.query_all_raw(database.statement(&sql, values)).await? {
        ids.push(row.try_get_by_index(0)?);
    }
    for id in &ids {
        let sql = "DELETE FROM activity_details WHERE workspace_id = $1 AND activity_id = $2";
        change.execute(sql, [id.0.into()]).await?;
    }
    let told = json!({ "activities": ids, "reason": reason.trim() });
    change.record(ERASED, member, (None, Some(told))).await?;
    Ok(ids.len())
}

/// Those of some members whose activities were erased here.
pub(crate) async fn erased_among(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    members: &[MemberId],
) -> Result<HashSet<MemberId>> {
    if members.is_empty() {
        return Ok(HashSet::new());
    }
    let find = activity::Entity::find()
        .filter(activity::Column::WorkspaceId.eq(workspace))
        .filter(activity::Column::Subject.is_in(members.iter().map(ToString::to_string)))
        .filter(activity::Column::Action.eq(ERASED));
    let rows = find.all(connection).await?;
    Ok(rows.iter().filter_map(|row| row.subject.parse().ok()).collect())
}
