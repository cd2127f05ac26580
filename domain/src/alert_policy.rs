//! When administrators are told at once: quiet hours by the clock on the workspace's wall, whatever summer time does to it,
//! and how many notices an hour they get at most.

use std::ops::RangeInclusive;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use portaria_entity::alert::AlertSeverity;
use portaria_entity::alert_policy;
use portaria_entity::finding::Severity;
use portaria_entity::id::WorkspaceId;
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use crate::error::{Refusal, Result};
use crate::granting::Change;

const NOTICES_AN_HOUR: RangeInclusive<i32> = 1..=60;
const MINUTES_OF_DAY: RangeInclusive<i32> = 0..=24 * 60 - 1;

/// When administrators of a workspace are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertPolicy {
    /// None: it is never quiet.
    pub quiet: Option<QuietHours>,
    /// So many notices an hour; as many again of what is high, and of what is critical.
    pub notices_an_hour: i32,
}

/// Every day from one local minute to another, perhaps of the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    pub from: i32,
    pub until: i32,
    /// What is as severe as this, and what is less, waits for their end; but never what is critical.
    pub most: Severity,
}

/// At night, what can wait until somebody gets up does.
impl Default for AlertPolicy {
    fn default() -> Self {
        let quiet = QuietHours { from: 22 * 60, until: 7 * 60, most: Severity::Medium };
        Self { quiet: Some(quiet), notices_an_hour: 6 }
    }
}

impl AlertPolicy {
    /// Until when something so severe waits, if it does.
    pub fn waits_until(&self, zone: &TimeZone, now: Timestamp, severity: Severity) -> Option<Timestamp> {
        let waits =
            |quiet: &QuietHours| severity != Severity::Critical && degree(severity) <= degree(quiet.most);
        let quiet = self.quiet.filter(waits)?;
        quiet.until(zone, now)
    }

    fn told(&self) -> Value {
        let quiet = self.quiet.map(
            |quiet| json!({ "from": quiet.from, "until": quiet.until, "severity": quiet.most.to_value() }),
        );
        json!({ "quietHours": quiet, "noticesAnHour": self.notices_an_hour })
    }
}

impl QuietHours {
    /// When they end, if it is one of them now.
    pub fn until(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let today = zone.to_datetime(now).date();
        (-2..=1).rev().find_map(|days: i64| {
            let date = today.checked_add(days.days()).ok()?;
            let ends_on = if self.until > self.from { date } else { date.tomorrow().ok()? };
            let (from, until) = (first(zone, date, self.from)?, first(zone, ends_on, self.until)?);
            (from <= now && now < until).then_some(until)
        })
    }
}

/// The first instant at which the clock on the wall shows a minute of a day; where it is skipped, the end of the gap.
fn first(zone: &TimeZone, date: Date, minute: i32) -> Option<Timestamp> {
    let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(time));
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        AmbiguousOffset::Gap { .. } => {
            let before_the_gap = ambiguous.earlier().ok()?;
            zone.following(before_the_gap).next().map(|transition| transition.timestamp())
        }
    }
}

/// The graver, the more.
pub fn degree(severity: Severity) -> u8 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
        Severity::Critical => 3,
    }
}

/// How severe an alert is, by the measure of findings. What will go wrong some time can wait for the morning.
pub fn severity_of(alert: AlertSeverity) -> Severity {
    match alert {
        AlertSeverity::Notice => Severity::Low,
        AlertSeverity::Warning => Severity::Medium,
        AlertSeverity::Critical => Severity::Critical,
    }
}

