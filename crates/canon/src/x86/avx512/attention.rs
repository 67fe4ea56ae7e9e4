//! Attention over int8 pages, up to four query heads at a time.
//!
//! Three passes: scores of all pages and their peak; weights, which replace the scores as two planes
//! of bytes; weighted values, whose sums stay in registers over all pages. Whole pages are worked
//! on, and positions outside the range get the weight 0. Scores that need a left shift have a form of
//! their own, so that the others don't pay for it; caps, and such scores that overflow, are left to the
//! portable code.

use core::arch::x86_64::*;
use core::ops::Range;

use crate::fixed::LIMIT;
use crate::kernels::{AttentionScratch, AttentionTask};
use crate::kv::{KEY_GROUP, KvPage, PAGE, VALUE_QUAD};
use crate::portable::attention::{dot_shift, finish_head, in_page};
use crate::reference::{HeadRow, QueryScale, query_scale};

/// Query heads that share the loads of keys and values.
const HEADS: usize = 4;
/// Key groups of a page.
const GROUPS: usize = PAGE / KEY_GROUP;
/// Entries of a head whose sums are kept at once.
const ENTRIES: usize = 32;
/// Where the low bytes of a page's weights stand, after its high ones.
const LOW: usize = PAGE;
/// Bytes of a page's scores, which its weights replace.
const PAGE_BYTES: usize = PAGE * 4;
/// The longest shift that is done: products are below 2^30, so it gives 0 as every longer one does.
const SHIFT_MAX: i32 = 31;
/// The longest shift to the left that is done: every product but 0 overflows by it, as by every longer one.
const LEFT_MAX: i32 = 30;
const _: () = assert!(LIMIT == 1 << LEFT_MAX, "a product of 1 reaches the limit");

/// A score that a shift to the left has brought to the limit.
struct OverLimit;

/// For tasks without a cap, whose scores all need a right shift (or none).
pub(super) fn attention(
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    some_heads::<false>(task, scratch, out)
        .unwrap_or_else(|OverLimit| super::recompiled::attention(task, scratch, out))
}

/// For every task.
pub(super) fn any_attention(
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let done = match task.shape.cap {
        None => some_heads::<true>(task, scratch, out),
        Some(_) => Err(OverLimit),
    };
    done.unwrap_or_else(|OverLimit| super::recompiled::attention(task, scratch, out))
}

