//! The calendar month of a Unix time, which free messages are counted by.

/// Months since January 1970, in UTC.
pub fn month(unix_secs: u64) -> u64 {
    // Years are counted from March here, so that the leap day comes last.
    let days = unix_secs / 86_400 + 719_468;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let years = days / 146_097 * 400 + year_of_era;
    (years * 12 + from_march + 2) - 1970 * 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_they_should() {
        assert_eq!(month(0), 0);
        assert_eq!(month(1_790_812_799), 56 * 12 + 8, "the last second of September 2026");
        assert_eq!(month(1_790_812_800), 56 * 12 + 9, "the first of October 2026");
        assert_eq!(month(1_709_164_800), 54 * 12 + 1, "the leap day of 2024");
        assert_eq!(month(1_709_251_200), 54 * 12 + 2, "the day after it");
        assert_eq!(month(1_798_761_600), 57 * 12, "New Year of 2027");
    }
}