/// The policy of a workspace.
pub async fn of(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<AlertPolicy> {
    let Some(row) = alert_policy::Entity::find_by_id(workspace).one(connection).await? else {
        return Ok(AlertPolicy::default());
    };
    let hours = QuietHours { from: row.quiet_from, until: row.quiet_until, most: row.quiet_severity };
    Ok(AlertPolicy { quiet: row.is_quiet.then_some(hours), notices_an_hour: row.notices_an_hour })
}

/// Sets the policy of a workspace, in force at once for what has not been told. Quiet hours that would hold back everything
/// hold back all but what is critical: nobody silences an attack for the night of it.
pub async fn update(change: &mut Change<'_>, policy: AlertPolicy) -> Result<AlertPolicy> {
    let within = |minute: i32| MINUTES_OF_DAY.contains(&minute);
    let fits = |quiet: QuietHours| within(quiet.from) && within(quiet.until) && quiet.from != quiet.until;
    if !NOTICES_AN_HOUR.contains(&policy.notices_an_hour) || !policy.quiet.is_none_or(fits) {
        return Err(Refusal::InvalidPeriod.into());
    }
    let quiet = policy.quiet.map(|quiet| match quiet.most {
        Severity::Critical => QuietHours { most: Severity::High, ..quiet },
        Severity::Low | Severity::Medium | Severity::High => quiet,
    });
    let policy = AlertPolicy { quiet, ..policy };
    let before = of(&change.transaction, change.workspace_id).await?;
    let sql = "INSERT INTO alert_policies (workspace_id, is_quiet, quiet_from, quiet_until, quiet_severity, notices_an_hour) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id) DO UPDATE SET is_quiet = $2, quiet_from = $3, \
               quiet_until = $4, quiet_severity = $5, notices_an_hour = $6";
    let hours = policy.quiet.unwrap_or(QuietHours { from: 0, until: 0, most: Severity::Low });
    let values = [
        policy.quiet.is_some().into(),
        hours.from.into(),
        hours.until.into(),
        hours.most.to_value().into(),
        policy.notices_an_hour.into(),
    ];
    change.execute(sql, values).await?;
    let told = (Some(before.told()), Some(policy.told()));
    change.record("alert_policy.updated", change.workspace_id, told).await?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn until(zone: &str, (from, until): (i32, i32), now: &str) -> Option<String> {
        let hours = QuietHours { from, until, most: Severity::Medium };
        hours.until(&TimeZone::get(zone).unwrap(), at(now)).map(|end| end.to_string())
    }

    const NIGHT: (i32, i32) = (22 * 60, 7 * 60);

    #[test]
    fn the_night_is_quiet_by_the_clock_on_the_wall() {
        let night = |now| until("America/Sao_Paulo", NIGHT, now);
        assert_eq!(night("2026-03-03T00:59:59Z"), None);
        assert_eq!(night("2026-03-03T01:00:00Z").as_deref(), Some("2026-03-03T10:00:00Z"));
        assert_eq!(night("2026-03-03T09:59:59Z").as_deref(), Some("2026-03-03T10:00:00Z"));
        assert_eq!(night("2026-03-03T10:00:00Z"), None);
        let noon = |now| until("America/Sao_Paulo", (12 * 60, 13 * 60), now);
        assert_eq!(noon("2026-03-03T15:30:00Z").as_deref(), Some("2026-03-03T16:00:00Z"));
        assert_eq!(noon("2026-03-03T16:00:00Z"), None);
    }

    #[test]
    fn summer_time_makes_the_night_longer_or_shorter_and_no_night_comes_twice() {
        // Lisbon goes from 01:00 to 02:00 on the 29th of March, and from 02:00 back to 01:00 on the 25th of October.
        let lisbon = |now| until("Europe/Lisbon", NIGHT, now);
        assert_eq!(lisbon("2026-03-29T05:59:00Z").as_deref(), Some("2026-03-29T06:00:00Z"));
        assert_eq!(lisbon("2026-03-29T06:00:00Z"), None);
        assert_eq!(lisbon("2026-10-25T06:59:00Z").as_deref(), Some("2026-10-25T07:00:00Z"));
        // Until 01:30: skipped in March, there twice in October; it ends when the gap does, and at the first of the two.
        let early = |now| until("Europe/Lisbon", (22 * 60, 90), now);
        assert_eq!(early("2026-03-29T00:59:00Z").as_deref(), Some("2026-03-29T01:00:00Z"));
        assert_eq!(early("2026-03-29T01:00:00Z"), None);
        assert_eq!(early("2026-10-25T00:29:00Z").as_deref(), Some("2026-10-25T00:30:00Z"));
        assert_eq!(early("2026-10-25T01:10:00Z"), None, "the clock shows 01:10 for the second time");
    }

    #[test]
    fn what_is_critical_never_waits() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let night = at("2026-03-03T05:00:00Z");
        let policy = AlertPolicy::default();
        let waits = |policy: AlertPolicy, severity| policy.waits_until(&zone, night, severity).is_some();
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        assert_eq!(all.map(|severity| waits(policy, severity)), [true, true, false, false]);
        let quiet = policy.quiet.map(|quiet| QuietHours { most: Severity::Critical, ..quiet });
        assert_eq!(
            all.map(|severity| waits(AlertPolicy { quiet, ..policy }, severity)),
            [true, true, true, false]
        );
        assert!(!waits(AlertPolicy { quiet: None, ..policy }, Severity::Low));
    }
}
