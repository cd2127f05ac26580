//! Members whose second factor was taken away for them: for a week, and until they have one again.

use std::time::Duration;

use portaria_entity::finding::Severity;
use portaria_entity::id::{MemberId, SecondFactorResetId};
use portaria_entity::time::Timestamp;

use super::{DAY, Evidence, Found, Look};
use crate::error::Result;

/// So long administrators are reminded, even of who has set one up again at once: it may have been a thief.
pub const REMINDER: Duration = Duration::from_secs(7 * DAY.as_secs());

/// The last reset of each member, with whether they have a second factor now.
const RESET: &str = "
SELECT r.id, r.member_id, r.reset_by, r.reset_at,
       CASE WHEN EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = m.user_id AND f.confirmed_at IS NOT NULL)
              OR EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = m.user_id) THEN 1 ELSE 0 END AS has_one
FROM second_factor_resets r JOIN members m ON m.workspace_id = r.workspace_id AND m.id = r.member_id
WHERE r.workspace_id = $1 AND m.status = 'active'
  AND NOT EXISTS (SELECT 1 FROM second_factor_resets l
                  WHERE l.workspace_id = r.workspace_id AND l.member_id = r.member_id AND l.id > r.id)
ORDER BY r.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for row in look.rows(RESET, [look.workspace.0.into()]).await? {
        let id: SecondFactorResetId = row.try_get_by_index(0)?;
        let member: MemberId = row.try_get_by_index(1)?;
        let reset_at: Timestamp = row.try_get_by_index(3)?;
        let set_up_again = row.try_get_by_index::<i32>(4)? != 0;
        if set_up_again && look.now.since(reset_at) > REMINDER {
            continue;
        }
        found.push(Found {
            cause: id.to_string(),
            severity: Severity::High,
            member_id: Some(member),
            evidence: Evidence::SecondFactorReset {
                reset_at,
                reset_by: row.try_get_by_index(2)?,
                set_up_again,
            },
        });
    }
    Ok(found)
}
