//! When a campaign comes again: on one day of the month, every so many months, when the workspace's audit is due that day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan};
use portaria_entity::access_review_schedule::Model as Schedule;
use portaria_entity::time::Timestamp;
use portaria_entity::workspace;

use crate::error::{Error, Result};

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrence {
    Monthly,
    Quarterly,
    HalfYearly,
    Yearly,
}

impl Recurrence {
    pub fn months(self) -> i32 {
        match self {
            Self::Monthly => 1,
            Self::Quarterly => 3,
            Self::HalfYearly => 6,
            Self::Yearly => 12,
        }
    }

    pub fn of_months(months: i32) -> Self {
        match months {
            ..=2 => Self::Monthly,
            3..=5 => Self::Quarterly,
            6..=11 => Self::HalfYearly,
            12.. => Self::Yearly,
        }
    }
}

/// One time that it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// `2026-03-31`: by which it is claimed.
    pub day: String,
    pub at: Timestamp,
}

/// The clock on the wall by which a schedule goes.
pub(super) struct Calendar {
    zone: TimeZone,
    minute: i32,
}

impl Calendar {
    pub fn of(workspace: &workspace::Model) -> Result<Self> {
        let zone = TimeZone::get(&workspace.time_zone).map_err(Error::internal)?;
        Ok(Self { zone, minute: workspace.audit_minute.clamp(0, 24 * 60 - 1) })
    }

    pub fn today(&self, now: Timestamp) -> Result<Date> {
        Ok(self.zone.to_datetime(instant(now)?).date())
    }

    /// When that day's time has come. A time that the day leaves out is the first after the gap.
    pub fn at(&self, day: Date) -> Result<Timestamp> {
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        let small = |number: i32| i8::try_from(number).unwrap_or(0);
        let local = day.at(small(hour), small(minute), 0, 0);
        let at = self.zone.to_ambiguous_timestamp(local).compatible().map_err(Error::internal)?;
        Ok(Timestamp(at.as_microsecond()))
    }

    /// So many days after an instant, at the same time on the wall.
    pub fn days_after(&self, at: Timestamp, days: i64) -> Result<Timestamp> {
        let zoned = instant(at)?.to_zoned(self.zone.clone());
        let then = zoned.checked_add(days.days()).map_err(Error::internal)?;
        Ok(Timestamp(then.timestamp().as_microsecond()))
    }

    /// The latest that has come and was not claimed. Of those that were missed only this one is made up; nothing from
    /// before there was a schedule, and nothing twice when the clock was set back.
    pub fn due(&self, schedule: &Schedule, last: Option<&str>, now: Timestamp) -> Result<Option<Occurrence>> {
        let mut latest = None;
        for occurrence in self.occurrences(schedule)? {
            let occurrence = occurrence?;
            if occurrence.at > now {
                break;
            }
            latest = Some(occurrence);
        }
        let is_new = |one: &Occurrence| {
            one.at > schedule.created_at && last.is_none_or(|last| one.day.as_str() > last)
        };
        Ok(latest.filter(is_new))
    }

    /// The first that is still to come.
    pub fn next(&self, schedule: &Schedule, now: Timestamp) -> Result<Option<Occurrence>> {
        for occurrence in self.occurrences(schedule)? {
            let occurrence = occurrence?;
            if occurrence.at > now.max(schedule.created_at) {
                return Ok(Some(occurrence));
            }
        }
        Ok(None)
    }

    /// Counted from the first each time, so that the 31st comes back after a shorter month; to the end of the calendar.
    fn occurrences(&self, schedule: &Schedule) -> Result<impl Iterator<Item = Result<Occurrence>>> {
        let first: Date = schedule.first_on.parse().map_err(Error::internal)?;
        let months = i64::from(schedule.every_months.max(1));
        let days = (0..12_000).map_while(move |count: i64| first.checked_add((count * months).months()).ok());
        Ok(days.map(|day| Ok(Occurrence { day: day.to_string(), at: self.at(day)? })))
    }
}

