//! When a daily job is due, and a weekly one: by the clock on the wall of the workspace, whatever summer time does to it.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use portaria_domain::error::{Error, Result};
use portaria_entity::workspace;

/// A job of every day at one minute of the local day.
#[derive(Debug, Clone)]
pub struct Daily {
    zone: TimeZone,
    time: Time,
}

/// One occurrence. The local time names it; the instant is when it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheduled {
    pub local: DateTime,
    pub at: Timestamp,
}

impl Scheduled {
    /// `2026-03-12T08:00`: what the claim of this occurrence is known by.
    pub fn key(&self) -> String {
        self.local.strftime("%Y-%m-%dT%H:%M").to_string()
    }
}

impl Daily {
    /// The audit of a workspace.
    pub fn of(workspace: &workspace::Model) -> Result<Self> {
        let zone = TimeZone::get(&workspace.time_zone).map_err(Error::internal)?;
        Ok(Self::new(zone, workspace.audit_minute))
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// `minute` counts from midnight; one beyond the day is the day's last.
    pub fn new(zone: TimeZone, minute: i32) -> Self {
        let minute = minute.clamp(0, 24 * 60 - 1);
        let parts = (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
        Self { zone, time: Time::new(parts.0, parts.1, 0, 0).unwrap_or(Time::midnight()) }
    }

    /// What should have happened last and has not been claimed. However many days were missed, only the latest is
    /// made up; nothing from before `since`, when the job began to exist. A clock that was set back waits until time
    /// has caught up with the last claim.
    pub fn due(&self, since: Timestamp, last_claimed: Option<&str>, now: Timestamp) -> Option<Scheduled> {
        let latest = self.around(now).into_iter().rev().find(|scheduled| scheduled.at <= now)?;
        let is_new = last_claimed.is_none_or(|claimed| latest.key().as_str() > claimed);
        (latest.at > since && is_new).then_some(latest)
    }

    /// The next one after now.
    pub fn next(&self, now: Timestamp) -> Option<Scheduled> {
        self.around(now).into_iter().find(|scheduled| scheduled.at > now)
    }

    /// The latest local time that a claim made until now can be for: two days ahead, for the workspace may have moved to
    /// another zone, and a clock may have been corrected.
    pub fn credible(&self, now: Timestamp) -> String {
        let latest = self.zone.to_datetime(now).saturating_add(2.days());
        Scheduled { local: latest, at: now }.key()
    }

    /// The occurrences of the days around now, in order. Two days on each side, for a zone may leave out a whole day.
    fn around(&self, now: Timestamp) -> Vec<Scheduled> {
        let today = self.zone.to_datetime(now).date();
        (-2..=2)
            .filter_map(|days| today.checked_add(i64::from(days).days()).ok())
            .filter_map(|date| self.on(date))
            .collect()
    }

    /// A time that is skipped on that day happens at the first instant after the gap; one that comes twice, at its
    /// first.
    fn on(&self, date: Date) -> Option<Scheduled> {
        let local = date.to_datetime(self.time);
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let at = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok()?,
            AmbiguousOffset::Gap { .. } => {
                let before_the_gap = ambiguous.earlier().ok()?;
                self.zone.following(before_the_gap).next()?.timestamp()
            }
        };
        Some(Scheduled { local, at })
    }
}

/// A job of one day of the week, at the minute of a daily one.
#[derive(Debug, Clone)]
pub struct Weekly {
    daily: Daily,
    weekday: Weekday,
}

impl Weekly {
    /// The report of the week of a workspace, if it has one.
    pub fn of(workspace: &workspace::Model) -> Result<Option<Self>> {
        let daily = Daily::of(workspace)?;
        let weekday = workspace.reports_weekday.and_then(|day| i8::try_from(day).ok());
        let weekday = weekday.and_then(|day| Weekday::from_monday_zero_offset(day).ok());
        Ok(weekday.map(|weekday| Self { daily, weekday }))
    }

    /// The one that happened last, if that was after `since`.
    pub fn last(&self, since: Timestamp, now: Timestamp) -> Option<Scheduled> {
        self.around(now)
            .into_iter()
            .rev()
            .find(|scheduled| scheduled.at <= now)
            .filter(|last| last.at > since)
    }

    /// The next one after now.
    pub fn next(&self, now: Timestamp) -> Option<Scheduled> {
        self.around(now).into_iter().find(|scheduled| scheduled.at > now)
    }

