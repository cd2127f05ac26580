//! Which addresses are the company's, by the colleagues who come from them.

use std::time::Duration;

use portaria_entity::id::UserId;
use portaria_entity::time::Timestamp;

use super::place::Entry;
use super::{DAY, Look};
use crate::device::system_marks;
use crate::error::Result;
use crate::throttle;

/// An address from which so many others got in before is the company's: an office, or the way out of its own network.
const COLLEAGUES: usize = 2;
pub(super) const OF_COLLEAGUES: Duration = DAY.saturating_mul(90);
/// Colleagues of less than a week do not count: an intruder who gets into three accounts is not an office.
pub(super) const ACQUAINTED: Duration = DAY.saturating_mul(7);
/// Nor do those who were there but once, or not for long: two who were robbed are no office either. Offices are shut for weeks.
pub(super) const AGAIN: Duration = DAY.saturating_mul(3);
pub(super) const LATELY: Duration = DAY.saturating_mul(30);

/// SQLite keeps from looking through the network once more for each.
const REGULARS: &str = "
SELECT p.user_id FROM sign_in_events p
WHERE p.network = $2 AND p.\"at\" >= $3 AND p.\"at\" < $4 AND p.workspace_id = $1 AND p.outcome = 'succeeded'
  AND p.user_id NOT IN ({but})
  AND EXISTS (
      SELECT 1 FROM sign_in_events c
      WHERE c.user_id = p.user_id AND c.\"at\" >= $5 AND c.\"at\" < $6 AND c.\"at\" >= p.\"at\" + $7
        AND c.network || '' = $2 AND c.workspace_id = $1 AND c.outcome = 'succeeded')
ORDER BY p.\"at\" LIMIT 1";

/// Who got in from an address, or connection of IPv6, more than a week before then, and again days after that and lately: not
/// all, but as many as it takes to say whether it is the company's.
pub(super) async fn regulars(look: &Look<'_>, address: &str, before: Timestamp) -> Result<Vec<UserId>> {
    let values = [
        look.workspace.0.into(),
        throttle::network(address).into(),
        (before - OF_COLLEAGUES).0.into(),
        (before - ACQUAINTED).0.into(),
        (before - LATELY).0.into(),
        before.0.into(),
        i64::try_from(AGAIN.as_micros()).unwrap_or(i64::MAX).into(),
    ];
    enough(look, REGULARS, &values).await
}

/// As many people as it takes, so that one of them may be left out, one by one: nobody's many rows are gone through for it.
pub(super) async fn enough(look: &Look<'_>, sql: &str, values: &[sea_orm::Value]) -> Result<Vec<UserId>> {
    let (one, other) = (values.len() + 1, values.len() + 2);
    let sql = sql.replace("{but}", &format!("${one}, ${other}"));
    let mut users: Vec<UserId> = Vec::new();
    while users.len() <= COLLEAGUES {
        let but = [0, 1].map(|nth| users.get(nth).map_or_else(uuid::Uuid::nil, |user| user.0).into());
        let rows = look.rows(&sql, values.iter().cloned().chain(but)).await?;
        let Some(row) = rows.first() else { break };
        users.push(row.try_get_by_index(0)?);
    }
    Ok(users)
}

/// Whether there are enough others among them for a place to be the company's.
pub(super) fn are_colleagues(regulars: &[UserId], user: UserId) -> bool {
    regulars.iter().filter(|regular| **regular != user).count() >= COLLEAGUES
}

/// Whether colleagues get in from the same address.
pub(super) async fn is_of_company(look: &Look<'_>, entry: &Entry, before: Timestamp) -> Result<bool> {
    Ok(are_colleagues(&regulars(look, &entry.address, before).await?, entry.user))
}

/// Whether somebody got in from an address lately with a program that names its system, as browsers do.
pub(super) async fn has_browsers(look: &Look<'_>, address: &str) -> Result<bool> {
    let names: Vec<String> =
        system_marks().map(|mark| format!("replace(e.user_agent, '{mark}', '') <> e.user_agent")).collect();
    let sql = format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM sign_in_events e \
         WHERE e.network = $2 AND e.\"at\" >= $3 AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND ({}) \
         LIMIT 1) AS entries",
        names.join(" OR ")
    );
    let since = look.now - LATELY;
    let values = [look.workspace.0.into(), throttle::network(address).into(), since.0.into()];
    Ok(look.count(&sql, values).await? > 0)
}
