//! Days, counted from the stage's Monday, the 2nd of March 2026, in São Paulo, where clocks do not change.

use portaria_entity::time::Timestamp;

use crate::stage::START;

pub const MINUTE: i64 = 60 * 1_000_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Good Friday, Tiradentes, 1 May, Corpus Christi, 7 September, 12 October, 2 and 20 November, Christmas, New Year, and
/// Monday and Tuesday of carnival 2027.
const HOLIDAYS: [i64; 12] = [32, 50, 60, 94, 189, 224, 245, 263, 298, 305, 343, 344];
/// From the 21st of December to the 3rd of January.
pub const YEARS_END: std::ops::Range<i64> = 294..308;

/// A local minute of a day; minutes after midnight's are the next day's.
pub fn at(day: i64, minute: i64) -> Timestamp {
    Timestamp(START.0 - 9 * HOUR + day * DAY + minute * MINUTE)
}

/// Monday is 0.
pub fn weekday(day: i64) -> i64 {
    day.rem_euclid(7)
}

pub fn is_holiday(day: i64) -> bool {
    HOLIDAYS.contains(&day)
}
