//! The fast reading of `spec/sampling.md`: a few passes over the logits, most over blocks whose
//! greatest logit says whether there is anything to see.
//!
//! Bodies are `#[inline(always)]`, so that each instruction set compiles them with its features.

use crate::reference::GREATEST_WEIGHT;

use super::select::Candidates;
use super::weigh::{self, BLOCK, MASKED, OCTAVES, Weigh};
use super::{MICRO, Micro, NothingAllowed, SampleScratch, Sampling};

/// Ids of a chunk.
const CHUNK: usize = 4096;
/// Most chunks.
const CHUNKS_MAX: usize = super::VOCABULARY_MAX as usize / CHUNK;
/// Greatest magnitude of a logit after penalties.
const SATURATION: i64 = i32::MAX as i64;
/// Octaves below the greatest weight in which cuts look first.
const FIRST_OCTAVES: u32 = 8;
/// Bits of the first digit of a difference, where top-p has to look everywhere.
const FIRST_DIGIT: u32 = 10;

/// One choice of a token.
#[inline(always)]
pub(crate) fn sample(
    task: &Sampling<'_>,
    scratch: &mut SampleScratch,
) -> Result<u32, NothingAllowed> {
    let SampleScratch { adjusted, maxima, ranked, candidates } = scratch;
    let logits = adjust(task, adjusted);
    let greatest = block_maxima(logits, maxima);
    if greatest == MASKED {
        return Err(NothingAllowed);
    }
    let settings = task.settings;
    if settings.temperature == Micro::ZERO {
        return Ok(first_of(logits, maxima, greatest));
    }
    let weigh = Weigh::new(greatest, settings.temperature, task.frac);
    let least_weight = micro_share(settings.min_p, GREATEST_WEIGHT) as u32;
    let top_k = Some(settings.top_k as usize).filter(|k| (1..logits.len()).contains(k));
    let cut_p = settings.top_p != Micro::ONE;
    let row = Row { logits, maxima, weigh };
    if let Some(top_k) = top_k {
        let least = row.least_of_first(top_k, ranked);
        candidates.collect(logits, maxima, least..=greatest, weigh);
        if candidates.count() > top_k {
            candidates.keep_first(top_k as u64);
        }
        let total = candidates.weigh(weigh);
        if cut_p {
            candidates.keep_weight(need_of(settings.top_p, total));
        }
        return Ok(draw_of(candidates, least_weight, task.noise));
    }
    let mut kept = Kept { weigh, last: usize::MAX, least_weight: 0 };
    if cut_p {
        let need = need_of(settings.top_p, row.sums(kept, &mut [0; CHUNKS_MAX]));
        if row.few(need, candidates) {
            candidates.keep_weight(need);
            return Ok(draw_of(candidates, least_weight, task.noise));
        }
        kept = row.many(need, candidates);
    }
    kept.least_weight = least_weight;
    Ok(row.draw(kept, task.noise))
}

#[inline(always)]
fn draw_of(candidates: &mut Candidates, least_weight: u32, noise: u64) -> u32 {
    let total = candidates.keep_weighty(least_weight);
    // The noise is scaled below the total, so there is such an id.
    candidates.draw(scaled_noise(noise, total)).unwrap_or(0)
}

/// `ceil(share * amount)`.
#[inline(always)]
fn micro_share(share: Micro, amount: u64) -> u64 {
    let product = u128::from(share.get().unsigned_abs()) * u128::from(amount);
    product.div_ceil(MICRO as u128) as u64
}

#[inline(always)]
fn need_of(top_p: Micro, total: u64) -> u64 {
    micro_share(top_p, total).max(1)
}

#[inline(always)]
fn scaled_noise(noise: u64, total: u64) -> u64 {
    ((u128::from(noise) * u128::from(total)) >> 64) as u64
}