/// Up to `HEADS` query heads at a time, with shifts to the left or without.
fn some_heads<const LEFT: bool>(
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> Result<bool, OverLimit> {
    let width = task.shape.head_width;
    let mut overflow = false;
    for (queries, out) in task.queries.chunks(HEADS).zip(out.chunks_mut(HEADS * width)) {
        // SAFETY: this table is only handed out on a machine with these features.
        overflow |= unsafe {
            match queries.len() {
                4.. => heads::<4, LEFT>(task, queries, scratch, out)?,
                3 => heads::<3, LEFT>(task, queries, scratch, out)?,
                2 => heads::<2, LEFT>(task, queries, scratch, out)?,
                _ => heads::<1, LEFT>(task, queries, scratch, out)?,
            }
        };
    }
    Ok(overflow)
}

/// All passes for `H` heads.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn heads<const H: usize, const LEFT: bool>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow],
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> Result<bool, OverLimit> {
    let queries = queries.first_chunk::<H>().expect("the caller counted the heads");
    let pages = task.positions.start / PAGE..task.positions.end.div_ceil(PAGE);
    let room = pages.len() * PAGE;
    if scratch.scores.len() < H * room {
        scratch.scores.resize(H * room, 0);
    }
    let first = core::ptr::from_ref(task.pages[pages.start]).addr();
    let cold = core::mem::replace(&mut scratch.last_page, first) != first;
    let scores = &mut scratch.scores[..H * room];
    let (peaks, value_peak) = all_scores::<H, LEFT>(task, queries, pages.clone(), scores, cold)?;
    let mut totals = [0; H];
    for h in 0..H {
        let scores = &mut scores[h * room..][..room];
        totals[h] = all_weights(task, pages.clone(), scores, peaks[h], value_peak);
    }
    let mut overflow = false;
    let width = task.shape.head_width;
    for start in (0..width).step_by(ENTRIES) {
        let mut sums = [[[0; ENTRIES]; 2]; H];
        add_values(task, pages.clone(), scores, start, &mut sums);
        for h in 0..H {
            let out = &mut out[h * width + start..][..ENTRIES];
            overflow |= finish(task, totals[h], value_peak, &sums[h], out);
        }
    }
    Ok(overflow)
}

/// The slots of a page that the query attends to, as bits.
fn mask_of(range: Range<usize>) -> u64 {
    (u64::MAX << range.start) & (u64::MAX >> (PAGE - range.end))
}

/// Writes the scores of all pages; the greatest score of each head and the greatest value shift.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn all_scores<const H: usize, const LEFT: bool>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow; H],
    pages: Range<usize>,
    scores: &mut [i32],
    cold: bool,
) -> Result<([i32; H], u8), OverLimit> {
    let room = pages.len() * PAGE;
    let cs = dot_shift(task.shape.head_width);
    let scales = queries.each_ref().map(|query| query_scale(task.shape, query));
    let starts = queries.each_ref().map(|query| {
        let sum: i32 = query.quants.iter().map(|quant| i32::from(*quant)).sum();
        // The half of the dot product's rounding shift rides along.
        (-sum << 7) + ((1 << cs) >> 1)
    });
    let least = _mm512_set1_epi32(i32::MIN);
    let mut peaks = [least; H];
    let mut value_peak = _mm512_setzero_si512();
    let mut over = 0;
    for (i, page) in pages.enumerate() {
        let mask = mask_of(in_page(task, page));
        if cold {
            fetch_ahead(task.pages, page);
        }
        let page = task.pages[page];
        // SAFETY: the array has 64 bytes.
        let shifts = unsafe { _mm512_loadu_si512(page.value_shift.as_ptr().cast()) };
        value_peak = _mm512_max_epu8(value_peak, _mm512_maskz_mov_epi8(mask, shifts));
        let dots = page_dots(page, queries, starts);
        for group in 0..GROUPS {
            let mask = (mask >> (group * KEY_GROUP)) as u16;
            for h in 0..H {
                let (found, outside) =
                    group_scores::<LEFT>(page, group, dots[group][h], scales[h], cs);
                over |= outside & mask;
                let found = _mm512_mask_mov_epi32(least, mask, found);
                peaks[h] = _mm512_max_epi32(peaks[h], found);
                let place = &mut scores[h * room + i * PAGE + group * KEY_GROUP..][..KEY_GROUP];
                // SAFETY: the slice has sixteen entries.
                unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), found) };
            }
        }
    }
    if over != 0 {
        return Err(OverLimit);
    }
    let mut greatest = [0; H];
    for h in 0..H {
        greatest[h] = _mm512_reduce_max_epi32(peaks[h]);
    }
    let mut bytes = [0_u8; 64];
    // SAFETY: the array has 64 bytes.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), value_peak) };
    Ok((greatest, bytes.into_iter().max().unwrap_or(0)))
}

/// Fetches the next page's keys, and this page's values, which are needed later: a page is too short
/// for the processor to see that it is read to its end, and none leads to the next. Saves 3 % of a
/// token after 500 positions; where the call before had the same pages it would cost 1 % of a prefill.
#[inline]
#[target_feature(enable = "avx512f")]
fn fetch_ahead(pages: &[&KvPage], at: usize) {
    let fetch = |bytes: &[u8]| {
        for line in bytes.iter().step_by(64) {
            _mm_prefetch::<_MM_HINT_T1>(core::ptr::from_ref(line).cast());
        }
    };
    fetch(pages[at].values.bytes());
    if let Some(next) = pages.get(at + 1) {
        fetch(next.keys.bytes());
    }
}

