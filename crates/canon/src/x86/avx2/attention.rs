//! Attention over int8 pages, up to four query heads at a time, on 256-bit registers.
//!
//! Three passes: scores of all pages and their peak; weights, which replace the scores as pairs of
//! 16-bit words; weighted values, whose sums stay in registers over all pages. Whole pages are worked
//! on: a position outside the range gets the least score and so the weight 0. Never sees a score
//! that needs a left shift: `Kernels::attention` keeps those for the portable code.
//!
//! Compiled once for each way to add products ([`Products`]): the bodies are `#[inline(always)]`.

use core::arch::x86_64::*;
use core::ops::Range;

use crate::fixed::finish;
use crate::kernels::{AttentionScratch, AttentionTask};
use crate::kv::{KEY_GROUP, KvPage, PAGE, VALUE_QUAD};
use crate::portable::attention::{self as portable, dot_shift, in_page};
use crate::reference::{HeadRow, QueryScale, query_scale};

/// Query heads that share the loads of keys and values.
const HEADS: usize = 4;
/// 32-bit lanes of a register.
const LANES: usize = 8;
/// Entries of a head whose sums are kept at once.
const ENTRIES: usize = 2 * LANES;
/// Pages whose weighted values fit 32-bit sums: 512 * 32,767 * 127 < 2^31.
const PAGES_NARROW: usize = 8;
/// The longest shift that is done: products are below 2^30, so it gives 0 as every longer one does.
const SHIFT_MAX: i32 = 31;
/// The widest head; the portable code attends with wider ones.
const WIDTH_MAX: usize = 256;
/// Steps of four entries of the widest head.
const STEPS_MAX: usize = WIDTH_MAX / 4;

const _: () = assert!(PAGES_NARROW * PAGE * 32_767 * 127 < 1 << 31);

/// One way to add products, and the functions compiled with its features.
pub(in crate::x86) trait Products {
    /// Sixteen dot products of stored keys (`quant ^ 0x80`) with each query, onto the starts.
    ///
    /// # Safety
    /// The machine has the features; `keys` is a key group of `queries.width`.
    unsafe fn add_keys<const H: usize>(
        dots: &mut [[__m256i; H]; 2],
        keys: *const u8,
        queries: &Queries<H>,
    );

    /// Adds two products of signed words to each 32-bit lane.
    ///
    /// # Safety
    /// The machine has the features.
    unsafe fn add_words(sums: __m256i, a: __m256i, b: __m256i) -> __m256i;

    /// [`heads`], compiled with the features.
    ///
    /// # Safety
    /// The machine has the features; there are `H` queries and room for their outputs.
    unsafe fn heads<const H: usize>(
        task: &AttentionTask<'_>,
        queries: &[HeadRow; H],
        scratch: &mut AttentionScratch,
        out: &mut [i32],
    ) -> bool;
}

/// Queries as the products want them.
pub(in crate::x86) struct Queries<const H: usize> {
    width: usize,
    /// The quants, four to a step.
    pub(in crate::x86) bytes: [*const i32; H],
    /// Per step the first and third quant as words, then the second and fourth.
    pub(in crate::x86) words: [[[i32; STEPS_MAX]; 2]; H],
}

impl<const H: usize> Queries<H> {
    /// Steps of four entries.
    #[inline(always)]
    pub(in crate::x86) fn steps(&self) -> usize {
        self.width / 4
    }
}

/// The kernel.
pub(in crate::x86) fn attention<P: Products>(
    task: &AttentionTask<'_>,
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let width = task.shape.head_width;
    if width > WIDTH_MAX {
        return portable::attention(task, scratch, out);
    }
    let mut overflow = false;
    for (queries, out) in task.queries.chunks(HEADS).zip(out.chunks_mut(HEADS * width)) {
        overflow |= match queries.len() {
            4.. => some_heads::<P, 4>(task, queries, scratch, out),
            3 => some_heads::<P, 3>(task, queries, scratch, out),
            2 => some_heads::<P, 2>(task, queries, scratch, out),
            _ => some_heads::<P, 1>(task, queries, scratch, out),
        };
    }
    overflow
}

fn some_heads<P: Products, const H: usize>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow],
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let queries = queries.first_chunk::<H>().expect("the caller counted the heads");
    // SAFETY: this table is only handed out on a machine with these features, and `out` was cut by
    // the number of heads.
    unsafe { P::heads::<H>(task, queries, scratch, out) }
}

