//! Times as the reader's clock on the wall shows them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Lasting;

/// From one instant to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A time of the workspace's own zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    pub at: DateTime,
    /// The year is said only when it is not the report's.
    pub other_year: Option<i16>,
}

/// From one local time to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalSpan {
    pub from: LocalTime,
    pub to: LocalTime,
}

impl LocalTime {
    pub fn clock(&self) -> String {
        format!("{:02}:{:02}", self.at.hour(), self.at.minute())
    }

    /// Monday is 0.
    pub fn weekday_index(&self) -> usize {
        usize::from(self.at.weekday().to_monday_zero_offset().unsigned_abs())
    }

    /// January is 0.
    pub fn month_index(&self) -> usize {
        usize::from(self.at.month().unsigned_abs()).saturating_sub(1)
    }
}

impl LocalSpan {
    pub fn is_one_minute(&self) -> bool {
        self.is_one_day() && self.from.clock() == self.to.clock()
    }

    pub fn is_one_day(&self) -> bool {
        self.from.at.date() == self.to.at.date()
    }
}

/// Turns instants into local times.
#[derive(Debug, Clone)]
pub struct Wall {
    zone: TimeZone,
    year: i16,
    ran_at: Timestamp,
    /// Of the workspace, where the reader's is another.
    home: Option<TimeZone>,
}

impl Wall {
    pub fn new(zone: &TimeZone, ran_at: Timestamp) -> Self {
        let year = zone.to_datetime(ran_at).year();
        Self { zone: zone.clone(), year, ran_at, home: None }
    }

    /// The same for a reader of a workspace whose clocks are those of `home`.
    pub fn away_from(self, home: &TimeZone) -> Self {
        Self { home: (*home != self.zone).then(|| home.clone()), ..self }
    }

    pub fn time(&self, at: Timestamp) -> LocalTime {
        let at = self.zone.to_datetime(at);
        LocalTime { at, other_year: (at.year() != self.year).then(|| at.year()) }
    }

    pub fn span(&self, period: Period) -> LocalSpan {
        LocalSpan { from: self.time(period.from), to: self.time(period.to) }
    }

    /// `America/Sao_Paulo (UTC−3)`, with the offset that held when the audit ran.
    pub fn zone_name(&self) -> String {
        self.name_of(&self.zone)
    }

    /// By which clock hours of the workspace's week are told, where that is not the reader's.
    pub fn home_name(&self) -> Option<String> {
        self.home.as_ref().map(|home| self.name_of(home))
    }

    fn name_of(&self, zone: &TimeZone) -> String {
        let offset = zone.to_offset(self.ran_at).seconds();
        let sign = if offset < 0 { '−' } else { '+' };
        let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
        let offset = match (hours, minutes) {
            (0, 0) => "UTC".to_owned(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        };
        match zone.iana_name() {
            Some(name) if name != offset => format!("{name} ({offset})"),
            Some(_) | None => offset,
        }
    }
}

/// How long a period lasted, roughly: nobody needs the seconds.
pub fn lasting(period: Period) -> Lasting {
    let duration: SignedDuration = period.from.duration_until(period.to);
    let minutes = duration.as_mins().unsigned_abs();
    match minutes {
        0 => Lasting::UnderAMinute,
        1..120 => Lasting::Minutes(minutes),
        120..2880 => Lasting::Hours(minutes / 60),
        2880.. => Lasting::Days(minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(zone: &str) -> Wall {
        Wall::new(&TimeZone::get(zone).unwrap(), "2026-03-13T11:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_zone_is_named_with_its_offset_of_the_day() {
        assert_eq!(wall("America/Sao_Paulo").zone_name(), "America/Sao_Paulo (UTC−3)");
        assert_eq!(wall("America/New_York").zone_name(), "America/New_York (UTC−4)");
        assert_eq!(wall("Asia/Kolkata").zone_name(), "Asia/Kolkata (UTC+5:30)");
        assert_eq!(wall("UTC").zone_name(), "UTC");
    }

    #[test]
    fn home_is_named_only_where_the_reader_is_away() {
        let away = |from: &str| wall("Europe/Lisbon").away_from(&TimeZone::get(from).unwrap()).home_name();
        assert_eq!(away("America/Sao_Paulo").as_deref(), Some("America/Sao_Paulo (UTC−3)"));
        assert_eq!((away("Europe/Lisbon"), wall("Europe/Lisbon").home_name()), (None, None));
    }

    #[test]
    fn midnight_belongs_to_the_readers_day() {
        let late = "2026-03-13T02:30:00Z".parse().unwrap();
        assert_eq!(wall("America/Sao_Paulo").time(late).at.to_string(), "2026-03-12T23:30:00");
        assert_eq!(wall("America/Sao_Paulo").time(late).other_year, None);
        let new_year = "2026-01-01T01:00:00Z".parse().unwrap();
        assert_eq!(wall("America/Sao_Paulo").time(new_year).other_year, Some(2025));
    }

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        let lasted = |seconds: i64| {
            let from: Timestamp = "2026-03-13T11:00:00Z".parse().unwrap();
            lasting(Period { from, to: from + SignedDuration::from_secs(seconds) })
        };
        assert_eq!(lasted(59), Lasting::UnderAMinute);
        assert_eq!(lasted(60), Lasting::Minutes(1));
        assert_eq!(lasted(2 * 3600), Lasting::Hours(2));
        assert_eq!(lasted(49 * 3600), Lasting::Days(2));
    }
}
