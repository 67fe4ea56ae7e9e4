//! Norm, gate and rope with AVX-512.
//!
//! Products are made in 64-bit lanes, the even and the odd entries apart. Shifts that are not to the
//! right, and rows in which an entry leaves the limit, are left to the portable code: they are rare.

use core::arch::x86_64::*;

use crate::fixed::LIMIT;
use crate::kernels::{GateOp, NormOp};
use crate::portable::rows;
use crate::reference::{Layout, norm_scale};

/// 32-bit lanes of a vector.
pub(super) const LANES: usize = 16;

/// Eight even and eight odd entries in 64-bit lanes.
type Wide = [__m512i; 2];

/// A rounding shift to the right by 1..=62; longer ones give 0 too, for |x| < 2^60.
#[derive(Clone, Copy)]
struct Rounding {
    half: __m512i,
    count: __m128i,
}

impl Rounding {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(shift: i32) -> Self {
        let shift = shift.min(62);
        Self { half: _mm512_set1_epi64(1 << (shift - 1)), count: _mm_cvtsi32_si128(shift) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn of(self, x: __m512i) -> __m512i {
        _mm512_sra_epi64(_mm512_add_epi64(x, self.half), self.count)
    }
}

pub(super) fn norm(row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> bool {
    // SAFETY: this table is only handed out on a machine with these features.
    let done = unsafe { norm_fast(row, op, out) };
    !done && rows::norm(row, op, out)
}

pub(super) fn silu_gate(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
    // SAFETY: this table is only handed out on a machine with these features.
    let done = unsafe { silu_gate_fast(gate, up, op, out) };
    !done && rows::silu_gate(gate, up, op, out)
}

pub(super) fn rotate(head: &mut [i32], sin: &[i32], cos: &[i32], layout: Layout) -> bool {
    let (rotary, _) = head.split_at_mut(2 * sin.len());
    // SAFETY: this table is only handed out on a machine with these features.
    unsafe {
        match layout {
            Layout::Interleaved => rotate_interleaved(rotary, sin, cos),
            Layout::Half => rotate_halves(rotary, sin, cos),
        }
    }
}

/// Lanes of the vector that starts at `at`.
#[inline]
pub(super) fn lanes_from(at: usize, length: usize) -> u16 {
    let rest = length - at;
    if rest >= LANES { u16::MAX } else { (1 << rest) - 1 }
}

/// The entries of a row from `at` on, zero beyond its end.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(row: &[i32], at: usize) -> __m512i {
    let mask = lanes_from(at, row.len());
    // SAFETY: the slice has sixteen entries here, or the mask covers only its own.
    unsafe {
        if mask == u16::MAX {
            _mm512_loadu_si512(row.as_ptr().add(at).cast())
        } else {
            _mm512_maskz_loadu_epi32(mask, row.as_ptr().add(at))
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(row: &mut [i32], at: usize, value: __m512i) {
    let mask = lanes_from(at, row.len());
    // SAFETY: the slice has sixteen entries here, or the mask covers only its own.
    unsafe {
        if mask == u16::MAX {
            _mm512_storeu_si512(row.as_mut_ptr().add(at).cast(), value);
        } else {
            _mm512_mask_storeu_epi32(row.as_mut_ptr().add(at), mask, value);
        }
    }
}

/// Products of the even and of the odd 32-bit lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn multiply(a: __m512i, b: __m512i) -> Wide {
    let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(a), _mm512_srli_epi64::<32>(b));
    [_mm512_mul_epi32(a, b), odd]
}

/// The low halves of even and odd lanes, side by side again.
#[inline]
#[target_feature(enable = "avx512f")]
fn merge(wide: Wide) -> __m512i {
    _mm512_mask_blend_epi32(0xaaaa, wide[0], _mm512_slli_epi64::<32>(wide[1]))
}

/// The greatest magnitude so far.
#[inline]
#[target_feature(enable = "avx512f")]
fn peak(before: __m512i, wide: Wide) -> __m512i {
    let both = _mm512_max_epu64(_mm512_abs_epi64(wide[0]), _mm512_abs_epi64(wide[1]));
    _mm512_max_epu64(before, both)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn below_limit(peak: __m512i) -> bool {
    _mm512_cmpge_epu64_mask(peak, _mm512_set1_epi64(LIMIT)) == 0
}

/// The exact sum of squares, in halves that can't overflow for rows of up to 2^17 entries.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn sum_of_squares(row: &[i32]) -> u128 {
    let (mut high, mut low) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    let mask = _mm512_set1_epi64(0xffff_ffff);
    for at in (0..row.len()).step_by(LANES) {
        let h = load(row, at);
        let squares = multiply(h, h);
        // A square is below 2^60, so two of them fit.
        let pair = _mm512_add_epi64(squares[0], squares[1]);
        high = _mm512_add_epi64(high, _mm512_srli_epi64::<32>(pair));
        low = _mm512_add_epi64(low, _mm512_and_si512(pair, mask));
    }
    let high = _mm512_reduce_add_epi64(high).cast_unsigned();
    let low = _mm512_reduce_add_epi64(low).cast_unsigned();
    (u128::from(high) << 32) + u128::from(low)
}

/// False where the portable code has to do it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn norm_fast(row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> bool {
    let scale = norm_scale(u128::from(op.eps) + sum_of_squares(row), row.len());
    let shift = 20 - op.gain_unit - i32::from(op.frac);
    // The inverse is at most 2^25: a root is at least 2^31, and c below 2^25.
    let Ok(inverse) = i32::try_from(scale.inverse) else { return false };
    if shift < 1 || scale.shift < 1 {
        return false;
    }
    let inverse = _mm512_set1_epi32(inverse);
    let (first, second) = (Rounding::new(scale.shift), Rounding::new(shift));
    let mut greatest = _mm512_setzero_si512();
    for at in (0..row.len()).step_by(LANES) {
        let [even, odd] = multiply(load(row, at), inverse);
        let normal = [first.of(even), first.of(odd)];
        greatest = peak(greatest, normal);
        let gain = load(op.gain, at);
        let even = _mm512_mul_epi32(normal[0], gain);
        let odd = _mm512_mul_epi32(normal[1], _mm512_srli_epi64::<32>(gain));
        let scaled = [second.of(even), second.of(odd)];
        greatest = peak(greatest, scaled);
        store(out, at, merge(scaled));
    }
    below_limit(greatest)
}

/// False where the portable code has to do it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn silu_gate_fast(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
    let shift = i32::from(op.gate_frac) + i32::from(op.up_frac) - i32::from(op.frac);
    if !(1..=32).contains(&shift) {
        return false;
    }
    let mut gating = Gating::new(op.gate_frac, shift);
    let (gates, rest_gate) = gate.as_chunks::<GATES>();
    let (ups, rest_up) = up.as_chunks::<GATES>();
    let (outs, rest_out) = out.as_chunks_mut::<GATES>();
    for ((gate, up), out) in gates.iter().zip(ups).zip(outs) {
        gating.run(gate, up, out);
    }
    if !rest_gate.is_empty() {
        let mut rest = [[0; GATES]; 3];
        rest[0][..rest_gate.len()].copy_from_slice(rest_gate);
        rest[1][..rest_up.len()].copy_from_slice(rest_up);
        let [gate, up, out] = &mut rest;
        gating.run(gate, up, out);
        rest_out.copy_from_slice(&out[..rest_out.len()]);
    }
    gating.within_limit()
}

/// Entries gated at once: two vectors, whose sigmoids share one vector of 16-bit lanes.
const GATES: usize = 2 * LANES;

/// The work on a row's gates.
struct Gating {
    cap: __m512i,
    to_log: __m128i,
    /// Half, and a bias that makes every entry within the limit non-negative.
    half: __m512i,
    /// Shifts that leave an entry in the lower and in the upper half of its lane.
    down: __m128i,
    up: __m128i,
    /// The greatest biased product.
    peak: __m512i,
    shift: i32,
}

/// Added to an entry; with it the least one within the limit is 0.
const GATE_BIAS: i64 = LIMIT - 1;

impl Gating {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn new(gate_frac: u8, shift: i32) -> Self {
        Self {
            cap: _mm512_set1_epi32((1 << (gate_frac + 5)) - 1),
            to_log: _mm_cvtsi32_si128(i32::from(gate_frac) - 2),
            half: _mm512_set1_epi64((GATE_BIAS << shift) + (1 << (shift - 1))),
            down: _mm_cvtsi32_si128(shift),
            up: _mm_cvtsi32_si128(32 - shift),
            peak: _mm512_setzero_si512(),
            shift,
        }
    }