/// All passes for `H` heads.
///
/// # Safety
/// As of [`Products::heads`].
#[inline(always)]
pub(in crate::x86) unsafe fn heads<P: Products, const H: usize>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow; H],
    scratch: &mut AttentionScratch,
    out: &mut [i32],
) -> bool {
    let pages = task.positions.start / PAGE..task.positions.end.div_ceil(PAGE);
    let room = pages.len() * PAGE;
    if scratch.scores.len() < H * room {
        scratch.scores.resize(H * room, 0);
    }
    let scores = &mut scratch.scores[..H * room];
    let width = task.shape.head_width;
    let mut overflow = false;
    // SAFETY: the caller's.
    unsafe {
        let (peaks, value_peak) = all_scores::<P, H>(task, queries, pages.clone(), scores);
        let mut totals = [0; H];
        for h in 0..H {
            let scores = &mut scores[h * room..][..room];
            totals[h] = all_weights(task, pages.clone(), scores, peaks[h], value_peak);
        }
        for start in (0..width).step_by(ENTRIES) {
            let sums = all_values::<P, H>(task, pages.clone(), scores, start);
            for h in 0..H {
                let out = &mut out[h * width + start..][..ENTRIES];
                overflow |= finish_some(task, totals[h], value_peak, &sums[h], out);
            }
        }
    }
    overflow
}

/// The queries' quants as words, and the starts of their dot products: minus the keys' offset, and
/// half of the dot product's rounding shift.
#[inline(always)]
unsafe fn prepared<const H: usize>(
    queries: &[HeadRow; H],
    width: usize,
) -> (Queries<H>, [__m256i; H]) {
    let half = (1 << dot_shift(width)) >> 1;
    let mut words = [[[0; STEPS_MAX]; 2]; H];
    // SAFETY: features are the caller's; every query has `width` quants, whole 32s of them and no
    // more than fit the words, which the slices check.
    unsafe {
        let mut starts = [_mm256_setzero_si256(); H];
        for h in 0..H {
            let mut sum = 0;
            for (at, quants) in queries[h].quants[..width].chunks_exact(4 * LANES).enumerate() {
                let quants = _mm256_loadu_si256(quants.as_ptr().cast());
                let [even, odd] = signed_words(quants);
                let place = at * LANES..(at + 1) * LANES;
                let evens = words[h][0][place.clone()].as_mut_ptr();
                _mm256_storeu_si256(evens.cast(), even);
                _mm256_storeu_si256(words[h][1][place].as_mut_ptr().cast(), odd);
                let both = _mm256_add_epi16(even, odd);
                sum += sum_of(_mm256_madd_epi16(both, _mm256_set1_epi16(1)));
            }
            starts[h] = _mm256_set1_epi32((-sum << 7) + half);
        }
        let bytes = queries.each_ref().map(|query| query.quants.as_ptr().cast());
        (Queries { width, bytes, words }, starts)
    }
}

/// The first and third, and the second and fourth byte of each lane, as signed words.
#[inline(always)]
unsafe fn signed_words(bytes: __m256i) -> [__m256i; 2] {
    // SAFETY: the features are the caller's.
    unsafe {
        let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(bytes));
        [even, _mm256_srai_epi16::<8>(bytes)]
    }
}

#[inline(always)]
unsafe fn lanes_of(lanes: __m256i) -> [i32; LANES] {
    let mut all = [0; LANES];
    // SAFETY: the features are the caller's, and the array has 32 bytes.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), lanes) };
    all
}

#[inline(always)]
unsafe fn sum_of(lanes: __m256i) -> i32 {
    // SAFETY: the features are the caller's.
    unsafe { lanes_of(lanes) }.iter().sum()
}