/// The logits after penalties, bias and mask, or the row itself where nothing changes it.
#[inline(always)]
fn adjust<'a>(task: &Sampling<'a>, adjusted: &'a mut Vec<i32>) -> &'a [i32] {
    let settings = task.settings;
    let penalties = !settings.no_penalty() && task.history.positions() > 0;
    if !penalties && settings.bias.is_empty() && task.mask.is_none() {
        return task.logits;
    }
    adjusted.clear();
    adjusted.extend_from_slice(task.logits);
    if penalties {
        for (token, count) in task.history.tokens() {
            let logit = &mut adjusted[token as usize];
            *logit = penalised(*logit, count, task);
        }
    }
    for (token, bias) in &settings.bias {
        let logit = &mut adjusted[*token as usize];
        *logit = saturated(i64::from(*logit) + rounded(bias.get() << task.frac, MICRO));
    }
    if let Some(mask) = task.mask {
        for (b, block) in adjusted.chunks_mut(BLOCK).enumerate() {
            let word = mask.get(b).copied().unwrap_or(0);
            if word == 0 {
                block.fill(MASKED);
                continue;
            }
            for (i, logit) in block.iter_mut().enumerate() {
                *logit = if word >> i & 1 == 1 { *logit } else { MASKED };
            }
        }
    }
    adjusted
}

/// `a / b` to the nearest, halves up; 2a + b fits by the widths the text states.
#[inline(always)]
fn rounded(a: i64, b: i64) -> i64 {
    (2 * a + b).div_euclid(2 * b)
}

#[inline(always)]
fn saturated(value: i64) -> i32 {
    value.clamp(-SATURATION, SATURATION) as i32
}

#[inline(always)]
fn penalised(logit: i32, count: u32, task: &Sampling<'_>) -> i32 {
    let settings = task.settings;
    let repetition = settings.repetition.get();
    let logit = match logit {
        // Neutral: what a division by itself would give.
        _ if repetition == MICRO => logit,
        1.. => saturated(rounded(i64::from(logit) * MICRO, repetition)),
        _ => saturated(rounded(i64::from(logit) * repetition, MICRO)),
    };
    if count == 0 {
        return logit;
    }
    // A sampling has no more positions than a context, so this is below 2^62.
    let penalty = settings.presence.get() + settings.frequency.get() * i64::from(count);
    saturated(i64::from(logit) - rounded(penalty << task.frac, MICRO))
}

/// The greatest logit of each block; returns the greatest of all.
#[inline(always)]
fn block_maxima(logits: &[i32], maxima: &mut Vec<i32>) -> i32 {
    maxima.clear();
    maxima.reserve(logits.len().div_ceil(BLOCK));
    let mut greatest = MASKED;
    for block in logits.chunks(BLOCK) {
        let most = block.iter().copied().fold(MASKED, i32::max);
        maxima.push(most);
        greatest = greatest.max(most);
    }
    greatest
}

/// The lowest id of a logit.
#[inline(always)]
fn first_of(logits: &[i32], maxima: &[i32], greatest: i32) -> u32 {
    let block = maxima.iter().position(|most| *most == greatest).unwrap_or(0) * BLOCK;
    let inside = logits[block..].iter().position(|logit| *logit == greatest).unwrap_or(0);
    (block + inside) as u32
}

/// What remains of all ids: a prefix of the order, and of it what has weight enough.
#[derive(Clone, Copy)]
struct Kept {
    /// Narrowed to the prefix.
    weigh: Weigh,
    /// The last id of those just within the bound.
    last: usize,
    least_weight: u32,
}

impl Kept {
    #[inline(always)]
    fn weights(&self, start: usize, block: &[i32]) -> [u32; BLOCK] {
        let mut weights = self.weigh.weights_of(block, self.least_weight);
        for (i, (weight, logit)) in weights.iter_mut().zip(block).enumerate() {
            let cut = start + i > self.last && self.weigh.at_bound(*logit);
            *weight = if cut { 0 } else { *weight };
        }
        weights
    }

    #[inline(always)]
    fn sum(&self, start: usize, block: &[i32]) -> u64 {
        let sum = self.weigh.sum(block, self.least_weight);
        if self.last >= start + BLOCK {
            return sum;
        }
        if self.last >= start {
            return weigh::sum(&self.weights(start, block));
        }
        let cut = block.iter().map(|logit| u32::from(self.weigh.at_bound(*logit))).sum::<u32>();
        sum - u64::from(cut) * u64::from(self.weigh.at_bound_weight(self.least_weight))
    }
}

/// A row of logits with what was found out about it.
#[derive(Clone, Copy)]
struct Row<'a> {
    logits: &'a [i32],
    /// The greatest of each block.
    maxima: &'a [i32],
    weigh: Weigh,
}