    /// Whether all entries so far were.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn within_limit(&self) -> bool {
        let first_beyond = _mm512_set1_epi64((GATE_BIAS + LIMIT) << self.shift);
        _mm512_cmpge_epu64_mask(self.peak, first_beyond) == 0
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn run(&mut self, gate: &[i32; GATES], up: &[i32; GATES], out: &mut [i32; GATES]) {
        let gates = [load(gate, 0), load(gate, LANES)];
        let x = [self.log(gates[0]), self.log(gates[1])];
        let sigmoids = sigmoids(x, gates);
        let low = _mm512_and_si512(sigmoids, _mm512_set1_epi32(0xffff));
        let high = _mm512_srli_epi32::<16>(sigmoids);
        let first = self.gated(gates[0], low, load(up, 0));
        let second = self.gated(gates[1], high, load(up, LANES));
        store(out, 0, first);
        store(out, LANES, second);
    }

    /// |gate| * log2 e with 16 fractional bits, capped.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn log(&self, gate: __m512i) -> __m512i {
        let capped = _mm512_min_epu32(_mm512_abs_epi32(gate), self.cap);
        _mm512_srl_epi32(_mm512_mullo_epi32(capped, _mm512_set1_epi32(23_637)), self.to_log)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn gated(&mut self, gate: __m512i, sigmoid: __m512i, up: __m512i) -> __m512i {
        // Only the lower half of a lane is used, and a logical shift by 15 leaves it as it should be.
        let half = _mm512_set1_epi64(1 << 14);
        let silu = multiply(gate, sigmoid)
            .map(|product| _mm512_srli_epi64::<15>(_mm512_add_epi64(product, half)));
        let even = _mm512_mul_epi32(silu[0], up);
        let odd = _mm512_mul_epi32(silu[1], _mm512_srli_epi64::<32>(up));
        // A product is below 2^60 and the bias at most 2^62. A sum below 0 is beyond every limit.
        let (even, odd) = (_mm512_add_epi64(even, self.half), _mm512_add_epi64(odd, self.half));
        self.peak = _mm512_max_epu64(self.peak, _mm512_max_epu64(even, odd));
        let even = _mm512_srl_epi64(even, self.down);
        let biased = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_sll_epi64(odd, self.up));
        _mm512_sub_epi32(biased, _mm512_set1_epi32(GATE_BIAS as i32))
    }
}

