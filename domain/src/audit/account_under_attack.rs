//! Many wrong passwords for one member's account within an hour, those among them that were turned away unseen.

use portaria_entity::finding::Severity;
use portaria_entity::id::MemberId;

use super::{Evidence, FailuresFrom, Found, Look, NAMED_IN_EVIDENCE, date_of_day};
use crate::error::Result;

/// So many wrong passwords within an hour are more than a bad memory.
pub const FAILURES: i64 = 10;

/// Failures with how many the hour up to each held; then per member, local day and address; then the worst addresses.
const ATTACKED: &str = "
WITH tries AS (
    SELECT m.id AS member_id, e.address, e.\"at\", CAST(1 AS BIGINT) AS attempts
    FROM members m JOIN sign_in_events e ON e.user_id = m.user_id
    WHERE m.workspace_id = $1 AND m.status <> 'removed' AND e.\"at\" >= $2
          AND e.outcome IN ('wrong_password', 'wrong_code', 'throttled')
    UNION ALL
    SELECT m.id, t.address, t.minute, t.attempts
    FROM members m JOIN throttled_attempts t ON t.user_id = m.user_id
    WHERE m.workspace_id = $1 AND m.status <> 'removed' AND t.minute >= $2
), failed AS (
    SELECT member_id, address, \"at\", attempts, (\"at\" + $3) / 86400000000 AS day,
           SUM(attempts) OVER (PARTITION BY member_id ORDER BY \"at\"
                               RANGE BETWEEN 3600000000 PRECEDING AND CURRENT ROW) AS in_hour
    FROM tries
), peaks AS (
    SELECT member_id, address, \"at\", attempts, day,
           CAST(MAX(in_hour) OVER (PARTITION BY member_id, day) AS BIGINT) AS peak FROM failed
), by_address AS (
    SELECT member_id, day, peak, address, CAST(SUM(attempts) AS BIGINT) AS failures,
           MIN(\"at\") AS first_at, MAX(\"at\") AS last_at
    FROM peaks WHERE peak >= $4 GROUP BY member_id, day, peak, address
), ranked AS (
    SELECT member_id, day, peak, address, failures,
           ROW_NUMBER() OVER (PARTITION BY member_id, day ORDER BY failures DESC, address) AS place,
           CAST(SUM(failures) OVER (PARTITION BY member_id, day) AS BIGINT) AS total,
           COUNT(*) OVER (PARTITION BY member_id, day) AS addresses,
           MIN(first_at) OVER (PARTITION BY member_id, day) AS first_at,
           MAX(last_at) OVER (PARTITION BY member_id, day) AS last_at
    FROM by_address
)
SELECT member_id, day, peak, total, addresses, first_at, last_at, address, failures
FROM ranked WHERE place <= $5 ORDER BY member_id, day, place";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        look.offset.into(),
        FAILURES.into(),
        NAMED_IN_EVIDENCE.into(),
    ];
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(ATTACKED, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let cause = format!("{member} {}", date_of_day(row.try_get_by_index(1)?)?);
        let from = FailuresFrom { address: row.try_get_by_index(7)?, failures: row.try_get_by_index(8)? };
        if let Some(last) = found.last_mut().filter(|last| last.cause == cause) {
            if let Evidence::AccountUnderAttack { addresses, .. } = &mut last.evidence {
                addresses.push(from);
            }
            continue;
        }
        let (peak, total): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        found.push(Found {
            cause,
            severity: Severity::High,
            member_id: Some(member),
            evidence: Evidence::AccountUnderAttack {
                // An hour that began the day before may hold more than this day does.
                failures: peak.max(total),
                addresses: vec![from],
                address_count: row.try_get_by_index(4)?,
                first_at: row.try_get_by_index(5)?,
                last_at: row.try_get_by_index(6)?,
            },
        });
    }
    Ok(found)
}
