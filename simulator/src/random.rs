//! A small seeded generator (splitmix64): the same seed gives the same customers, messages and faults everywhere.

/// A deterministic stream of numbers. Not for secrets.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

/// Advances a splitmix64 state and gives its output.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Random {
    /// A stream that follows from the seed alone.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream for one thing among many (customer 17 of seed 3), independent of how far others were read.
    pub fn derived(seed: u64, index: u64) -> Self {
        let mut state = seed ^ index.wrapping_mul(0xd134_2543_de82_ef95);
        let first = splitmix(&mut state);
        Self { state: first ^ index }
    }

    /// A stream for the thing those words name (the third message to Ana), whatever else is drawn before or after.
    pub fn about(seed: u64, words: &[&str]) -> Self {
        // FNV-1a, with a byte that no text holds between the words.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for word in words {
            for byte in word.bytes().chain([0xff]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        Self::derived(seed, hash)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        splitmix(&mut self.state)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: even enough for scripts, and free of a loop.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// An index in `0..len`; 0 when the length is 0.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// True in about `percent` of a hundred calls.
    pub fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// True in about so many of a million calls.
    pub fn per_million(&mut self, share: u32) -> bool {
        self.below(1_000_000) < u64::from(share)
    }

    /// One of the items, or none when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }

    /// So many decimal digits, the first of them not zero.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|place| {
                let digit = if place == 0 { self.between(1, 9) } else { self.below(10) };
                char::from(b'0' + digit as u8)
            })
            .collect()
    }

    /// So many upper-case hexadecimal digits.
    pub fn hex(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b"0123456789ABCDEF"[self.index(16)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_its_published_first_outputs() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut random = Random::new(7);
        for _ in 0..10_000 {
            assert!(random.below(3) < 3);
            assert!((5..=9).contains(&random.between(5, 9)));
        }
        assert_eq!(random.below(0), 0);
        assert_eq!(random.pick::<u8>(&[]), None);
        assert!(!random.percent(0));
        assert!(random.percent(100));
    }

    #[test]
    fn streams_about_things_differ_by_their_words() {
        let first = |words: &[&str]| Random::about(1, words).bits();
        assert_eq!(first(&["a", "b"]), first(&["a", "b"]));
        assert_ne!(first(&["a", "b"]), first(&["ab"]));
        assert_ne!(first(&["a", "b"]), first(&["b", "a"]));
    }

    #[test]
    fn derived_streams_differ_by_index_and_agree_by_seed() {
        assert_ne!(Random::derived(1, 1).bits(), Random::derived(1, 2).bits());
        assert_eq!(Random::derived(1, 1).bits(), Random::derived(1, 1).bits());
    }
}
