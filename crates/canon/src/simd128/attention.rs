//! Attention over int8 pages, up to four query heads at a time.
//!
//! Two passes: scores of all pages and their peak; then, page by page, weights and weighted values,
//! which are added to the sums of two byte planes. Positions outside the range get the weight 0.
//! Never sees a score that needs a left shift: `Kernels::attention` keeps those for the portable
//! code.

use core::ops::Range;

use crate::functions::exp2_mantissa;
use crate::kernels::{AttentionScratch, AttentionTask};
use crate::kv::{KEY_GROUP, KvPage, PAGE};
use crate::portable::attention::{dot_shift, finish_head, in_page};
use crate::reference::{HeadRow, QueryScale, query_scale};

/// Query heads that share the loads of keys and values.
const HEADS: usize = 4;
/// The longest shift of a score that is done: products are below 2^30, so it gives 0 as every
/// longer one does.
const SHIFT_MAX: i32 = 31;
/// The longest shift of a probability: from 17 on all give 0.
const POWER_MAX: u32 = 30;

/// One value per slot of a page.
pub(crate) type Slots<T> = [T; PAGE];

/// The products of one instruction set with a page.
pub(crate) trait Products {
    /// Writes the dot products of the keys of some groups of sixteen slots with `H` queries.
    ///
    /// # Safety
    /// The machine has the features; the groups are of a page, the queries as wide as its heads.
    unsafe fn dots<const H: usize>(
        page: &KvPage,
        groups: Range<usize>,
        queries: &[HeadRow; H],
        dots: &mut [Slots<i32>; H],
    );

    /// Adds the weighted values of some groups of sixteen slots to the sums: per head a row of high
    /// parts, then a row of low ones, which stand for `256 * high + low`.
    ///
    /// # Safety
    /// The machine has the features; the groups are of a page, and the sums are `2 * H` rows as wide
    /// as its heads. Weights are not negative, and 0 outside the groups.
    unsafe fn add_values<const H: usize>(
        page: &KvPage,
        groups: Range<usize>,
        weights: &[Slots<i16>; H],
        sums: &mut [i32],
    );
}

/// The kernel of some products.
pub(crate) fn attention<P: Products>(
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let width = task.shape.head_width;
    let mut overflow = false;
    for (queries, out) in task.queries.chunks(HEADS).zip(out.chunks_mut(HEADS * width)) {
        overflow |= match queries.len() {
            4.. => heads::<P, 4>(task, queries, scratch, out),
            3 => heads::<P, 3>(task, queries, scratch, out),
            2 => heads::<P, 2>(task, queries, scratch, out),
            _ => heads::<P, 1>(task, queries, scratch, out),
        };
    }
    overflow
}

/// Both passes for `H` heads.
fn heads<P: Products, const H: usize>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow],
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let queries = queries.first_chunk::<H>().expect("the caller counted the heads");
    let width = task.shape.head_width;
    let pages = task.positions.start / PAGE..task.positions.end.div_ceil(PAGE);
    let room = pages.len() * PAGE;
    if scratch.scores.len() < H * room {
        scratch.scores.resize(H * room, 0);
    }
    let scores = &mut scratch.scores[..H * room];
    let (peaks, value_peak) = all_scores::<P, H>(task, queries, pages.clone(), scores);
    scratch.sums.clear();
    scratch.sums.resize(H * 2 * width, 0);
    let sums = &mut scratch.sums;
    let mut totals = [0; H];
    for (i, page) in pages.enumerate() {
        let range = in_page(task, page);
        let page = task.pages[page];
        let mut weights = [[0; PAGE]; H];
        for h in 0..H {
            let scores = page_of(scores, h * room + i * PAGE);
            let masked = range.clone();
            totals[h] += page_weights(page, masked, scores, peaks[h], value_peak, &mut weights[h]);
        }
        if weights.as_flattened().iter().any(|weight| *weight != 0) {
            // SAFETY: the table is only handed out on a machine with the features; the groups hold
            // the range, which lies in the page; the sums were made for these heads.
            unsafe { P::add_values(page, groups_of(&range), &weights, sums) };
        }
    }
    let mut overflow = false;
    for (h, sums) in sums.chunks_exact(2 * width).enumerate() {
        let (high, low) = sums.split_at(width);
        let out = &mut out[h * width..][..width];
        overflow |= finish_head(task, totals[h], value_peak, high, low, out);
    }
    overflow
}

