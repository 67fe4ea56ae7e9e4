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
    if shift < 1 {
        return false;
    }
    let cap = _mm512_set1_epi32((1 << (op.gate_frac + 5)) - 1);
    let to_log = _mm_cvtsi32_si128(i32::from(op.gate_frac) - 2);
    let (first, second) = (Rounding::new(15), Rounding::new(shift));
    let mut greatest = _mm512_setzero_si512();
    for at in (0..gate.len()).step_by(LANES) {
        let (gate, up) = (load(gate, at), load(up, at));
        let capped = _mm512_min_epu32(_mm512_abs_epi32(gate), cap);
        let x = _mm512_mullo_epi32(capped, _mm512_set1_epi32(23_637));
        let [even, odd] = multiply(gate, sigmoid(_mm512_srl_epi32(x, to_log), gate));
        // Not above 2^30 in magnitude, so the low halves are whole.
        let even = _mm512_mul_epi32(first.of(even), up);
        let odd = _mm512_mul_epi32(first.of(odd), _mm512_srli_epi64::<32>(up));
        let scaled = [second.of(even), second.of(odd)];
        greatest = peak(greatest, scaled);
        store(out, at, merge(scaled));
    }
    below_limit(greatest)
}

/// The sigmoid with 15 fractional bits, from x = |gate| * log2 e with 16 and the gate's sign.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn sigmoid(x: __m512i, gate: __m512i) -> __m512i {
    let constant = |c: i32| _mm512_set1_epi32(c);
    // The upper half of one operand's lane is always 0, so a 16-bit product is `mh` itself.
    let f = _mm512_and_si512(x, constant(0xffff));
    let mut e = _mm512_sub_epi32(constant(3241), _mm512_mulhi_epu16(f, constant(323)));
    e = _mm512_sub_epi32(constant(15541), _mm512_mulhi_epu16(f, e));
    e = _mm512_sub_epi32(constant(45390), _mm512_mulhi_epu16(f, e));
    e = _mm512_sub_epi32(constant(65535), _mm512_mulhi_epu16(f, e));
    // From n = 17 on the shift clears the lane, as the function says.
    e = _mm512_srlv_epi32(e, _mm512_srli_epi32::<16>(x));
    let mut r = _mm512_sub_epi32(constant(21807), _mm512_mulhi_epu16(e, constant(7269)));
    r = _mm512_sub_epi32(constant(30894), _mm512_mulhi_epu16(e, r));
    r = _mm512_sub_epi32(constant(32711), _mm512_mulhi_epu16(e, r));
    let t = _mm512_mullo_epi32(_mm512_add_epi32(e, constant(65536)), r);
    let t = _mm512_srli_epi32::<16>(_mm512_add_epi32(t, constant(1 << 15)));
    let r = _mm512_mullo_epi32(r, _mm512_sub_epi32(constant(65536), t));
    let r = _mm512_srli_epi32::<15>(_mm512_add_epi32(r, constant(1 << 14)));
    let negative = _mm512_movepi32_mask(gate);
    _mm512_mask_sub_epi32(r, negative, constant(32768), r)
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