/// Writes the scores of all pages; the greatest score of each head and the greatest value shift.
#[inline(always)]
unsafe fn all_scores<P: Products, const H: usize>(
    task: &AttentionTask<'_>,
    queries: &[HeadRow; H],
    pages: Range<usize>,
    scores: &mut [i32],
) -> ([i32; H], u8) {
    let room = pages.len() * PAGE;
    let width = task.shape.head_width;
    let scales = queries.each_ref().map(|query| query_scale(task.shape, query));
    let mut value_peak = 0;
    // SAFETY: features are the caller's; a page has four key groups of `width` times 16 bytes, which
    // the slices check.
    unsafe {
        let (queries, starts) = prepared(queries, width);
        let least = _mm256_set1_epi32(i32::MIN);
        let mut peaks = [least; H];
        for (i, page) in pages.enumerate() {
            let range = in_page(task, page);
            let page = task.pages[page];
            value_peak = value_peak.max(value_shift_peak(page, range.clone()));
            for (g, keys) in page.keys.bytes().chunks_exact(KEY_GROUP * width).enumerate() {
                let mut dots = [starts; 2];
                P::add_keys(&mut dots, keys.as_ptr(), &queries);
                for (half, dots) in dots.into_iter().enumerate() {
                    let slot = g * KEY_GROUP + half * LANES;
                    let inside = inside(slot, &range);
                    for h in 0..H {
                        let found = eight_scores(page, slot, dots[h], scales[h], width);
                        let found = _mm256_blendv_epi8(least, found, inside);
                        peaks[h] = _mm256_max_epi32(peaks[h], found);
                        let place = &mut scores[h * room + i * PAGE + slot..][..LANES];
                        _mm256_storeu_si256(place.as_mut_ptr().cast(), found);
                    }
                }
            }
        }
        let mut greatest = [i32::MIN; H];
        for h in 0..H {
            greatest[h] = lanes_of(peaks[h]).into_iter().max().unwrap_or(i32::MIN);
        }
        (greatest, value_peak)
    }
}

/// Ones for those of eight slots that are in the range.
#[inline(always)]
unsafe fn inside(slot: usize, range: &Range<usize>) -> __m256i {
    // SAFETY: the features are the caller's.
    unsafe {
        let slots = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let slots = _mm256_add_epi32(slots, _mm256_set1_epi32(slot as i32));
        let before = _mm256_cmpgt_epi32(_mm256_set1_epi32(range.start as i32), slots);
        let not_after = _mm256_cmpgt_epi32(_mm256_set1_epi32(range.end as i32), slots);
        _mm256_andnot_si256(before, not_after)
    }
}

/// The greatest value shift of some slots.
#[inline(always)]
unsafe fn value_shift_peak(page: &KvPage, range: Range<usize>) -> u8 {
    if range.len() < PAGE {
        return page.value_shift[range].iter().copied().max().unwrap_or(0);
    }
    // SAFETY: the features are the caller's, and the array has 64 bytes.
    let lanes = unsafe {
        let shifts = page.value_shift.as_ptr().cast::<__m256i>();
        let peaks = _mm256_max_epu8(_mm256_loadu_si256(shifts), _mm256_loadu_si256(shifts.add(1)));
        lanes_of(peaks)
    };
    lanes.into_iter().flat_map(i32::to_ne_bytes).max().unwrap_or(0)
}

/// Scores from eight dot products that hold half of their rounding shift already.
#[inline(always)]
unsafe fn eight_scores(
    page: &KvPage,
    slot: usize,
    dots: __m256i,
    scale: QueryScale,
    width: usize,
) -> __m256i {
    // SAFETY: the features are the caller's; each slice has eight bytes.
    unsafe {
        let mantissas = _mm_loadl_epi64(page.key_mantissa[slot..][..LANES].as_ptr().cast());
        let shifts = _mm_loadl_epi64(page.key_shift[slot..][..LANES].as_ptr().cast());
        let d = _mm256_sra_epi32(dots, _mm_cvtsi32_si128(dot_shift(width) as i32));
        let mantissa = _mm256_set1_epi32(scale.mantissa as i32);
        // Both factors are below 2^15, and so is the rounded product: 16-bit pairs do.
        let b = _mm256_madd_epi16(_mm256_cvtepu8_epi32(mantissas), mantissa);
        let b = _mm256_srli_epi32::<8>(_mm256_add_epi32(b, _mm256_set1_epi32(128)));
        let shift = _mm256_sub_epi32(_mm256_set1_epi32(scale.shift), _mm256_cvtepu8_epi32(shifts));
        let shift = _mm256_min_epi32(shift, _mm256_set1_epi32(SHIFT_MAX));
        let half = _mm256_srli_epi32::<1>(_mm256_sllv_epi32(_mm256_set1_epi32(1), shift));
        _mm256_srav_epi32(_mm256_add_epi32(_mm256_mullo_epi32(d, b), half), shift)
    }
}

