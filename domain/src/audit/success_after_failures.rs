//! A sign-in that succeeds right after a row of wrong passwords: somebody's memory came back, or somebody guessed.

use portaria_entity::finding::Severity;
use portaria_entity::id::{MemberId, SignInEventId};

use super::{Evidence, Found, Look, Success};
use crate::error::Result;

/// So many wrong passwords in the hour before, none of them followed by an earlier success.
pub const FAILURES: i64 = 5;

const GUESSED: &str = "
SELECT s.id, m.id, s.\"at\", s.address, s.user_agent, COUNT(f.id), MIN(f.\"at\"), MAX(f.\"at\")
FROM members m
JOIN sign_in_events s ON s.user_id = m.user_id AND s.workspace_id = m.workspace_id
JOIN sign_in_events f ON f.user_id = s.user_id AND f.\"at\" <= s.\"at\" AND f.\"at\" >= s.\"at\" - 3600000000
WHERE m.workspace_id = $1 AND m.status <> 'removed' AND s.\"at\" >= $2 AND s.outcome = 'succeeded'
  AND f.outcome IN ('wrong_password', 'wrong_code')
  AND NOT EXISTS (SELECT 1 FROM sign_in_events p
                  WHERE p.user_id = s.user_id AND p.outcome = 'succeeded' AND p.\"at\" > f.\"at\" AND p.\"at\" < s.\"at\")
GROUP BY s.id, m.id, s.\"at\", s.address, s.user_agent
HAVING COUNT(f.id) >= $3
ORDER BY s.\"at\", s.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [look.workspace.0.into(), look.since.0.into(), FAILURES.into()];
    let mut found = Vec::new();
    for row in look.rows(GUESSED, values).await? {
        let sign_in: SignInEventId = row.try_get_by_index(0)?;
        let member: MemberId = row.try_get_by_index(1)?;
        found.push(Found {
            cause: sign_in.to_string(),
            severity: Severity::Critical,
            member_id: Some(member),
            evidence: Evidence::SuccessAfterFailures {
                failures: row.try_get_by_index(5)?,
                first_failure_at: row.try_get_by_index(6)?,
                last_failure_at: row.try_get_by_index(7)?,
                success: Success {
                    at: row.try_get_by_index(2)?,
                    address: row.try_get_by_index(3)?,
                    user_agent: row.try_get_by_index(4)?,
                },
            },
        });
    }
    Ok(found)
}
