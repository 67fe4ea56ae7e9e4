//! The ids that may remain after a cut, and the cut itself by sums over digits.
//!
//! Ids stay in ascending order, so equal logits are cut by walking them. Nothing is sorted, and
//! every sum is exact: the order of the visits can't change the outcome.

use super::weigh::{BLOCK, Weigh};

/// Bits of a difference that one pass decides.
const DIGIT: u32 = 8;
/// Values of a digit.
const BINS: usize = 1 << DIGIT;

/// Ids with how far they are below the greatest logit, and their weights once asked for.
#[derive(Default)]
pub(super) struct Candidates {
    /// Only the first `count` entries of each are meant.
    ids: Vec<u32>,
    differences: Vec<u32>,
    weights: Vec<u32>,
    count: usize,
}

impl Candidates {
    /// The ids whose logits are at least `least`.
    #[inline(always)]
    pub(super) fn collect(&mut self, logits: &[i32], maxima: &[i32], least: i32, weigh: Weigh) {
        let room = logits.len() + BLOCK;
        if self.ids.len() < room {
            self.ids.resize(room, 0);
            self.differences.resize(room, 0);
            self.weights.resize(room, 0);
        }
        let mut count = 0;
        for (b, (block, greatest)) in logits.chunks(BLOCK).zip(maxima).enumerate() {
            if *greatest < least {
                continue;
            }
            let ids = &mut self.ids[count..count + BLOCK];
            let differences = &mut self.differences[count..count + BLOCK];
            let mut found = 0;
            for (i, logit) in block.iter().enumerate() {
                // Written in any case, counted where it belongs: no branch to mispredict.
                ids[found % BLOCK] = (b * BLOCK + i) as u32;
                differences[found % BLOCK] = weigh.difference(*logit);
                found += usize::from(*logit >= least);
            }
            count += found;
        }
        self.count = count;
    }

    /// How many ids there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Weighs every candidate; returns the sum.
    #[inline(always)]
    pub(super) fn weigh(&mut self, weigh: Weigh) -> u64 {
        let differences = &self.differences[..self.count];
        let mut total = 0;
        for (weights, differences) in self.weights.chunks_mut(BLOCK).zip(differences.chunks(BLOCK))
        {
            for (weight, difference) in weights.iter_mut().zip(differences) {
                *weight = weigh.weight(*difference);
            }
            total += weights[..differences.len()].iter().map(|w| u64::from(*w)).sum::<u64>();
        }
        total
    }

    /// Keeps the first `need` ids of the order.
    #[inline(always)]
    pub(super) fn keep_first(&mut self, need: u64) {
        self.keep(need, |_| 1);
    }

    /// Keeps the shortest prefix of the order whose weights reach `need`, which must be at least 1
    /// and at most their sum.
    #[inline(always)]
    pub(super) fn keep_weight(&mut self, need: u64) {
        self.keep(need, |weight| u64::from(weight));
    }

    #[inline(always)]
    fn keep(&mut self, need: u64, amount: impl Fn(u32) -> u64 + Copy) {
        let count = self.count;
        let (difference, last) =
            threshold(&self.differences[..count], &self.weights[..count], need, amount);
        let mut kept = 0;
        for i in 0..count {
            let found = self.differences[i];
            let stays = found < difference || (found == difference && i <= last);
            self.ids[kept] = self.ids[i];
            self.differences[kept] = found;
            self.weights[kept] = self.weights[i];
            kept += usize::from(stays);
        }
        self.count = kept;
    }

    /// Keeps the ids whose weight is not below `least`; returns the sum of what is left.
    #[inline(always)]
    pub(super) fn keep_weighty(&mut self, least: u32) -> u64 {
        let (mut kept, mut total) = (0, 0);
        for i in 0..self.count {
            let weight = self.weights[i];
            self.ids[kept] = self.ids[i];
            self.weights[kept] = weight;
            if weight >= least {
                kept += 1;
                total += u64::from(weight);
            }
        }
        self.count = kept;
        total
    }

    /// The first id at which the running sum of the weights exceeds `rest`.
    pub(super) fn draw(&self, mut rest: u64) -> Option<u32> {
        for (id, weight) in self.ids[..self.count].iter().zip(&self.weights) {
            if rest < u64::from(*weight) {
                return Some(*id);
            }
            rest -= u64::from(*weight);
        }
        None
    }
}

/// The last candidate of the shortest prefix of the order whose amounts reach `need`: its
/// difference and its index.
#[inline(always)]
fn threshold(
    differences: &[u32],
    weights: &[u32],
    need: u64,
    amount: impl Fn(u32) -> u64 + Copy,
) -> (u32, usize) {
    let greatest = differences.iter().copied().max().unwrap_or(0);
    let digits = (u32::BITS - greatest.leading_zeros()).div_ceil(DIGIT);
    let (mut prefix, mut rest) = (0_u64, need);
    for digit in (0..digits).rev() {
        let mut bins = [0_u64; BINS];
        for (difference, weight) in differences.iter().zip(weights) {
            let found = u64::from(*difference) >> (digit * DIGIT);
            let here = if found >> DIGIT == prefix { amount(*weight) } else { 0 };
            bins[found as usize % BINS] += here;
        }
        let mut bin = 0;
        while bin < BINS - 1 && bins[bin] < rest {
            rest -= bins[bin];
            bin += 1;
        }
        prefix = prefix << DIGIT | bin as u64;
    }
    let mut last = 0;
    for (i, (difference, weight)) in differences.iter().zip(weights).enumerate() {
        if u64::from(*difference) == prefix {
            last = i;
            if amount(*weight) >= rest {
                break;
            }
            rest -= amount(*weight);
        }
    }
    (prefix as u32, last)
}
