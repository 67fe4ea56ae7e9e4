//! The ids that may remain after a cut, and the cut itself by sums over digits.
//!
//! Ids stay in ascending order, so equal logits are cut by walking them. Nothing is sorted, and
//! every sum is exact: the order of the visits can't change the outcome.

use core::ops::RangeInclusive;

use super::weigh::{self, BLOCK, Weigh};

/// Most bits of a difference that one pass decides.
const DIGIT: u32 = 10;
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
    /// The ids whose logits lie in a range.
    #[inline(always)]
    pub(super) fn collect(
        &mut self,
        logits: &[i32],
        maxima: &[i32],
        range: RangeInclusive<i32>,
        weigh: Weigh,
    ) {
        let (least, most) = range.into_inner();
        let room = logits.len() + BLOCK;
        if self.ids.len() < room {
            self.ids.resize(room, 0);
            self.differences.resize(room, 0);
            self.weights.resize(room, 0);
        }
        let mut count = 0;
        for (b, (block, greatest)) in logits.chunks(BLOCK).zip(maxima).enumerate() {
            let inside = |logit: i32| logit >= least && logit <= most;
            let any = || block.iter().fold(false, |any, logit| any | inside(*logit));
            if *greatest < least || (*greatest > most && !any()) {
                continue;
            }
            let ids = &mut self.ids[count..count + BLOCK];
            let differences = &mut self.differences[count..count + BLOCK];
            let mut found = 0;
            for (i, logit) in block.iter().enumerate() {
                // Written in any case, counted where it belongs: no branch to mispredict.
                ids[found % BLOCK] = (b * BLOCK + i) as u32;
                differences[found % BLOCK] = weigh.difference(*logit);
                found += usize::from(inside(*logit));
            }
            count += found;
        }
        self.count = count;
    }

    /// The last id of the shortest prefix of the order whose weights reach `need`, and how far it
    /// is below the greatest.
    #[inline(always)]
    pub(super) fn last_of(&self, need: u64) -> (u32, usize) {
        let (differences, weights) = (&self.differences[..self.count], &self.weights[..self.count]);
        let (difference, last) = threshold(differences, weights, need, u64::from);
        (difference, self.ids[last] as usize)
    }

    /// How many ids there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Weighs every candidate; returns the sum.
    #[inline(always)]
    pub(super) fn weigh(&mut self, weigh: Weigh) -> u64 {
        let blocks = self.count.div_ceil(BLOCK) * BLOCK;
        self.differences[self.count..blocks].fill(u32::MAX);
        let (differences, _) = self.differences[..blocks].as_chunks::<BLOCK>();
        let (weights, _) = self.weights[..blocks].as_chunks_mut::<BLOCK>();
        let mut total = 0;
        for (weights, differences) in weights.iter_mut().zip(differences) {
            *weights = weigh.weights(differences);
            total += weigh::sum(weights);
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
        self.keep(need, u64::from);
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
    let (mut prefix, mut rest) = (0_u64, need);
    let mut undecided = u32::BITS - greatest.leading_zeros();
    while undecided > 0 {
        let below = undecided.saturating_sub(DIGIT);
        let mut bins = [0_u64; BINS];
        for (difference, weight) in differences.iter().zip(weights) {
            let difference = u64::from(*difference);
            if difference >> undecided == prefix {
                bins[(difference >> below) as usize % BINS] += amount(*weight);
            }
        }
        // A digit of fewer bits sits above bits of the prefix, which are the same for all.
        let first = (prefix << (undecided - below)) as usize % BINS;
        let mut bin = 0;
        while bin < (1 << (undecided - below)) - 1 && bins[first + bin] < rest {
            rest -= bins[first + bin];
            bin += 1;
        }
        prefix = prefix << (undecided - below) | bin as u64;
        undecided = below;
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
