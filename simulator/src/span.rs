//! Spans of simulated time as people write them: `250ms`, `2s`, `10m`, `3h`, `7d`.

/// So many milliseconds make each.
pub const SECOND: u64 = 1000;
/// A minute.
pub const MINUTE: u64 = 60 * SECOND;
/// An hour.
pub const HOUR: u64 = 60 * MINUTE;
/// A day.
pub const DAY: u64 = 24 * HOUR;

/// Nothing lasts longer: sums of spans and times stay within 64 bits.
const LONGEST: u64 = 36_525 * DAY;

/// The milliseconds of a span; none when it is not one, or longer than a century. A number alone is in seconds.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "" | "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|span| *span <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let cases = [("250ms", 250), ("2s", 2000), ("30", 30_000), ("10m", 600_000), ("7d", 604_800_000)];
        for (text, millis) in cases {
            assert_eq!(parse(text), Some(millis), "{text}");
        }
        for text in ["", "s", "1.5h", "-1s", "2 weeks", "99999999999999999d", "40000d"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