impl Row<'_> {
    /// A logit not greater than that of the `count`-th id in the order, nor less than any of weight.
    #[inline(always)]
    fn least_of_first(&self, count: usize, ranked: &mut Vec<i32>) -> i32 {
        if count <= self.maxima.len() {
            // At least as many ids as there are blocks of such a greatest logit.
            ranked.clear();
            ranked.extend_from_slice(self.maxima);
            let (_, least, _) = ranked.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
            return self.weigh.least_positive().max(*least);
        }
        let mut octaves = FIRST_OCTAVES;
        loop {
            let least = self.weigh.least(self.weigh.within(octaves));
            let in_block =
                |block: &[i32]| block.iter().map(|logit| u32::from(*logit >= least)).sum::<u32>();
            let found = self.logits.chunks(BLOCK).map(in_block).sum::<u32>() as usize;
            if found >= count || octaves >= OCTAVES {
                return least;
            }
            octaves += FIRST_OCTAVES;
        }
    }

    /// The sum of the weights of each chunk; returns their sum.
    #[inline(always)]
    fn sums(&self, kept: Kept, sums: &mut [u64; CHUNKS_MAX]) -> u64 {
        let least = kept.weigh.least_positive();
        let blocks = self.maxima.chunks(CHUNK / BLOCK);
        let mut total = 0;
        let chunks = self.logits.chunks(CHUNK).zip(blocks).enumerate();
        for (sum, (c, (chunk, maxima))) in sums.iter_mut().zip(chunks) {
            *sum = 0;
            for (b, (block, most)) in chunk.chunks(BLOCK).zip(maxima).enumerate() {
                if *most >= least {
                    *sum += kept.sum(c * CHUNK + b * BLOCK, block);
                }
            }
            total += *sum;
        }
        total
    }

    /// Collects the ids of the greatest weights; whether theirs reach `need`.
    #[inline(always)]
    fn few(&self, need: u64, candidates: &mut Candidates) -> bool {
        let least = self.weigh.least(self.weigh.within(FIRST_OCTAVES));
        candidates.collect(self.logits, self.maxima, least..=i32::MAX, self.weigh);
        candidates.weigh(self.weigh) >= need
    }

    /// The shortest prefix of the order whose weights reach `need`, of any length: first the digit
    /// in which it ends, then where in that.
    #[inline(always)]
    fn many(&self, need: u64, candidates: &mut Candidates) -> Kept {
        let mut bins = [0_u64; 1 << FIRST_DIGIT];
        let below = self.weigh.bits_beyond(FIRST_DIGIT);
        let least = self.weigh.least_positive();
        for (block, most) in self.logits.chunks(BLOCK).zip(self.maxima) {
            if *most < least {
                continue;
            }
            let weights = self.weigh.weights_of(block, 0);
            for (logit, weight) in block.iter().zip(weights) {
                let bin = (self.weigh.difference(*logit) >> below) as usize;
                // Beyond the last bin there is no weight.
                bins[bin.min(bins.len() - 1)] += u64::from(weight);
            }
        }
        let (mut bin, mut rest) = (0, need);
        while bin + 1 < bins.len() && bins[bin] < rest {
            rest -= bins[bin];
            bin += 1;
        }
        let nearest = (bin as u32) << below;
        let farthest = nearest | ((1_u32 << below) - 1);
        let narrowed = self.weigh.narrowed(farthest);
        let range = narrowed.least_positive()..=self.weigh.least(nearest);
        candidates.collect(self.logits, self.maxima, range, self.weigh);
        candidates.weigh(self.weigh);
        let (difference, last) = candidates.last_of(rest);
        Kept { weigh: self.weigh.narrowed(difference), last, least_weight: 0 }
    }

    /// A draw from what is kept.
    #[inline(always)]
    fn draw(&self, kept: Kept, noise: u64) -> u32 {
        let mut sums = [0; CHUNKS_MAX];
        let mut rest = scaled_noise(noise, self.sums(kept, &mut sums));
        let mut start = 0;
        for sum in sums {
            if rest < sum {
                break;
            }
            rest -= sum;
            start += CHUNK;
        }
        for block in self.logits[start.min(self.logits.len())..].chunks(BLOCK) {
            let sum = kept.sum(start, block);
            if rest < sum {
                for (i, weight) in kept.weights(start, block).into_iter().enumerate() {
                    if rest < u64::from(weight) {
                        return (start + i) as u32;
                    }
                    rest -= u64::from(weight);
                }
            }
            rest -= sum;
            start += BLOCK;
        }
        // The noise is scaled below the total, so the running sum passes it before.
        0
    }
}
