//! Attention over int8 pages: scores, peak, weights, exact sums.
//!
//! Works over whole pages and masks positions outside the range, whose weight is 0.

use crate::fixed::{Overflow, finish};
use crate::functions::exp2;
use crate::kernels::{AttentionScratch, AttentionTask};
use crate::kv::{KEY_GROUP, KvPage, PAGE, VALUE_QUAD};
use crate::portable::rows::soft_capped;
use crate::reference::{HeadRow, QueryScale, query_scale};

#[inline(always)]
pub(crate) fn attention(
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let width = task.shape.head_width;
    let mut overflow = false;
    for (query, out) in task.queries.iter().zip(out.chunks_exact_mut(width)) {
        overflow |= one_head(task, query, scratch, out);
    }
    overflow
}

#[inline(always)]
fn one_head(
    task: &AttentionTask<'_>,
    query: &HeadRow,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let pages = task.positions.start / PAGE..task.positions.end.div_ceil(PAGE);
    let scale = query_scale(task.shape, query);
    let cs = dot_shift(task.shape.head_width);
    scratch.scores.clear();
    scratch.scores.resize(pages.len() * PAGE, i32::MIN);
    let (mut peak, mut value_peak) = (i32::MIN, 0);
    let mut overflow = false;
    for (page, scores) in pages.clone().zip(scratch.scores.chunks_exact_mut(PAGE)) {
        let range = in_page(task, page);
        let dots = page_dots(task.pages[page], query);
        for slot in range {
            let key_page = task.pages[page];
            let found = score(key_page, slot, dots[slot], scale, cs);
            overflow |= found.is_err();
            let found = found.unwrap_or(0);
            scores[slot] = task.shape.cap.map_or(found, |cap| soft_capped(found, cap));
            peak = peak.max(scores[slot]);
            value_peak = value_peak.max(key_page.value_shift[slot]);
        }
    }
    if overflow {
        out.fill(0);
        return true;
    }
    scratch.sums.clear();
    scratch.sums.resize(2 * out.len(), 0);
    let (high, low) = scratch.sums.split_at_mut(out.len());
    let mut total = 0_u64;
    for (page, scores) in pages.zip(scratch.scores.chunks_exact(PAGE)) {
        let mut weights = [0_u32; PAGE];
        for slot in in_page(task, page) {
            let probability = exp2((i64::from(peak) - i64::from(scores[slot])) as u32);
            total += u64::from(probability);
            let page = task.pages[page];
            let scaled = probability * u32::from(page.value_mantissa[slot]);
            // Below 2^23, so every longer shift gives 0 too.
            let shift = (8 + u32::from(value_peak - page.value_shift[slot])).min(31);
            weights[slot] = ((scaled >> (shift - 1)) + 1) >> 1;
        }
        add_values(task.pages[page], &weights, high, low);
    }
    finish_head(task, total, value_peak, high, low, out)
}

/// Rounds the sums of one head into its output; true where an entry overflowed.
#[inline(always)]
pub(crate) fn finish_head(
    task: &AttentionTask<'_>,
    total: u64,
    value_peak: u8,
    high: &[i32],
    low: &[i32],
    out: &mut [i32],
) -> bool {
    let reciprocal = ((1_u64 << 47) / total) as i64;
    let fracs = i32::from(task.shape.value_frac) - i32::from(task.shape.frac);
    let shift = 39 - i32::from(value_peak) + fracs;
    let mut overflow = false;
    for ((out, high), low) in out.iter_mut().zip(high).zip(low) {
        let sum = i64::from(*high) * 256 + i64::from(*low);
        let value = finish(sum * reciprocal, shift);
        overflow |= value.is_err();
        *out = value.unwrap_or(0);
    }
    overflow
}

/// The slots of a page that the query attends to.
#[inline(always)]
pub(crate) fn in_page(task: &AttentionTask<'_>, page: usize) -> core::ops::Range<usize> {
    let start = task.positions.start.max(page * PAGE) - page * PAGE;
    start..task.positions.end.min((page + 1) * PAGE) - page * PAGE
}

/// Bits that a dot product of int8 heads of this width loses before its scale.
#[inline(always)]
pub(crate) fn dot_shift(width: usize) -> u32 {
    (usize::BITS - (width * 127 * 127).leading_zeros()).saturating_sub(15)
}

#[inline(always)]
fn score(
    page: &KvPage,
    slot: usize,
    dot: i32,
    scale: QueryScale,
    cs: u32,
) -> Result<i32, Overflow> {
    let d = (dot + ((1 << cs) >> 1)) >> cs;
    let b = (scale.mantissa * u32::from(page.key_mantissa[slot]) + 128) >> 8;
    finish(i64::from(d * b as i32), scale.shift - i32::from(page.key_shift[slot]))
}

#[inline(always)]
fn page_dots(page: &KvPage, query: &HeadRow) -> [i32; PAGE] {
    let minus_sum: i32 = query.quants.iter().map(|q| -i32::from(*q)).sum();
    let mut dots = [minus_sum << 7; PAGE];
    let group_bytes = KEY_GROUP * page.head_width();
    let groups = page.keys.bytes().chunks_exact(group_bytes);
    for (dots, keys) in dots.chunks_exact_mut(KEY_GROUP).zip(groups) {
        let steps = keys.chunks_exact(KEY_GROUP * 4).zip(query.quants.chunks_exact(4));
        for (step, q) in steps {
            for (lane, dot) in dots.iter_mut().enumerate() {
                for i in 0..4 {
                    *dot += i32::from(step[lane * 4 + i]) * i32::from(q[i]);
                }
            }
        }
    }
    dots
}

/// Adds a page's weighted values to the sums of the weights' two byte planes.
#[inline(always)]
fn add_values(page: &KvPage, weights: &[u32; PAGE], high: &mut [i32], low: &mut [i32]) {
    let quads = page.values.signed().chunks_exact(VALUE_QUAD * page.head_width());
    for (quad, weights) in quads.zip(weights.chunks_exact(VALUE_QUAD)) {
        if weights.iter().all(|weight| *weight == 0) {
            continue;
        }
        for (i, values) in quad.chunks_exact(VALUE_QUAD).enumerate() {
            for (value, weight) in values.iter().zip(weights) {
                high[i] += (weight >> 8) as i32 * i32::from(*value);
                low[i] += (weight & 255) as i32 * i32::from(*value);
            }
        }
    }
}
