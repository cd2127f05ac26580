//! Members who have been here and have not come back for longer than the workspace allows.

use portaria_entity::finding::Severity;
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::{Evidence, Found, Look, Success};
use crate::error::Result;

/// Last seen is the latest of: an authenticated request, a sign-in, a session opened in another way.
const SILENT: &str = "
SELECT m.id, m.last_active_at, e.\"at\", e.address, e.user_agent,
       CASE WHEN EXISTS (
           SELECT 1 FROM grants g JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
           WHERE g.workspace_id = m.workspace_id AND g.member_id = m.id AND g.closed_at IS NULL
             AND (g.valid_until IS NULL OR g.valid_until > $3) AND r.built_in = 'administrator'
       ) THEN 1 ELSE 0 END
FROM members m
LEFT JOIN sign_in_events e ON e.id = (
    SELECT s.id FROM sign_in_events s
    WHERE s.user_id = m.user_id AND s.workspace_id = m.workspace_id AND s.outcome = 'succeeded'
    ORDER BY s.\"at\" DESC LIMIT 1)
WHERE m.workspace_id = $1 AND m.status = 'active'
  AND COALESCE(m.last_active_at, 0) < $2 AND COALESCE(e.\"at\", 0) < $2
  AND NOT EXISTS (SELECT 1 FROM sessions o
                  WHERE o.workspace_id = m.workspace_id AND o.member_id = m.id AND o.created_at >= $2)
  AND (m.last_active_at IS NOT NULL OR e.id IS NOT NULL)
ORDER BY m.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let silent_since = look.now - look.inactive_after;
    let values = [look.workspace.0.into(), silent_since.0.into(), look.now.0.into()];
    let mut found = Vec::new();
    for row in look.rows(SILENT, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let last_sign_in = match row.try_get_by_index::<Option<Timestamp>>(2)? {
            Some(at) => {
                Some(Success { at, address: row.try_get_by_index(3)?, user_agent: row.try_get_by_index(4)? })
            }
            None => None,
        };
        let is_administrator = row.try_get_by_index::<i32>(5)? == 1;
        found.push(Found {
            cause: member.to_string(),
            // What an administrator's forgotten account opens is everything.
            severity: if is_administrator { Severity::Medium } else { Severity::Low },
            member_id: Some(member),
            evidence: Evidence::InactiveMember { last_active_at: row.try_get_by_index(1)?, last_sign_in },
        });
    }
    Ok(found)
}