/// The groups of sixteen slots that hold a range of a page.
fn groups_of(range: &Range<usize>) -> Range<usize> {
    range.start / KEY_GROUP..range.end.div_ceil(KEY_GROUP)
}

fn page_of(scores: &mut [i32], start: usize) -> &mut Slots<i32> {
    scores[start..].first_chunk_mut().expect("scores are whole pages")
}

/// Writes the scores of all pages; the greatest score of each head and the greatest value shift.
fn all_scores<P: Products, const H: usize>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow; H],
    pages: Range<usize>,
    scores: &mut [i32],
) -> ([i32; H], u8) {
    let room = pages.len() * PAGE;
    let cs = dot_shift(task.shape.head_width);
    let scales = queries.each_ref().map(|query| query_scale(task.shape, query));
    let mut peaks = [i32::MIN; H];
    let mut value_peak = 0;
    for (i, page) in pages.enumerate() {
        let range = in_page(task, page);
        let page = task.pages[page];
        let mut dots = [[0; PAGE]; H];
        // SAFETY: the table is only handed out on a machine with the features; the groups hold the
        // range, which lies in the page; `Kernels::attention` has compared the widths.
        unsafe { P::dots(page, groups_of(&range), queries, &mut dots) };
        for h in 0..H {
            let found = page_of(scores, h * room + i * PAGE);
            page_scores(page, &dots[h], scales[h], cs, found);
            peaks[h] = found[range.clone()].iter().fold(peaks[h], |peak, found| peak.max(*found));
        }
        let shifts = page.value_shift[range].iter();
        value_peak = shifts.fold(value_peak, |peak, shift| peak.max(*shift));
    }
    (peaks, value_peak)
}

/// The scores of a page's slots from their dot products.
#[inline(never)]
fn page_scores(
    page: &KvPage,
    dots: &Slots<i32>,
    scale: QueryScale,
    cs: u32,
    scores: &mut Slots<i32>,
) {
    for slot in 0..PAGE {
        let d = (dots[slot] + ((1 << cs) >> 1)) >> cs;
        let b = (scale.mantissa * u32::from(page.key_mantissa[slot]) + 128) >> 8;
        // Of a slot that is in range it is not negative: the caller has compared it with the pages' greatest shift. What is
        // left in others of a page that is used again may have any, and its score is not looked at.
        let shift = (scale.shift - i32::from(page.key_shift[slot])).clamp(0, SHIFT_MAX);
        let half = ((1_u32 << shift) >> 1).cast_signed();
        scores[slot] = (d * b.cast_signed() + half) >> shift;
    }
}

/// The weights of a page's slots, 0 outside the range; the sum of its probabilities.
fn page_weights(
    page: &KvPage,
    range: Range<usize>,
    scores: &Slots<i32>,
    peak: i32,
    value_peak: u8,
    weights: &mut Slots<i16>,
) -> u64 {
    let mut probabilities = [0_u32; PAGE];
    for slot in 0..PAGE {
        let x = peak.wrapping_sub(scores[slot]).cast_unsigned();
        let power = (x >> 16).min(POWER_MAX);
        probabilities[slot] = (exp2_mantissa(x & 0xffff) + (1 << power)) >> (power + 1);
    }
    probabilities[..range.start].fill(0);
    probabilities[range.end..].fill(0);
    for slot in 0..PAGE {
        let scaled = probabilities[slot] * u32::from(page.value_mantissa[slot]);
        // Scaled is below 2^23, so every longer shift gives 0 too.
        let shift = u32::from(value_peak.saturating_sub(page.value_shift[slot])).min(24);
        weights[slot] = (((scaled >> (7 + shift)) + 1) >> 1) as i16;
    }
    u64::from(probabilities.iter().sum::<u32>())
}