/// The sigmoids of two vectors with 15 fractional bits, from x = |gate| * log2 e with 16 and the
/// gates' signs: the first vector's in the lower halves of the lanes, the second's in the upper.
///
/// Every operand of section 4.7 fits 16 bits, and `mh` is a 16-bit product's upper half.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn sigmoids(x: [__m512i; 2], gates: [__m512i; 2]) -> __m512i {
    const UPPER: u32 = 0xaaaa_aaaa;
    let constant = |c: u16| _mm512_set1_epi16(c.cast_signed());
    let f = _mm512_mask_blend_epi16(UPPER, x[0], _mm512_slli_epi32::<16>(x[1]));
    let n = _mm512_mask_blend_epi16(UPPER, _mm512_srli_epi32::<16>(x[0]), x[1]);
    let mut e = _mm512_sub_epi16(constant(3241), _mm512_mulhi_epu16(f, constant(323)));
    e = _mm512_sub_epi16(constant(15541), _mm512_mulhi_epu16(f, e));
    e = _mm512_sub_epi16(constant(45390), _mm512_mulhi_epu16(f, e));
    e = _mm512_sub_epi16(constant(65535), _mm512_mulhi_epu16(f, e));
    // From n = 16 on the shift clears the lane: nothing is left of a mantissa.
    e = _mm512_srlv_epi16(e, n);
    let mut r = _mm512_sub_epi16(constant(21807), _mm512_mulhi_epu16(e, constant(7269)));
    r = _mm512_sub_epi16(constant(30894), _mm512_mulhi_epu16(e, r));
    r = _mm512_sub_epi16(constant(32711), _mm512_mulhi_epu16(e, r));
    // d = 2^15 - t, where t = r + (e * r + 2^15 >> 16); then r * (2^16 - t) is r * 2^15 + r * d.
    let d = _mm512_sub_epi16(constant(1 << 15), r);
    let d = _mm512_sub_epi16(d, _mm512_mulhi_epu16(e, r));
    let d = _mm512_add_epi16(d, _mm512_srai_epi16::<15>(_mm512_mullo_epi16(e, r)));
    let r = _mm512_add_epi16(r, _mm512_mulhrs_epi16(r, d));
    let signs = _mm512_mask_blend_epi16(UPPER, _mm512_srli_epi32::<16>(gates[0]), gates[1]);
    _mm512_mask_sub_epi16(r, _mm512_movepi16_mask(signs), constant(1 << 15), r)
}