/// Puts weights in the place of one head's scores: per quad of positions the first and third, then
/// the second and fourth as words. The sum of the probabilities.
#[inline(always)]
unsafe fn all_weights(
    task: &AttentionTask<'_>,
    pages: Range<usize>,
    scores: &mut [i32],
    peak: i32,
    value_peak: u8,
) -> u64 {
    // SAFETY: features are the caller's; a page has 64 scores, and eight weights are written over
    // no more than the four scores per eight that have been read before.
    unsafe {
        let peak = _mm256_set1_epi32(peak);
        let value_peak = _mm256_set1_epi32(i32::from(value_peak) + 7);
        let mut totals = _mm256_setzero_si256();
        for (page, scores) in pages.zip(scores.chunks_exact_mut(PAGE)) {
            let page = task.pages[page];
            let to = scores.as_mut_ptr();
            for slot in (0..PAGE).step_by(LANES) {
                let found = _mm256_loadu_si256(to.add(slot).cast());
                let mantissas = page.value_mantissa[slot..][..LANES].as_ptr();
                let shifts = page.value_shift[slot..][..LANES].as_ptr();
                // The least score is 2^30 below every other one: its probability is 0.
                let probability = exp2(_mm256_sub_epi32(peak, found));
                totals = _mm256_add_epi32(totals, probability);
                let mantissas = _mm256_cvtepu8_epi32(_mm_loadl_epi64(mantissas.cast()));
                let scaled = _mm256_mullo_epi32(probability, mantissas);
                // Counts of 32 and more give 0; those of slots outside the range may be negative,
                // which is as much, and what is shifted there is 0 anyway.
                let shifts = _mm256_cvtepu8_epi32(_mm_loadl_epi64(shifts.cast()));
                let halves = _mm256_srlv_epi32(scaled, _mm256_sub_epi32(value_peak, shifts));
                let halves = _mm256_add_epi32(halves, _mm256_set1_epi32(1));
                let weights = _mm256_srli_epi32::<1>(halves);
                let third = _mm256_slli_epi32::<16>(_mm256_srli_si256::<8>(weights));
                let pairs = _mm256_or_si256(weights, third);
                let pairs = _mm256_castsi256_si128(_mm256_permute4x64_epi64::<0b1000>(pairs));
                _mm_storeu_si128(to.add(slot / 2).cast(), pairs);
            }
        }
        // A lane has at most 2^13 probabilities of at most 2^15.
        lanes_of(totals).into_iter().map(|total| u64::from(total.cast_unsigned())).sum()
    }
}

/// `exp2` of section 5.1 in 32-bit lanes, for x >= 0.
#[inline(always)]
unsafe fn exp2(x: __m256i) -> __m256i {
    // SAFETY: the features are the caller's.
    unsafe {
        // The upper half of every operand's lane is 0, so a 16-bit product is `mh` itself.
        let f = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
        let mut e = _mm256_set1_epi32(323);
        for constant in [3241, 15_541, 45_390, 65_535] {
            e = _mm256_sub_epi32(_mm256_set1_epi32(constant), _mm256_mulhi_epu16(f, e));
        }
        // From n = 17 on the sum is below 2^(n + 1), and from 31 on the shift clears the lane.
        let n = _mm256_srli_epi32::<16>(x);
        let one = _mm256_set1_epi32(1);
        let sum = _mm256_add_epi32(e, _mm256_sllv_epi32(one, n));
        _mm256_srlv_epi32(sum, _mm256_add_epi32(n, one))
    }
}

/// The weighted sums of entries `start..start + ENTRIES` of each head.
#[inline(always)]
unsafe fn all_values<P: Products, const H: usize>(
    task: &AttentionTask<'_>,
    pages: Range<usize>,
    weights: &[i32],
    start: usize,
) -> [[i64; ENTRIES]; H] {
    let room = pages.len() * PAGE;
    let first = pages.start;
    let mut sums = [[0; ENTRIES]; H];
    for narrow in pages.clone().step_by(PAGES_NARROW) {
        // SAFETY: the features are the caller's.
        let mut local = unsafe { [[_mm256_setzero_si256(); 2]; H] };
        for page in narrow..pages.end.min(narrow + PAGES_NARROW) {
            let range = in_page(task, page);
            let quads = range.start / VALUE_QUAD..range.end.div_ceil(VALUE_QUAD);
            let weights = &weights[(page - first) * PAGE..];
            // SAFETY: features are the caller's; `weights` has a room of scores for each head.
            unsafe {
                page_values::<P, H>(task.pages[page], quads, weights, room, start, &mut local)
            };
        }
        for (sums, local) in sums.iter_mut().zip(local) {
            for (sums, local) in sums.chunks_exact_mut(LANES).zip(local) {
                // SAFETY: the features are the caller's.
                let local = unsafe { lanes_of(local) };
                sums.iter_mut().zip(local).for_each(|(sum, value)| *sum += i64::from(value));
            }
        }
    }
    sums
}

