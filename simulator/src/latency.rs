//! Latencies in buckets: percentiles of any number of measurements in a few kilobytes.

use std::time::Duration;

/// Each power of two of microseconds is cut in so many parts, which keeps the error under four percent.
const PARTS: u64 = 32;
/// Enough for 2^40 microseconds, twelve days.
const BUCKETS: usize = 36 * PARTS as usize;

/// Counts of latencies.
#[derive(Debug, Clone)]
pub struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    longest: Duration,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, longest: Duration::ZERO }
    }
}

/// The bucket of so many microseconds: the first 32 have one each, then 32 for every doubling.
fn bucket(micros: u64) -> usize {
    if micros < PARTS {
        return micros as usize;
    }
    let doublings = u64::from(micros.ilog2()) - u64::from(PARTS.ilog2());
    let part = (micros >> doublings) - PARTS;
    ((PARTS * (doublings + 1) + part) as usize).min(BUCKETS - 1)
}

/// The largest number of microseconds in a bucket.
fn ceiling(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket;
    }
    let (doublings, part) = (bucket / PARTS - 1, bucket % PARTS);
    ((PARTS + part + 1) << doublings) - 1
}

impl Latencies {
    /// Counts one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.buckets.get_mut(bucket(micros)) {
            *count += 1;
        }
        self.count += 1;
        self.longest = self.longest.max(latency);
    }

    /// The latency that so many percent did not exceed; zero when there are none.
    pub fn percentile(&self, percent: u8) -> Duration {
        let wanted = (self.count * u64::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_micros(ceiling(place)).min(self.longest);
            }
        }
        self.longest
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_rising() {
        let mut last = 0;
        for micros in 0..200_000 {
            let place = bucket(micros);
            assert!(place == last || place == last + 1, "{micros}");
            assert!(ceiling(place) >= micros, "{micros}");
            assert!(ceiling(place) as f64 <= micros as f64 * 1.04 + 1.0, "{micros}");
            last = place;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_of_a_hundred() {
        let mut latencies = Latencies::default();
        for millis in 1..=100 {
            latencies.record(Duration::from_millis(millis));
        }
        let near = |found: Duration, millis: f64| (found.as_secs_f64() * 1000.0 / millis - 1.0).abs() < 0.04;
        assert!(near(latencies.percentile(50), 50.0), "{:?}", latencies.percentile(50));
        assert!(near(latencies.percentile(99), 99.0), "{:?}", latencies.percentile(99));
        assert_eq!(latencies.percentile(100), Duration::from_millis(100));
        assert_eq!(latencies.longest(), Duration::from_millis(100));
        assert_eq!(Latencies::default().percentile(50), Duration::ZERO);
    }
}