/// The dot products of a page's keys with the queries, added to their starts.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn page_dots<const H: usize>(
    page: &KvPage,
    queries: &[HeadRow; H],
    starts: [i32; H],
) -> [[__m512i; H]; GROUPS] {
    let width = page.head_width();
    let mut dots = [[_mm512_setzero_si512(); H]; GROUPS];
    for h in 0..H {
        for group in 0..GROUPS {
            dots[group][h] = _mm512_set1_epi32(starts[h]);
        }
    }
    let keys = page.keys.bytes()[..PAGE * width].as_ptr();
    let quants = queries.each_ref().map(|query| query.quants[..width].as_ptr().cast::<i32>());
    for step in 0..width / 4 {
        for group in 0..GROUPS {
            // SAFETY: a page has `width / 4` steps of 64 bytes in each of its groups, and a query
            // has `width` bytes, which the slices above have checked.
            unsafe {
                let keys = keys.add(group * KEY_GROUP * width + step * KEY_GROUP * 4);
                let keys = _mm512_loadu_si512(keys.cast());
                for h in 0..H {
                    let query = _mm512_set1_epi32(quants[h].add(step).read_unaligned());
                    dots[group][h] = _mm512_dpbusd_epi32(dots[group][h], keys, query);
                }
            }
        }
    }
    dots
}

/// Scores from sixteen dot products that hold half of their rounding shift already, and which of them leave
/// the limit by a shift to the left.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn group_scores<const LEFT: bool>(
    page: &KvPage,
    group: usize,
    dots: __m512i,
    scale: QueryScale,
    cs: u32,
) -> (__m512i, __mmask16) {
    let place = group * KEY_GROUP;
    // SAFETY: both arrays have 64 bytes, and there are four groups of sixteen.
    let (mantissas, shifts) = unsafe {
        let mantissas = page.key_mantissa[place..][..KEY_GROUP].as_ptr();
        let shifts = page.key_shift[place..][..KEY_GROUP].as_ptr();
        (_mm_loadu_si128(mantissas.cast()), _mm_loadu_si128(shifts.cast()))
    };
    let d = _mm512_sra_epi32(dots, _mm_cvtsi32_si128(cs as i32));
    let mantissa = _mm512_set1_epi32(scale.mantissa as i32);
    let b = _mm512_mullo_epi32(_mm512_cvtepu8_epi32(mantissas), mantissa);
    let b = _mm512_srli_epi32::<8>(_mm512_add_epi32(b, _mm512_set1_epi32(128)));
    let shift = _mm512_sub_epi32(_mm512_set1_epi32(scale.shift), _mm512_cvtepu8_epi32(shifts));
    let shift = _mm512_min_epi32(shift, _mm512_set1_epi32(SHIFT_MAX));
    let mut product = _mm512_mullo_epi32(d, b);
    let mut right = shift;
    let mut outside = 0;
    if LEFT {
        let zero = _mm512_setzero_si512();
        let left = _mm512_max_epi32(_mm512_sub_epi32(zero, shift), zero);
        let left = _mm512_min_epi32(left, _mm512_set1_epi32(LEFT_MAX));
        let room = _mm512_sub_epi32(_mm512_set1_epi32(LEFT_MAX), left);
        let above = _mm512_srlv_epi32(_mm512_abs_epi32(product), room);
        outside = _mm512_test_epi32_mask(above, above);
        product = _mm512_sllv_epi32(product, left);
        right = _mm512_max_epi32(shift, zero);
    }
    let half = _mm512_srli_epi32::<1>(_mm512_sllv_epi32(_mm512_set1_epi32(1), right));
    (_mm512_srav_epi32(_mm512_add_epi32(product, half), right), outside)
}

