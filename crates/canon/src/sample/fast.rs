//! The fast reading of `spec/sampling.md`: a few passes over the logits, most over blocks whose
//! greatest logit says whether there is anything to see.
//!
//! Bodies are `#[inline(always)]`, so that each instruction set compiles them with its features.

use crate::reference::GREATEST_WEIGHT;

use super::select::Candidates;
use super::weigh::{BLOCK, MASKED, OCTAVES, Weigh};
use super::{MICRO, Micro, NothingAllowed, SampleScratch, Sampling};

/// Ids of a chunk.
const CHUNK: usize = 4096;
/// Most chunks.
const CHUNKS_MAX: usize = super::VOCABULARY_MAX as usize / CHUNK;
/// Greatest magnitude of a logit after penalties.
const SATURATION: i64 = i32::MAX as i64;
/// Octaves below the greatest weight in which top-p looks first.
const FIRST_OCTAVES: u32 = 4;

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
    if top_k.is_none() && !cut_p {
        return Ok(draw_any(logits, maxima, weigh, least_weight, task.noise));
    }
    if let Some(top_k) = top_k {
        let least = least_of_first(top_k, maxima, ranked).max(weigh.least_positive());
        candidates.collect(logits, maxima, least, weigh);
        if candidates.count() > top_k {
            candidates.keep_first(top_k as u64);
        }
        let total = candidates.weigh(weigh);
        if cut_p {
            candidates.keep_weight(need_of(settings.top_p, total));
        }
    } else {
        let mut sums = [0; CHUNKS_MAX];
        let total = chunk_sums(logits, maxima, weigh, 0, &mut sums);
        nucleus(logits, maxima, weigh, need_of(settings.top_p, total), candidates);
    }
    let total = candidates.keep_weighty(least_weight);
    Ok(candidates.draw(scaled_noise(task.noise, total)).unwrap_or(0))
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
    let scaled = if logit > 0 {
        rounded(i64::from(logit) * MICRO, repetition)
    } else {
        rounded(i64::from(logit) * repetition, MICRO)
    };
    let logit = saturated(scaled);
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

/// A logit not greater than that of the `count`-th id in the order.
#[inline(always)]
fn least_of_first(count: usize, maxima: &[i32], ranked: &mut Vec<i32>) -> i32 {
    if count > maxima.len() {
        return MASKED;
    }
    ranked.clear();
    ranked.extend_from_slice(maxima);
    *ranked.select_nth_unstable_by(count - 1, |a, b| b.cmp(a)).1
}

/// The sum of the weights of each chunk; returns their sum.
#[inline(always)]
fn chunk_sums(
    logits: &[i32],
    maxima: &[i32],
    weigh: Weigh,
    least_weight: u32,
    sums: &mut [u64; CHUNKS_MAX],
) -> u64 {
    let least = weigh.least_positive();
    let blocks = maxima.chunks(CHUNK / BLOCK);
    let mut total = 0;
    for ((sum, chunk), maxima) in sums.iter_mut().zip(logits.chunks(CHUNK)).zip(blocks) {
        *sum = 0;
        for (block, most) in chunk.chunks(BLOCK).zip(maxima) {
            if *most >= least {
                *sum += weigh.sum(block, least_weight);
            }
        }
        total += *sum;
    }
    total
}

/// A draw from all ids whose weight is not below the least.
#[inline(always)]
fn draw_any(logits: &[i32], maxima: &[i32], weigh: Weigh, least_weight: u32, noise: u64) -> u32 {
    let mut sums = [0; CHUNKS_MAX];
    let total = chunk_sums(logits, maxima, weigh, least_weight, &mut sums);
    let mut rest = scaled_noise(noise, total);
    let mut start = 0;
    for sum in sums {
        if rest < sum {
            break;
        }
        rest -= sum;
        start += CHUNK;
    }
    let chunk = &logits[start.min(logits.len())..];
    for (b, block) in chunk.chunks(BLOCK).enumerate() {
        let sum = weigh.sum(block, least_weight);
        if rest >= sum {
            rest -= sum;
            continue;
        }
        for (i, logit) in block.iter().enumerate() {
            let weight = weigh.weight(weigh.difference(*logit));
            let weight = if weight >= least_weight { u64::from(weight) } else { 0 };
            if rest < weight {
                return (start + b * BLOCK + i) as u32;
            }
            rest -= weight;
        }
    }
    // The noise is scaled below the total, so the running sum passes it before.
    0
}

/// The shortest prefix of the order whose weights reach `need`, found among few ids first.
#[inline(always)]
fn nucleus(logits: &[i32], maxima: &[i32], weigh: Weigh, need: u64, candidates: &mut Candidates) {
    let mut octaves = FIRST_OCTAVES;
    loop {
        let least = weigh.least(weigh.within(octaves));
        candidates.collect(logits, maxima, least, weigh);
        // Within all octaves the sum is the total, which no need exceeds.
        if candidates.weigh(weigh) >= need || octaves >= OCTAVES {
            break;
        }
        octaves *= 2;
    }
    candidates.keep_weight(need);
}