    fn around(&self, now: Timestamp) -> Vec<Scheduled> {
        let today = self.daily.zone.to_datetime(now).date();
        (-9..=9)
            .filter_map(|days| today.checked_add(i64::from(days).days()).ok())
            .filter(|date| date.weekday() == self.weekday)
            .filter_map(|date| self.daily.on(date))
            .collect()
    }
}

impl Scheduled {
    /// `2026-03-09`: by which a report of the week is known.
    pub fn day(&self) -> String {
        self.local.date().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn daily(zone: &str, minute: i32) -> Daily {
        Daily::new(TimeZone::get(zone).unwrap(), minute)
    }

    const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

    /// Ticks every minute through a stretch of time, claiming what is due, and says when each thing ran.
    fn ran(daily: &Daily, from: &str, to: &str) -> Vec<(String, String)> {
        let mut now = at(from);
        let mut claimed = daily.due(LONG_AGO, None, now).map(|scheduled| scheduled.key());
        let mut ran = Vec::new();
        while now <= at(to) {
            if let Some(scheduled) = daily.due(LONG_AGO, claimed.as_deref(), now) {
                ran.push((scheduled.key(), now.to_string()));
                claimed = Some(scheduled.key());
            }
            now += 1.minute();
        }
        ran
    }

    #[track_caller]
    fn assert_ran(daily: &Daily, (from, to): (&str, &str), expected: &[(&str, &str)]) {
        let ran = ran(daily, from, to);
        let ran: Vec<_> = ran.iter().map(|(key, at)| (key.as_str(), at.as_str())).collect();
        assert_eq!(ran, expected);
    }

    #[test]
    fn every_day_at_eight_on_the_wall() {
        assert_ran(
            &daily("America/Sao_Paulo", 480),
            ("2026-03-10T12:00:00Z", "2026-03-13T10:59:00Z"),
            &[("2026-03-11T08:00", "2026-03-11T11:00:00Z"), ("2026-03-12T08:00", "2026-03-12T11:00:00Z")],
        );
    }

    #[test]
    fn the_hour_moves_with_summer_time_and_the_day_does_not() {
        assert_ran(
            &daily("Europe/Lisbon", 480),
            ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
            &[("2026-03-29T08:00", "2026-03-29T07:00:00Z"), ("2026-03-30T08:00", "2026-03-30T07:00:00Z")],
        );
        assert_ran(
            &daily("America/New_York", 480),
            ("2026-10-31T13:00:00Z", "2026-11-02T14:00:00Z"),
            &[("2026-11-01T08:00", "2026-11-01T13:00:00Z"), ("2026-11-02T08:00", "2026-11-02T13:00:00Z")],
        );
    }

    #[test]
    fn a_skipped_time_runs_when_the_gap_ends() {
        // New York goes from 02:00 to 03:00 at 07:00 UTC.
        assert_ran(
            &daily("America/New_York", 150),
            ("2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"),
            &[("2026-03-08T02:30", "2026-03-08T07:00:00Z"), ("2026-03-09T02:30", "2026-03-09T06:30:00Z")],
        );
        // Lisbon goes from 01:00 to 02:00 at 01:00 UTC.
        assert_ran(
            &daily("Europe/Lisbon", 90),
            ("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"),
            &[("2026-03-29T01:30", "2026-03-29T01:00:00Z")],
        );
        // Santiago has no midnight on that day: it goes from 00:00 to 01:00 at 04:00 UTC.
        assert_ran(
            &daily("America/Santiago", 0),
            ("2026-09-05T12:00:00Z", "2026-09-07T12:00:00Z"),
            &[("2026-09-06T00:00", "2026-09-06T04:00:00Z"), ("2026-09-07T00:00", "2026-09-07T03:00:00Z")],
        );
    }

    #[test]
    fn a_repeated_time_runs_once() {
        assert_ran(
            &daily("America/New_York", 90),
            ("2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"),
            &[("2026-11-01T01:30", "2026-11-01T05:30:00Z"), ("2026-11-02T01:30", "2026-11-02T06:30:00Z")],
        );
        assert_ran(
            &daily("Europe/Lisbon", 90),
            ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
            &[("2026-10-25T01:30", "2026-10-25T00:30:00Z"), ("2026-10-26T01:30", "2026-10-26T01:30:00Z")],
        );
    }

    #[test]
    fn a_day_that_a_zone_left_out_is_made_up_at_the_next() {
        // Samoa went from the 29th of December 2011 to the 31st.
        assert_ran(
            &daily("Pacific/Apia", 480),
            ("2011-12-29T20:00:00Z", "2011-12-31T00:00:00Z"),
            &[("2011-12-30T08:00", "2011-12-30T10:00:00Z"), ("2011-12-31T08:00", "2011-12-30T18:00:00Z")],
        );
    }

    #[test]
    fn only_the_latest_of_the_missed_is_made_up() {
        let daily = daily("America/Sao_Paulo", 480);
        let due = daily.due(LONG_AGO, Some("2026-03-02T08:00"), at("2026-03-13T09:00:00Z")).unwrap();
        assert_eq!((due.key().as_str(), due.at), ("2026-03-12T08:00", at("2026-03-12T11:00:00Z")));
        assert_eq!(daily.due(LONG_AGO, Some("2026-03-12T08:00"), at("2026-03-13T09:00:00Z")), None);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_run_anything_again() {
        let daily = daily("America/Sao_Paulo", 480);
        assert_eq!(daily.due(LONG_AGO, Some("2026-03-19T08:00"), at("2026-03-13T12:00:00Z")), None);
        let due = daily.due(LONG_AGO, Some("2026-03-19T08:00"), at("2026-03-20T11:00:00Z")).unwrap();
        assert_eq!(due.key(), "2026-03-20T08:00");
    }

    #[test]
    fn nothing_is_due_from_before_there_was_a_job() {
        let daily = daily("America/Sao_Paulo", 480);
        let founded = at("2026-03-12T15:00:00Z");
        assert_eq!(daily.due(founded, None, at("2026-03-13T10:59:59Z")), None);
        assert_eq!(daily.due(founded, None, at("2026-03-13T11:00:00Z")).unwrap().key(), "2026-03-13T08:00");
        assert_eq!(daily.next(founded).unwrap().at, at("2026-03-13T11:00:00Z"));
    }

    fn weekly(zone: &str, minute: i32, weekday: Weekday) -> Weekly {
        Weekly { daily: daily(zone, minute), weekday }
    }

    #[test]
    fn a_week_is_told_on_its_day_and_made_up_until_the_next() {
        let weekly = weekly("America/Sao_Paulo", 480, Weekday::Monday);
        let last = |now: &str| weekly.last(LONG_AGO, at(now)).unwrap().day();
        assert_eq!(last("2026-03-09T10:59:59Z"), "2026-03-02");
        assert_eq!(last("2026-03-09T11:00:00Z"), "2026-03-09");
        assert_eq!(last("2026-03-16T10:59:59Z"), "2026-03-09");
        assert_eq!(weekly.next(at("2026-03-09T11:00:00Z")).unwrap().at, at("2026-03-16T11:00:00Z"));
        let set_up = at("2026-03-10T00:00:00Z");
        assert_eq!(weekly.last(set_up, at("2026-03-12T11:00:00Z")), None, "from before there was one");
    }

    #[test]
    fn a_week_ends_at_the_same_hour_on_both_sides_of_summer_time() {
        let weekly = weekly("America/New_York", 150, Weekday::Sunday);
        let last = weekly.last(LONG_AGO, at("2026-03-08T12:00:00Z")).unwrap();
        assert_eq!((last.key().as_str(), last.at), ("2026-03-08T02:30", at("2026-03-08T07:00:00Z")));
        let twice = weekly.last(LONG_AGO, at("2026-11-01T12:00:00Z")).unwrap();
        assert_eq!((twice.key().as_str(), twice.at), ("2026-11-01T02:30", at("2026-11-01T07:30:00Z")));
        // Samoa had no Friday, 30 December 2011: it was told when Saturday began.
        let apia = super::tests::weekly("Pacific/Apia", 480, Weekday::Friday);
        assert_eq!(apia.last(LONG_AGO, at("2011-12-30T12:00:00Z")).unwrap().day(), "2011-12-30");
    }

    #[test]
    fn what_a_wrong_clock_has_claimed_is_not_believed() {
        let daily = daily("America/Sao_Paulo", 480);
        assert_eq!(daily.credible(at("2026-03-13T12:00:00Z")), "2026-03-15T09:00");
    }
}
