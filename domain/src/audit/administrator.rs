//! Who is an administrator, for the rules: whoever holds the built-in role everywhere, at that time.

use std::collections::HashMap;

use portaria_entity::id::{GrantId, MemberId};

use super::Look;
use crate::error::Result;

const GRANTS: &str = "
SELECT g.member_id, g.id
FROM grants g JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND g.channel_id IS NULL AND g.team_id IS NULL
  AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2) AND r.built_in = 'administrator'
ORDER BY g.member_id, g.id";

/// By which grants everybody is an administrator who is one.
pub(super) async fn grants(look: &Look<'_>) -> Result<HashMap<MemberId, Vec<GrantId>>> {
    let mut grants: HashMap<MemberId, Vec<GrantId>> = HashMap::new();
    for row in look.rows(GRANTS, [look.workspace.0.into(), look.now.0.into()]).await? {
        grants.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
    }
    Ok(grants)
}

/// The condition that a member `m` of the workspace `$1` is one, in SQL in which `now` stands for the time, as `$2`. Not
/// asked of each member anew: without statistics SQLite would look through all grants for each.
pub(super) fn administers(now: &str) -> String {
    format!(
        "m.id IN (SELECT g.member_id FROM grants g JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id \
         WHERE g.workspace_id = $1 AND g.closed_at IS NULL \
           AND g.valid_from <= {now} AND (g.valid_until IS NULL OR g.valid_until > {now}) \
           AND g.channel_id IS NULL AND g.team_id IS NULL AND r.built_in = 'administrator')"
    )
}
