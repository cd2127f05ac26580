//! What the rules about people who stay away share: who was not seen since when.

use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::administrator::administers;
use super::fact::{FactName, FactValue, SignIn};
use super::telling::Telling;
use super::{Evidence, Look};
use crate::error::Result;

/// Of whom it is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    Administrators,
    Others,
}

/// Last seen is the latest of: an authenticated request, a sign-in, a session opened in another way.
const SILENT: &str = "
SELECT m.id, m.last_active_at, e.\"at\", e.address, e.user_agent
FROM members m
LEFT JOIN sign_in_events e ON e.id = (
    SELECT s.id FROM sign_in_events s
    WHERE s.user_id = m.user_id AND s.workspace_id = m.workspace_id AND s.outcome = 'succeeded'
    ORDER BY s.\"at\" DESC LIMIT 1)
WHERE m.workspace_id = $1 AND m.status = 'active'
  AND COALESCE(m.last_active_at, 0) < $2 AND COALESCE(e.\"at\", 0) < $2
  AND NOT EXISTS (SELECT 1 FROM sessions o
                  WHERE o.user_id = m.user_id AND o.member_id = m.id AND o.created_at >= $2)
  AND (m.last_active_at IS NOT NULL OR e.id IS NOT NULL)";

/// Members who have been here and were not seen since, with when that was.
pub(super) async fn silent(
    look: &Look<'_>,
    whom: Whom,
    since: Timestamp,
) -> Result<Vec<(MemberId, Evidence)>> {
    let not = if whom == Whom::Administrators { "" } else { "NOT " };
    let sql = format!("{SILENT} AND {not}{} ORDER BY m.id", administers("$3"));
    let values = [look.workspace.0.into(), since.0.into(), look.now.0.into()];
    let mut found = Vec::new();
    for row in look.rows(&sql, values).await? {
        let last_sign_in = match row.try_get_by_index::<Option<Timestamp>>(2)? {
            Some(at) => {
                Some(SignIn { at, address: row.try_get_by_index(3)?, user_agent: row.try_get_by_index(4)? })
            }
            None => None,
        };
        let last_active_at: Option<Timestamp> = row.try_get_by_index(1)?;
        let evidence = Evidence::new()
            .with_some(FactName::LastActive, last_active_at.map(FactValue::At))
            .with_some(FactName::LastSignIn, last_sign_in.map(FactValue::SignIn));
        found.push((row.try_get_by_index(0)?, evidence));
    }
    Ok(found)
}

/// Days since they were seen last.
pub(super) fn days(told: &Telling<'_>) -> u64 {
    let evidence = told.evidence();
    let last = evidence.at(FactName::LastActive).max(evidence.at(FactName::LastSignIn));
    last.map_or(0, |last| told.days_since(last))
}
