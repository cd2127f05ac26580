//! Several people whose sessions are used from one network with one kind of device: by one who has robbed them all, or by a
//! server of the company's that nobody knows yet.

use std::time::Duration;

use portaria_entity::finding::Severity;
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::super::administrator::administers;
use super::super::colleague::OF_COLLEAGUES;
use super::super::fact::{FactName, FactValue};
use super::super::{About, DAY, Evidence, Found, Look, NAMED_IN_EVIDENCE};
use super::RULE;
use super::used::Used;
use crate::error::Result;

/// When so many others came before within a week, one more is told of with them; these stay told of by themselves, so that
/// nothing seems to be over when it grows.
const ALONE: i64 = 2;
const WEEK: Duration = DAY.saturating_mul(7);

/// Those from one network with one kind of device, but for the network where the session was opened.
const THERE: &str = "
FROM session_uses u JOIN sessions s ON s.workspace_id = $1 AND s.id = u.session_id
                    JOIN members m ON m.workspace_id = $1 AND m.id = u.member_id
WHERE u.workspace_id = $1 AND u.network = $2 AND u.device = $3 AND u.first_at >= $4
  AND (u.other_device OR u.other_country <> '')
  AND NOT (u.other_country = '' AND (s.address LIKE u.network || '.%' OR s.address LIKE u.network || ':%'))";

/// Whether it is one of a crowd. Only what came before it decides, so that it stays what it is.
pub(super) async fn has(look: &Look<'_>, used: &Used) -> Result<bool> {
    if used.is_near() {
        return Ok(false);
    }
    let sql = format!(
        "SELECT COUNT(*) FROM (SELECT DISTINCT u.user_id {THERE} \
         AND u.first_at <= $5 AND (u.first_at < $5 OR u.session_id < $6) AND u.user_id <> $7 LIMIT 2) AS others"
    );
    let values = [
        look.workspace.0.into(),
        used.network.as_str().into(),
        used.device.as_str().into(),
        (used.there.at - WEEK).0.into(),
        used.there.at.0.into(),
        used.session.0.into(),
        used.user.0.into(),
    ];
    Ok(look.count(&sql, values).await? >= ALONE)
}

/// What is told of it: of everybody whose sessions were used so in ninety days, also of those who are told of by themselves.
pub(super) async fn told(look: &Look<'_>, (network, device): (&str, &str)) -> Result<Option<Found>> {
    let values = || {
        let since = look.now - OF_COLLEAGUES;
        [look.workspace.0.into(), network.into(), device.into(), since.0.into()]
    };
    let first = format!("SELECT u.address, u.user_agent {THERE} ORDER BY u.first_at, u.session_id LIMIT 1");
    let first = look.rows(&first, values()).await?;
    // Administrators before the others: only a few are named.
    let people = format!(
        "SELECT m.id, MIN(u.first_at), MAX(u.last_at), CAST(MAX(CASE WHEN {} THEN 1 ELSE 0 END) AS BIGINT) {THERE} \
         GROUP BY m.id ORDER BY 4 DESC, 2, 1",
        administers("$5")
    );
    let people = look.rows(&people, values().into_iter().chain([look.now.0.into()])).await?;
    let Some(first) = first.first() else { return Ok(None) };
    let (mut members, mut times, mut has_administrator) = (Vec::<MemberId>::new(), Vec::new(), false);
    for row in &people {
        members.push(row.try_get_by_index(0)?);
        times.extend([row.try_get_by_index::<Timestamp>(1)?, row.try_get_by_index(2)?]);
        has_administrator |= row.try_get_by_index::<i64>(3)? == 1;
    }
    let (Some(from), Some(to)) = (times.iter().min(), times.iter().max()) else { return Ok(None) };
    let count = i64::try_from(members.len()).unwrap_or(i64::MAX);
    members.truncate(usize::try_from(NAMED_IN_EVIDENCE).unwrap_or(0));
    let evidence = Evidence::new()
        .with(FactName::Period, FactValue::During { from: *from, to: *to })
        .with(FactName::Address, FactValue::Address(first.try_get_by_index(0)?))
        .with(FactName::Device, FactValue::Device(first.try_get_by_index(1)?))
        .with(FactName::Accounts, FactValue::Members { named: members, count });
    let severity = if has_administrator { Severity::Critical } else { RULE.severity };
    let cause = format!("{network} {device}");
    Ok(Some(Found::by(&RULE, &cause, About::Workspace, evidence).with_severity(severity)))
}
