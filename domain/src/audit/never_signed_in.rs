//! Members who were made one and never came.

use std::time::Duration;

use portaria_entity::finding::Severity;
use portaria_entity::id::MemberId;

use super::{DAY, Evidence, Found, Look};
use crate::error::Result;

/// How long somebody may take to sign in for the first time.
pub const GRACE: Duration = Duration::from_secs(7 * DAY.as_secs());

const ABSENT: &str = "
SELECT m.id, m.created_at FROM members m
WHERE m.workspace_id = $1 AND m.status = 'active' AND m.created_at < $2 AND m.last_active_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM sessions o WHERE o.workspace_id = m.workspace_id AND o.member_id = m.id)
  AND NOT EXISTS (SELECT 1 FROM sign_in_events s
                  WHERE s.user_id = m.user_id AND s.workspace_id = m.workspace_id AND s.outcome = 'succeeded')
ORDER BY m.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [look.workspace.0.into(), (look.now - GRACE).0.into()];
    let mut found = Vec::new();
    for row in look.rows(ABSENT, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        found.push(Found {
            cause: member.to_string(),
            severity: Severity::Low,
            member_id: Some(member),
            evidence: Evidence::NeverSignedIn { invited_at: row.try_get_by_index(1)? },
        });
    }
    Ok(found)
}