/// When a schedule's next campaign begins; none once it has ended.
pub fn next_on(
    schedule: &Schedule,
    workspace: &workspace::Model,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    if schedule.ended_at.is_some() {
        return Ok(None);
    }
    Ok(Calendar::of(workspace)?.next(schedule, now)?.map(|occurrence| occurrence.at))
}

fn instant(at: Timestamp) -> Result<Instant> {
    Instant::from_microsecond(at.0).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use portaria_entity::access_review::{ReviewPolicy, ReviewScope};
    use portaria_entity::id::{AccessReviewScheduleId, MemberId, WorkspaceId};
    use uuid::Uuid;

    use super::*;

    fn calendar(zone: &str, minute: i32) -> Calendar {
        Calendar { zone: TimeZone::get(zone).unwrap(), minute }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<Instant>().unwrap().as_microsecond())
    }

    fn schedule(first_on: &str, every_months: i32) -> Schedule {
        Schedule {
            workspace_id: WorkspaceId(Uuid::nil()),
            id: AccessReviewScheduleId(Uuid::nil()),
            name: String::new(),
            scope: ReviewScope::Everybody,
            role_id: None,
            channel_id: None,
            policy: ReviewPolicy::Tell,
            every_months,
            first_on: first_on.to_owned(),
            days: 14,
            created_by: MemberId(Uuid::nil()),
            created_at: at("2026-01-15T12:00:00Z"),
            ended_by: None,
            ended_at: None,
        }
    }

    #[test]
    fn the_last_of_a_month_comes_back_after_a_shorter_one() {
        let (calendar, monthly) = (calendar("America/Sao_Paulo", 480), schedule("2026-01-31", 1));
        let day = |now| calendar.due(&monthly, None, at(now)).unwrap().map(|one| one.day);
        assert_eq!(day("2026-01-31T10:59:59Z"), None);
        assert_eq!(day("2026-01-31T11:00:00Z").as_deref(), Some("2026-01-31"));
        assert_eq!(day("2026-03-01T00:00:00Z").as_deref(), Some("2026-02-28"));
        assert_eq!(day("2026-03-31T11:00:00Z").as_deref(), Some("2026-03-31"));
    }

    #[test]
    fn of_the_missed_the_latest_is_made_up_and_nothing_from_before() {
        let (calendar, quarterly) = (calendar("Europe/Lisbon", 480), schedule("2025-01-01", 3));
        let due = |last, now| calendar.due(&quarterly, last, at(now)).unwrap().map(|one| one.day);
        assert_eq!(due(None, "2026-03-31T12:00:00Z"), None, "the schedule is younger");
        assert_eq!(due(None, "2027-01-02T12:00:00Z").as_deref(), Some("2027-01-01"));
        assert_eq!(due(Some("2027-01-01"), "2027-01-02T12:00:00Z"), None);
        assert_eq!(due(Some("2027-01-01"), "2026-10-02T12:00:00Z"), None, "the clock was set back");
        assert_eq!(calendar.next(&quarterly, at("2027-01-02T12:00:00Z")).unwrap().unwrap().day, "2027-04-01");
    }

    #[test]
    fn the_hour_is_that_of_the_wall() {
        let lisbon = calendar("Europe/Lisbon", 480);
        assert_eq!(lisbon.at("2026-01-01".parse().unwrap()).unwrap(), at("2026-01-01T08:00:00Z"));
        assert_eq!(lisbon.at("2026-07-01".parse().unwrap()).unwrap(), at("2026-07-01T07:00:00Z"));
        let santiago = calendar("America/Santiago", 0);
        assert_eq!(santiago.at("2026-09-06".parse().unwrap()).unwrap(), at("2026-09-06T04:00:00Z"));
        assert_eq!(lisbon.days_after(at("2026-03-28T08:00:00Z"), 1).unwrap(), at("2026-03-29T07:00:00Z"));
    }
}
