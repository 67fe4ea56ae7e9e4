//! Everything random comes from here, and this from a seed: SplitMix64.
//!
//! Never reads anything else. One seed, one sequence, on every machine.

use chain::Amount;

/// A sequence of numbers that a seed gives.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed, for one use: two uses of one seed share nothing.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut mixed = Self(seed ^ purpose.rotate_left(32));
        Self(mixed.next() ^ purpose)
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait, reason = "it never ends, so it is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound that is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number in bounds that both may be.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// An index into so many things, of which there is at least one.
    pub fn index(&mut self, count: usize) -> usize {
        let bound = u64::try_from(count).expect("what is counted fits 64 bits");
        usize::try_from(self.below(bound)).expect("it is below a count")
    }

    /// Yes, once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these, of which there is at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// One of these, where there is one.
    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| self.pick(from))
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[7]
    }

    /// 128 bits whose length is random too.
    pub fn long(&mut self) -> u128 {
        let wide = (u128::from(self.next()) << 64) | u128::from(self.next());
        wide >> self.below(128)
    }

    /// An amount at or around a bound: nothing, all of it, one more, all there can be; or some part of it.
    pub fn amount(&mut self, bound: Amount) -> Amount {
        Amount(match self.below(24) {
            0 => 0,
            1 => bound.0,
            2 => bound.0.saturating_add(1),
            3 => u128::MAX,
            4 => self.long(),
            5 => bound.0 / 2,
            _ => self.long() % (bound.0 / 64 + 1),
        })
    }

    /// Other bytes than these, near them or not at all.
    pub fn spoil(&mut self, bytes: &mut Vec<u8>) {
        match self.below(5) {
            0 if !bytes.is_empty() => {
                let at = self.index(bytes.len());
                bytes[at] ^= 1 << self.below(8);
            }
            1 if !bytes.is_empty() => bytes.truncate(self.index(bytes.len())),
            2 => bytes.push(self.byte()),
            3 => {
                let count = self.below(200);
                *bytes = (0..count).map(|_| self.byte()).collect();
            }
            _ => {
                let at = self.index(bytes.len() + 1);
                bytes.insert(at, self.byte());
            }
        }
    }

    /// The same things in some order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for at in (1..things.len()).rev() {
            things.swap(at, self.index(at + 1));
        }
    }
}
