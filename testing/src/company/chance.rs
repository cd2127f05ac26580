//! Chance that falls the same way every time: by the company's seed, and what it is thrown for.

pub struct Chance(u64);

impl Chance {
    pub fn of(parts: &[i64]) -> Self {
        let mut chance = Self(0x5851_f42d_4c95_7f2d);
        for part in parts {
            chance.0 ^= part.cast_unsigned();
            chance.next();
        }
        chance
    }

    /// As SplitMix64 does it.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed;
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below a bound.
    pub fn below(&mut self, bound: i64) -> i64 {
        (self.next() >> 1).cast_signed() % bound
    }

    pub fn is(&mut self, per_thousand: i64) -> bool {
        self.below(1000) < per_thousand
    }
}
