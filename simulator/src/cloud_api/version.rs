//! The Graph's versions: which there are, until when, and which answers for one that is over.

/// Each version's number and the second it ends; the last has no end yet.
const VERSIONS: &[(u32, u64)] = &[
    (21, 1_800_489_600), // 21 January 2027
    (22, 1_810_771_200), // 20 May 2027
    (23, 1_822_953_600), // 8 October 2027
    (24, 1_834_444_800), // 18 February 2028
    (25, 1_848_441_600), // 29 July 2028
    (26, u64::MAX),
];

/// The version of a path's first part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// A usable one.
    Known(u32),
    /// One that is over or that nobody named: the oldest usable one answers, as Meta does.
    Forwarded(u32),
    /// One that does not exist yet.
    Unknown,
}

/// What a path's first part asks for; none when it names no version.
pub(super) fn of(part: &str, now: u64) -> Option<Version> {
    let (major, minor) = part.strip_prefix('v')?.split_once('.')?;
    let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    let newest = VERSIONS.last().map_or(0, |(number, _)| *number);
    if minor != 0 && major >= 3 || major > newest {
        return Some(Version::Unknown);
    }
    let usable = VERSIONS.iter().any(|(number, until)| *number == major && now < *until);
    Some(if usable { Version::Known(major) } else { Version::Forwarded(oldest(now)) })
}

/// The oldest version that can be used, which answers unversioned requests too.
pub(super) fn oldest(now: u64) -> u32 {
    let newest = VERSIONS.last().map_or(0, |(number, _)| *number);
    VERSIONS.iter().find(|(_, until)| now < *until).map_or(newest, |(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOVEMBER_2026: u64 = 1_795_600_000;

    #[test]
    fn versions_come_and_go() {
        assert_eq!(of("v23.0", NOVEMBER_2026), Some(Version::Known(23)));
        assert_eq!(of("v20.0", NOVEMBER_2026), Some(Version::Forwarded(21)));
        assert_eq!(of("v21.0", 1_800_489_600), Some(Version::Forwarded(22)));
        assert_eq!(of("v27.0", NOVEMBER_2026), Some(Version::Unknown));
        assert_eq!(of("v23.1", NOVEMBER_2026), Some(Version::Unknown));
        assert_eq!(of("106540352200000", NOVEMBER_2026), None);
    }
}