/// Rotates eight pairs in 64-bit lanes; entries that leave the limit become 0 and are marked.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn turn(x: __m512i, y: __m512i, sin: __m512i, cos: __m512i) -> (Wide, __mmask8) {
    let rounding = Rounding::new(30);
    let limit = _mm512_set1_epi64(LIMIT);
    let a = _mm512_sub_epi64(_mm512_mul_epi32(x, cos), _mm512_mul_epi32(y, sin));
    let b = _mm512_add_epi64(_mm512_mul_epi32(x, sin), _mm512_mul_epi32(y, cos));
    let (a, b) = (rounding.of(a), rounding.of(b));
    let fits_a = _mm512_cmplt_epu64_mask(_mm512_abs_epi64(a), limit);
    let fits_b = _mm512_cmplt_epu64_mask(_mm512_abs_epi64(b), limit);
    let turned = [_mm512_maskz_mov_epi64(fits_a, a), _mm512_maskz_mov_epi64(fits_b, b)];
    (turned, !(fits_a & fits_b))
}

/// Eight entries from `at` on in 64-bit lanes, zero beyond the end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn load_wide(row: &[i32], at: usize) -> __m512i {
    let mask = lanes_from(at, row.len()) as u8;
    // SAFETY: the mask covers the slice's own entries.
    _mm512_cvtepi32_epi64(unsafe { _mm256_maskz_loadu_epi32(mask, row.as_ptr().add(at)) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn store_wide(row: &mut [i32], at: usize, value: __m512i) {
    let mask = lanes_from(at, row.len()) as u8;
    // SAFETY: the mask covers the slice's own entries.
    unsafe {
        _mm256_mask_storeu_epi32(row.as_mut_ptr().add(at), mask, _mm512_cvtepi64_epi32(value));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn rotate_halves(head: &mut [i32], sin: &[i32], cos: &[i32]) -> bool {
    let (xs, ys) = head.split_at_mut(sin.len());
    let mut overflow = 0;
    for at in (0..sin.len()).step_by(LANES / 2) {
        let (x, y) = (load_wide(xs, at), load_wide(ys, at));
        let (turned, over) = turn(x, y, load_wide(sin, at), load_wide(cos, at));
        store_wide(xs, at, turned[0]);
        store_wide(ys, at, turned[1]);
        overflow |= over;
    }
    overflow != 0
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn rotate_interleaved(head: &mut [i32], sin: &[i32], cos: &[i32]) -> bool {
    let mut overflow = 0;
    for at in (0..sin.len()).step_by(LANES / 2) {
        let pairs = load(head, 2 * at);
        let y = _mm512_srli_epi64::<32>(pairs);
        let (turned, over) = turn(pairs, y, load_wide(sin, at), load_wide(cos, at));
        store(head, 2 * at, merge(turned));
        overflow |= over;
    }
    overflow != 0
}

#[cfg(test)]
mod tests {
    use crate::functions::recip;

    /// The last step of [`super::sigmoids`] for every mantissa.
    #[test]
    fn the_reciprocal_fits_16_bits() {
        let mh = |a: u32, b: u32| (a * b) >> 16;
        for e in 0..1_u32 << 16 {
            let r = 32_711 - mh(e, 30_894 - mh(e, 21_807 - mh(e, 7_269)));
            let low = (e * r) as u16;
            let d = (1_i32 << 15) - r as i32 - mh(e, r) as i32 - i32::from(low >> 15);
            let (r, d) = (i16::try_from(r).unwrap(), i16::try_from(d).unwrap());
            let rounded = (i32::from(r) * i32::from(d) + (1 << 14)) >> 15;
            assert_eq!((i32::from(r) + rounded) as u32, recip(e), "mantissa {e}");
        }
    }
}
