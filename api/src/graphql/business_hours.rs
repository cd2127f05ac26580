//! Business hours.

use async_graphql::{Enum, InputObject};
use portaria_domain::business_hours::{BusinessHours as Set, Exception, Span, WeeklySpan};
use portaria_guard::guarded;

use crate::error::{Problem, Result};

/// A day of the week.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

impl Weekday {
    /// Monday is 0.
    pub fn of_index(index: i32) -> Option<Self> {
        DAYS.get(usize::try_from(index).ok()?).copied()
    }

    pub fn index(self) -> i32 {
        let place = DAYS.iter().position(|day| *day == self).unwrap_or_default();
        i32::try_from(place).unwrap_or_default()
    }
}

/// From one time of a day until before another.
#[derive(InputObject)]
pub struct HoursInput {
    /// `HH:MM`.
    from: String,
    /// `HH:MM`; `24:00` is midnight at the end of the day.
    until: String,
}

/// Hours of every week.
#[derive(InputObject)]
pub struct WeeklyHoursInput {
    /// On which day.
    weekday: Weekday,
    /// `HH:MM`.
    from: String,
    /// `HH:MM`; `24:00` is midnight at the end of the day.
    until: String,
}

/// A day that differs.
#[derive(InputObject)]
pub struct HoursExceptionInput {
    /// `YYYY-MM-DD`.
    date: String,
    /// When somebody is there that day; none for a holiday.
    #[graphql(default)]
    hours: Vec<HoursInput>,
}

/// When somebody is there.
#[derive(InputObject)]
pub struct BusinessHoursInput {
    /// IANA name of the time zone, e.g. `America/Sao_Paulo`.
    time_zone: String,
    /// The hours of every week. They may not overlap.
    weekly: Vec<WeeklyHoursInput>,
    /// Days that differ, at most 400, each once.
    #[graphql(default)]
    exceptions: Vec<HoursExceptionInput>,
}

pub(super) fn minute(text: &str) -> Result<u16> {
    let malformed = || Problem::BadUserInput("A time of day is written like 09:30.".to_owned());
    let (hour, minute) = text.split_once(':').ok_or_else(malformed)?;
    if hour.len() != 2 || minute.len() != 2 {
        return Err(malformed());
    }
    let (hour, minute): (u16, u16) =
        (hour.parse().map_err(|_| malformed())?, minute.parse().map_err(|_| malformed())?);
    if minute > 59 || hour > 24 || hour == 24 && minute > 0 {
        Err(malformed())
    } else {
        Ok(hour * 60 + minute)
    }
}

pub(super) fn time(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl TryFrom<BusinessHoursInput> for Set {
    type Error = Problem;

    fn try_from(input: BusinessHoursInput) -> Result<Self> {
        let span = |from: &str, until: &str| Ok(Span { from: minute(from)?, until: minute(until)? });
        let weekly = |one: &WeeklyHoursInput| {
            let weekday = DAYS.iter().position(|day| *day == one.weekday).unwrap_or_default() + 1;
            let weekday = i8::try_from(weekday).unwrap_or_default();
            Ok(WeeklySpan { weekday, span: span(&one.from, &one.until)? })
        };
        let exception = |one: HoursExceptionInput| {
            let spans = one.hours.iter().map(|hours| span(&hours.from, &hours.until));
            Ok(Exception { date: one.date, spans: spans.collect::<Result<_>>()? })
        };
        Ok(Self {
            time_zone: input.time_zone,
            weekly: input.weekly.iter().map(weekly).collect::<Result<_>>()?,
            exceptions: input.exceptions.into_iter().map(exception).collect::<Result<_>>()?,
        })
    }
}

pub struct Hours(Span);

/// From one time of a day until before another.
#[guarded]
impl Hours {
    /// `HH:MM`.
    #[authenticated]
    fn from(&self) -> String {
        time(self.0.from)
    }

    /// `HH:MM`; `24:00` is midnight at the end of the day.
    #[authenticated]
    fn until(&self) -> String {
        time(self.0.until)
    }
}

pub struct WeeklyHours(WeeklySpan);

/// Hours of every week.
#[guarded]
impl WeeklyHours {
    /// On which day.
    #[authenticated]
    fn weekday(&self) -> Weekday {
        let index = usize::try_from(self.0.weekday - 1).unwrap_or_default();
        DAYS.get(index).copied().unwrap_or(Weekday::Sunday)
    }

    /// When on that day.
    #[authenticated]
    fn hours(&self) -> Hours {
        Hours(self.0.span)
    }
}

pub struct HoursException(Exception);

/// A day that differs.
#[guarded]
impl HoursException {
    /// `YYYY-MM-DD`.
    #[authenticated]
    fn date(&self) -> &str {
        &self.0.date
    }

    /// When somebody is there that day; none on a holiday.
    #[authenticated]
    fn hours(&self) -> Vec<Hours> {
        self.0.spans.iter().copied().map(Hours).collect()
    }
}

pub struct BusinessHours(pub Set);

/// When somebody is there. Outside of it nobody is given a conversation, and targets do not run.
#[guarded]
impl BusinessHours {
    /// IANA name of the time zone.
    #[authenticated]
    fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// The hours of every week.
    #[authenticated]
    fn weekly(&self) -> Vec<WeeklyHours> {
        self.0.weekly.iter().copied().map(WeeklyHours).collect()
    }

    /// Days that differ.
    #[authenticated]
    fn exceptions(&self) -> Vec<HoursException> {
        self.0.exceptions.iter().cloned().map(HoursException).collect()
    }
}