/// Adds some quads of a page.
///
/// # Safety
/// The machine has the features; `weights` starts at the page's weights of the first head, those of
/// the next stand `room` further, and `start + ENTRIES` is within the head.
#[inline(always)]
unsafe fn page_values<P: Products, const H: usize>(
    page: &KvPage,
    quads: Range<usize>,
    weights: &[i32],
    room: usize,
    start: usize,
    sums: &mut [[__m256i; 2]; H],
) {
    let width = page.head_width();
    assert!(quads.end * VALUE_QUAD <= PAGE && weights.len() >= (H - 1) * room + PAGE / 2);
    let values = page.values.bytes()[..PAGE * width].as_ptr();
    let weights = weights.as_ptr();
    let mut local = *sums;
    for quad in quads {
        // SAFETY: the quad is one of the page's sixteen, of `width` times 4 bytes each; a page has
        // two pairs of weights for each quad.
        unsafe {
            let at = values.add((quad * width + start) * VALUE_QUAD);
            let values = [0, 1].map(|v| _mm256_load_si256(at.add(v * 4 * LANES).cast()));
            let values = [signed_words(values[0]), signed_words(values[1])];
            for h in 0..H {
                let pairs = weights.add(h * room + quad * 2);
                for part in 0..2 {
                    let pair = _mm256_set1_epi32(*pairs.add(part));
                    for v in 0..2 {
                        local[h][v] = P::add_words(local[h][v], values[v][part], pair);
                    }
                }
            }
        }
    }
    *sums = local;
}

/// Rounds some sums of one head into its output; true where an entry overflowed.
#[inline(always)]
fn finish_some(
    task: &AttentionTask<'_>,
    total: u64,
    value_peak: u8,
    sums: &[i64; ENTRIES],
    out: &mut [i32],
) -> bool {
    let reciprocal = ((1_u64 << 47) / total).cast_signed();
    let fracs = i32::from(task.shape.value_frac) - i32::from(task.shape.frac);
    let shift = 39 - i32::from(value_peak) + fracs;
    let mut overflow = false;
    for (out, sum) in out.iter_mut().zip(sums) {
        let value = finish(sum * reciprocal, shift);
        overflow |= value.is_err();
        *out = value.unwrap_or(0);
    }
    overflow
}

/// Products by AVX2 alone.
pub(in crate::x86) enum Plain {}

impl Products for Plain {
    #[inline(always)]
    unsafe fn add_keys<const H: usize>(
        dots: &mut [[__m256i; H]; 2],
        keys: *const u8,
        queries: &Queries<H>,
    ) {
        let mut local = *dots;
        for step in 0..queries.steps() {
            // SAFETY: the features are the caller's; a key group has 64 bytes for each step.
            unsafe {
                let mut words = [[_mm256_setzero_si256(); 2]; 2];
                for (half, words) in words.iter_mut().enumerate() {
                    let at = keys.add((2 * step + half) * 4 * LANES);
                    let keys = _mm256_load_si256(at.cast());
                    words[0] = _mm256_and_si256(keys, _mm256_set1_epi16(0xff));
                    words[1] = _mm256_srli_epi16::<8>(keys);
                }
                for h in 0..H {
                    for part in 0..2 {
                        let query = _mm256_set1_epi32(queries.words[h][part][step]);
                        for half in 0..2 {
                            let products = _mm256_madd_epi16(words[half][part], query);
                            local[half][h] = _mm256_add_epi32(local[half][h], products);
                        }
                    }
                }
            }
        }
        *dots = local;
    }

    #[inline(always)]
    unsafe fn add_words(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the features are the caller's.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)) }
    }

    #[target_feature(enable = "avx2")]
    unsafe fn heads<const H: usize>(
        task: &AttentionTask<'_>,
        queries: &[HeadRow; H],
        scratch: &mut AttentionScratch,
        out: &mut [i32],
    ) -> bool {
        // SAFETY: the caller's.
        unsafe { heads::<Self, H>(task, queries, scratch, out) }
    }
}