/// Puts weights in the place of one head's scores: per page 64 high bytes, then 64 low ones. The
/// sum of the probabilities.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn all_weights(
    task: &AttentionTask<'_>,
    pages: Range<usize>,
    scores: &mut [i32],
    peak: i32,
    value_peak: u8,
) -> u64 {
    let peak = _mm512_set1_epi32(peak);
    let value_peak = _mm512_set1_epi32(i32::from(value_peak) + 7);
    let mut totals = _mm512_setzero_si512();
    for (page, scores) in pages.zip(scores.chunks_exact_mut(PAGE)) {
        let mask = mask_of(in_page(task, page));
        let page = task.pages[page];
        let mut planes = [[_mm_setzero_si128(); GROUPS]; 2];
        for group in 0..GROUPS {
            let place = group * KEY_GROUP..(group + 1) * KEY_GROUP;
            // SAFETY: each slice has sixteen entries.
            let (found, mantissas, shifts) = unsafe {
                (
                    _mm512_loadu_si512(scores[place.clone()].as_ptr().cast()),
                    _mm_loadu_si128(page.value_mantissa[place.clone()].as_ptr().cast()),
                    _mm_loadu_si128(page.value_shift[place].as_ptr().cast()),
                )
            };
            let mask = (mask >> (group * KEY_GROUP)) as u16;
            let probability = exp2(_mm512_sub_epi32(peak, found));
            let probability = _mm512_maskz_mov_epi32(mask, probability);
            totals = _mm512_add_epi32(totals, probability);
            let scaled = _mm512_mullo_epi32(probability, _mm512_cvtepu8_epi32(mantissas));
            // Counts of 32 and more give 0, and so do slots outside the range, scaled by 0.
            let shift = _mm512_sub_epi32(value_peak, _mm512_cvtepu8_epi32(shifts));
            let halves = _mm512_srlv_epi32(scaled, shift);
            let weights = _mm512_add_epi32(halves, _mm512_set1_epi32(1));
            let weights = _mm512_srli_epi32::<1>(weights);
            planes[0][group] = _mm512_cvtepi32_epi8(_mm512_srli_epi32::<8>(weights));
            planes[1][group] = _mm512_cvtepi32_epi8(weights);
        }
        let bytes = scores.as_mut_ptr().cast::<u8>();
        for group in 0..GROUPS {
            // SAFETY: a page of scores is 256 bytes; the planes are 64 each.
            unsafe {
                let high = bytes.add(group * KEY_GROUP);
                _mm_storeu_si128(high.cast(), planes[0][group]);
                _mm_storeu_si128(high.add(LOW).cast(), planes[1][group]);
            }
        }
    }
    // A lane has at most 2^12 probabilities of at most 2^15.
    let totals = _mm512_reduce_add_epi64(_mm512_add_epi64(
        _mm512_srli_epi64::<32>(totals),
        _mm512_and_si512(totals, _mm512_set1_epi64(0xffff_ffff)),
    ));
    totals.cast_unsigned()
}

/// `exp2` of section 5.1 in 32-bit lanes, for x >= 0.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn exp2(x: __m512i) -> __m512i {
    // The upper half of every operand's lane is 0, so a 16-bit product is `mh` itself.
    let constant = |c: i32| _mm512_set1_epi32(c);
    let f = _mm512_and_si512(x, constant(0xffff));
    let mut e = _mm512_sub_epi32(constant(3241), _mm512_mulhi_epu16(f, constant(323)));
    e = _mm512_sub_epi32(constant(15541), _mm512_mulhi_epu16(f, e));
    e = _mm512_sub_epi32(constant(45390), _mm512_mulhi_epu16(f, e));
    e = _mm512_sub_epi32(constant(65535), _mm512_mulhi_epu16(f, e));
    // From n = 17 on the sum is below 2^(n + 1), and from 31 on the shift clears the lane.
    let n = _mm512_srli_epi32::<16>(x);
    let half = _mm512_sllv_epi32(constant(1), n);
    _mm512_srlv_epi32(_mm512_add_epi32(e, half), _mm512_add_epi32(n, constant(1)))
}

