//! A part of a file, as players of sound and film ask for it (RFC 9110, 14.1). One range only; more are answered with the
//! whole, as are those that cannot be read.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Whole,
    Part(Range<u64>),
    /// It begins behind the end.
    Nothing,
}

/// What a `Range` asks of so many bytes.
pub fn asked(header: Option<&str>, bytes: u64) -> Asked {
    let Some((from, to)) = header
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.split_once('-'))
        .map(|(from, to)| (from.trim(), to.trim()))
    else {
        return Asked::Whole;
    };
    let number = |text: &str| -> Option<u64> {
        text.bytes().all(|one| one.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    match (number(from), number(to)) {
        // The last so many.
        (None, Some(last)) if from.is_empty() => match last.min(bytes) {
            0 => Asked::Nothing,
            last => Asked::Part(bytes - last..bytes),
        },
        (Some(from), _) if from >= bytes => Asked::Nothing,
        (Some(from), None) if to.is_empty() => Asked::Part(from..bytes),
        (Some(from), Some(to)) if to >= from => Asked::Part(from..to.saturating_add(1).min(bytes)),
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_the_rest_is_the_whole() {
        for (header, expected) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-", Asked::Part(0..100)),
            ("bytes=90-500", Asked::Part(90..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-500", Asked::Part(0..100)),
            ("bytes=10-18446744073709551615", Asked::Part(10..100)),
            ("bytes=100-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-4", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(Some(header), 100), expected, "{header}");
        }
        assert_eq!(asked(None, 100), Asked::Whole);
    }
}