/// The weighted sums of entries `start..start + ENTRIES`, per head and plane.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_values<const H: usize>(
    task: &AttentionTask<'_>,
    pages: Range<usize>,
    weights: &[i32],
    start: usize,
    sums: &mut [[[i32; ENTRIES]; 2]; H],
) {
    let width = task.shape.head_width;
    let head_bytes = pages.len() * PAGE_BYTES;
    let zero = _mm512_setzero_si512();
    let mut local = [[[zero; 2]; 2]; H];
    for (i, page) in pages.enumerate() {
        let range = in_page(task, page);
        let values = task.pages[page].values.bytes()[..PAGE * width].as_ptr();
        let weights = weights[i * PAGE..].as_ptr().cast::<u8>();
        for quad in range.start / VALUE_QUAD..range.end.div_ceil(VALUE_QUAD) {
            // SAFETY: the quad is one of the page's sixteen, of `width` times 4 bytes each, with
            // `start + ENTRIES <= width`; every head has PAGE_BYTES of weights for this page.
            unsafe {
                let values = values.add((quad * width + start) * VALUE_QUAD);
                let values =
                    [_mm512_loadu_si512(values.cast()), _mm512_loadu_si512(values.add(64).cast())];
                for h in 0..H {
                    let high = weights.add(h * head_bytes + quad * VALUE_QUAD);
                    let planes = [high, high.add(LOW)];
                    for plane in 0..2 {
                        let weight = planes[plane].cast::<i32>().read_unaligned();
                        let weight = _mm512_set1_epi32(weight);
                        for v in 0..2 {
                            local[h][plane][v] =
                                _mm512_dpbusd_epi32(local[h][plane][v], weight, values[v]);
                        }
                    }
                }
            }
        }
    }
    for h in 0..H {
        for plane in 0..2 {
            for v in 0..2 {
                let place = &mut sums[h][plane][v * 16..][..16];
                // SAFETY: the slice has sixteen entries.
                unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), local[h][plane][v]) };
            }
        }
    }
}

/// Rounds some sums of one head into its output; true where an entry overflowed.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn finish(
    task: &AttentionTask<'_>,
    total: u64,
    value_peak: u8,
    sums: &[[i32; ENTRIES]; 2],
    out: &mut [i32],
) -> bool {
    let fracs = i32::from(task.shape.value_frac) - i32::from(task.shape.frac);
    let shift = 39 - i32::from(value_peak) + fracs;
    if !(1..=62).contains(&shift) {
        return finish_head(task, total, value_peak, &sums[0], &sums[1], out);
    }
    let reciprocal = _mm512_set1_epi64(((1_u64 << 47) / total).cast_signed());
    let half = _mm512_set1_epi64(1 << (shift - 1));
    let count = _mm_cvtsi32_si128(shift);
    let mut greatest = _mm512_setzero_si512();
    for start in (0..ENTRIES).step_by(8) {
        // SAFETY: each slice has eight entries.
        let [high, low] = unsafe {
            let high = sums[0][start..][..8].as_ptr();
            let low = sums[1][start..][..8].as_ptr();
            [_mm256_loadu_si256(high.cast()), _mm256_loadu_si256(low.cast())]
        };
        let high = _mm512_slli_epi64::<8>(_mm512_cvtepi32_epi64(high));
        let sum = _mm512_add_epi64(high, _mm512_cvtepi32_epi64(low));
        let product = _mm512_add_epi64(_mm512_mullo_epi64(sum, reciprocal), half);
        let value = _mm512_sra_epi64(product, count);
        greatest = _mm512_max_epu64(greatest, _mm512_abs_epi64(value));
        let place = &mut out[start..][..8];
        // SAFETY: the slice has eight entries.
        unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), _mm512_cvtepi64_epi32(value)) };
    }
    if _mm512_cmpge_epu64_mask(greatest, _mm512_set1_epi64(LIMIT)) != 0 {
        return finish_head(task, total, value_peak, &sums[0], &sums[1], out);
    }
    false
}
