//! Ops on single rows whose products need 64 bits: norm, gate, rope.
//!
//! LLVM makes little of these, since AVX2 has no arithmetic shift of 64-bit lanes; see
//! [`finish::Shift`]. Rows with a shift that is not to the right, or with an entry that leaves the
//! limit, are done again by the portable code.

use core::arch::x86_64::*;

use super::finish::{Shift, over};
use super::walk::odd_lanes;
use crate::kernels::{GateOp, NormOp};
use crate::portable::rows as portable;
use crate::reference::{Layout, norm_apply, norm_scale, silu_gate as one_gate};

/// 32-bit lanes of a register.
const LANES: usize = 8;
/// Fractional bits of the normalised row before the gain.
const NORM_FRAC: i32 = 20;
/// Fractional bits of sines and cosines.
const TURN_FRAC: i32 = 30;

pub(in crate::x86) fn norm(row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> bool {
    // SAFETY: this table is only handed out on a machine with AVX2.
    let done = unsafe { norm_or_none(row, op, out) };
    done.is_none() && portable::norm(row, op, out)
}

#[target_feature(enable = "avx2")]
fn norm_or_none(row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> Option<()> {
    let scale = norm_scale(u128::from(op.eps) + sum_of_squares(row), row.len());
    let inverse = _mm256_set1_epi64x(scale.inverse);
    let first = Shift::right(scale.shift)?;
    let second = Shift::right(NORM_FRAC - op.gain_unit - i32::from(op.frac))?;
    let (eights, rest) = row.as_chunks::<LANES>();
    let (gains, rest_gains) = op.gain.as_chunks::<LANES>();
    let (outs, rest_outs) = out.as_chunks_mut::<LANES>();
    let mut rare = _mm256_setzero_si256();
    for ((h, gain), out) in eights.iter().zip(gains).zip(outs) {
        let (h, gain) = (load(h), load(gain));
        let mut values = [(h, gain), (odd_lanes(h), odd_lanes(gain))];
        for (h, gain) in &mut values {
            // The inverse is below 2^25, and a normalised entry below the limit or rare.
            let n = first.round(_mm256_mul_epi32(*h, inverse));
            *h = second.round(_mm256_mul_epi32(n, *gain));
            rare = _mm256_or_si256(rare, _mm256_or_si256(over(n), over(*h)));
        }
        store(out, interleaved(values[0].0, values[1].0));
    }
    for ((out, h), gain) in rest_outs.iter_mut().zip(rest).zip(rest_gains) {
        *out = norm_apply(*h, scale, *gain, op.gain_unit, op.frac).ok()?;
    }
    none_of(rare)
}

/// The exact sum of squares.
#[target_feature(enable = "avx2")]
fn sum_of_squares(row: &[i32]) -> u128 {
    let (eights, rest) = row.as_chunks::<LANES>();
    let low_half = _mm256_set1_epi64x(0xffff_ffff);
    let (mut high, mut low) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    // A square is below 2^60: eight fit 64 bits, and are then cut into halves.
    for some in eights.chunks(4) {
        let mut sums = _mm256_setzero_si256();
        for h in some {
            let h = load(h);
            sums = _mm256_add_epi64(sums, _mm256_mul_epi32(h, h));
            sums = _mm256_add_epi64(sums, _mm256_mul_epi32(odd_lanes(h), odd_lanes(h)));
        }
        high = _mm256_add_epi64(high, _mm256_srli_epi64::<32>(sums));
        low = _mm256_add_epi64(low, _mm256_and_si256(sums, low_half));
    }
    let total = |halves: __m256i| {
        let mut lanes = [0_u64; 4];
        // SAFETY: the array has 32 bytes.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), halves) };
        lanes.into_iter().map(u128::from).sum::<u128>()
    };
    let rest: u128 = rest.iter().map(|h| u128::from(h.unsigned_abs()).pow(2)).sum();
    (total(high) << 32) + total(low) + rest
}

pub(in crate::x86) fn silu_gate(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
    // SAFETY: this table is only handed out on a machine with AVX2.
    let done = unsafe { gate_or_none(gate, up, op, out) };
    done.is_none() && portable::silu_gate(gate, up, op, out)
}

#[target_feature(enable = "avx2")]
fn gate_or_none(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> Option<()> {
    let shift = i32::from(op.gate_frac) + i32::from(op.up_frac) - i32::from(op.frac);
    let shift = Shift::right(shift)?;
    let (gates, rest_gates) = gate.as_chunks::<LANES>();
    let (ups, rest_ups) = up.as_chunks::<LANES>();
    let (outs, rest_outs) = out.as_chunks_mut::<LANES>();
    let mut rare = _mm256_setzero_si256();
    for ((gate, up), out) in gates.iter().zip(ups).zip(outs) {
        let (gate, up) = (load(gate), load(up));
        let sigmoid = sigmoid(gate, op.gate_frac);
        let even = gated(gate, sigmoid, up, &shift);
        let odd = gated(odd_lanes(gate), odd_lanes(sigmoid), odd_lanes(up), &shift);
        rare = _mm256_or_si256(rare, _mm256_or_si256(over(even), over(odd)));
        store(out, interleaved(even, odd));
    }
    for ((out, gate), up) in rest_outs.iter_mut().zip(rest_gates).zip(rest_ups) {
        *out = one_gate(*gate, *up, op.gate_frac, op.up_frac, op.frac).ok()?;
    }
    none_of(rare)
}

/// `rs(rs(gate * sigmoid, 15) * up, shift)` of the even lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn gated(gate: __m256i, sigmoid: __m256i, up: __m256i, shift: &Shift) -> __m256i {
    let product = _mm256_mul_epi32(gate, sigmoid);
    // Only the lower half of a lane is used, and a logical shift by 15 leaves it as it should be.
    let silu = _mm256_srli_epi64::<15>(_mm256_add_epi64(product, _mm256_set1_epi64x(1 << 14)));
    shift.round(_mm256_mul_epi32(silu, up))
}

/// The sigmoid of section 4.7 with 15 fractional bits.
#[inline]
#[target_feature(enable = "avx2")]
fn sigmoid(gate: __m256i, frac: u8) -> __m256i {
    let cap = _mm256_set1_epi32((1 << (frac + 5)) - 1);
    let capped = _mm256_min_epu32(_mm256_abs_epi32(gate), cap);
    let scaled = _mm256_mullo_epi32(capped, _mm256_set1_epi32(23_637));
    let x = _mm256_srl_epi32(scaled, _mm_cvtsi32_si128(i32::from(frac) - 2));
    let f = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
    // Every operand's upper half is 0, so a 16-bit product is `mh` itself. From n = 16 on nothing
    // is left of a mantissa.
    let mantissa = polynomial(f, [323, 3_241, 15_541, 45_390, 65_535]);
    let e = _mm256_srlv_epi32(mantissa, _mm256_srli_epi32::<16>(x));
    let r0 = polynomial(e, [7_269, 21_807, 30_894, 32_711]);
    let one = _mm256_set1_epi32(65_536);
    let t = _mm256_mullo_epi32(_mm256_add_epi32(one, e), r0);
    let t = _mm256_srli_epi32::<16>(_mm256_add_epi32(t, _mm256_set1_epi32(1 << 15)));
    let r = _mm256_mullo_epi32(r0, _mm256_sub_epi32(one, t));
    let r = _mm256_srli_epi32::<15>(_mm256_add_epi32(r, _mm256_set1_epi32(1 << 14)));
    let other = _mm256_sub_epi32(_mm256_set1_epi32(32_768), r);
    _mm256_blendv_epi8(r, other, _mm256_srai_epi32::<31>(gate))
}

/// `c[n] - mh(x, c[n-1] - mh(x, ... c[0]))` for x < 2^16.
#[inline]
#[target_feature(enable = "avx2")]
fn polynomial<const N: usize>(x: __m256i, constants: [i32; N]) -> __m256i {
    let mut sum = _mm256_setzero_si256();
    for constant in constants {
        sum = _mm256_sub_epi32(_mm256_set1_epi32(constant), _mm256_mulhi_epu16(x, sum));
    }
    sum
}

pub(in crate::x86) fn rotate(head: &mut [i32], sin: &[i32], cos: &[i32], layout: Layout) -> bool {
    // SAFETY: this table is only handed out on a machine with AVX2.
    unsafe {
        match layout {
            Layout::Interleaved => rotate_interleaved(head, sin, cos),
            Layout::Half => rotate_half(head, sin, cos),
        }
    }
}

#[target_feature(enable = "avx2")]
fn rotate_half(head: &mut [i32], sin: &[i32], cos: &[i32]) -> bool {
    let pairs = sin.len();
    let (xs, ys) = head[..2 * pairs].split_at_mut(pairs);
    let mut overflow = false;
    for (((xs, ys), sin), cos) in
        xs.chunks_mut(LANES).zip(ys.chunks_mut(LANES)).zip(sin.chunks(LANES)).zip(cos.chunks(LANES))
    {
        if !half_turned(xs, ys, sin, cos) {
            let mut both = [0; 2 * LANES];
            let both = &mut both[..2 * sin.len()];
            let (some_xs, some_ys) = both.split_at_mut(sin.len());
            some_xs.copy_from_slice(xs);
            some_ys.copy_from_slice(ys);
            overflow |= portable::rotate(both, sin, cos, Layout::Half);
            xs.copy_from_slice(&both[..sin.len()]);
            ys.copy_from_slice(&both[sin.len()..]);
        }
    }
    overflow
}

/// Turns eight pairs; leaves them where there are fewer or one leaves the limit.
#[inline]
#[target_feature(enable = "avx2")]
fn half_turned(xs: &mut [i32], ys: &mut [i32], sin: &[i32], cos: &[i32]) -> bool {
    let (Ok(xs), Ok(ys)) = (<&mut [i32; LANES]>::try_from(xs), <&mut [i32; LANES]>::try_from(ys))
    else {
        return false;
    };
    let (Ok(sin), Ok(cos)) = (<&[i32; LANES]>::try_from(sin), <&[i32; LANES]>::try_from(cos))
    else {
        return false;
    };
    let (x, y, sin, cos) = (load(xs), load(ys), load(sin), load(cos));
    let even = turned(x, y, sin, cos);
    let odd = turned(odd_lanes(x), odd_lanes(y), odd_lanes(sin), odd_lanes(cos));
    let rare = [even[0], even[1], odd[0], odd[1]].map(|value| over(value));
    let rare =
        _mm256_or_si256(_mm256_or_si256(rare[0], rare[1]), _mm256_or_si256(rare[2], rare[3]));
    if none_of(rare).is_none() {
        return false;
    }
    store(xs, interleaved(even[0], odd[0]));
    store(ys, interleaved(even[1], odd[1]));
    true
}

#[target_feature(enable = "avx2")]
fn rotate_interleaved(head: &mut [i32], sin: &[i32], cos: &[i32]) -> bool {
    let mut overflow = false;
    let fours = sin.chunks(LANES / 2).zip(cos.chunks(LANES / 2));
    for (head, (sin, cos)) in head[..2 * sin.len()].chunks_mut(LANES).zip(fours) {
        if !interleaved_turned(head, sin, cos) {
            overflow |= portable::rotate(head, sin, cos, Layout::Interleaved);
        }
    }
    overflow
}

/// Turns four pairs; leaves them where there are fewer or one leaves the limit.
#[inline]
#[target_feature(enable = "avx2")]
fn interleaved_turned(head: &mut [i32], sin: &[i32], cos: &[i32]) -> bool {
    let Ok(head) = <&mut [i32; LANES]>::try_from(head) else { return false };
    let (Ok(sin), Ok(cos)) = (<&[i32; 4]>::try_from(sin), <&[i32; 4]>::try_from(cos)) else {
        return false;
    };
    // SAFETY: both arrays have sixteen bytes.
    let (sin, cos) =
        unsafe { (_mm_loadu_si128(sin.as_ptr().cast()), _mm_loadu_si128(cos.as_ptr().cast())) };
    let pairs = load(head);
    let (sin, cos) = (_mm256_cvtepi32_epi64(sin), _mm256_cvtepi32_epi64(cos));
    let [x, y] = turned(pairs, odd_lanes(pairs), sin, cos);
    if none_of(_mm256_or_si256(over(x), over(y))).is_none() {
        return false;
    }
    store(head, interleaved(x, y));
    true
}

/// The turned pairs of the even lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn turned(x: __m256i, y: __m256i, sin: __m256i, cos: __m256i) -> [__m256i; 2] {
    // A sum of two products is below 2^61, and with half and 2^62 below 2^63.
    let shift = Shift::right(TURN_FRAC).expect("the count is one of those to the right");
    let new_x = _mm256_sub_epi64(_mm256_mul_epi32(x, cos), _mm256_mul_epi32(y, sin));
    let new_y = _mm256_add_epi64(_mm256_mul_epi32(x, sin), _mm256_mul_epi32(y, cos));
    [shift.round(new_x), shift.round(new_y)]
}

/// 32-bit lanes from the lower halves of 64-bit ones.
#[inline]
#[target_feature(enable = "avx2")]
fn interleaved(even: __m256i, odd: __m256i) -> __m256i {
    _mm256_blend_epi32::<0xaa>(even, _mm256_slli_epi64::<32>(odd))
}

/// Something where no lane is marked.
#[inline]
#[target_feature(enable = "avx2")]
fn none_of(marks: __m256i) -> Option<()> {
    (_mm256_testz_si256(marks, marks) == 1).then_some(())
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(from: &[i32; LANES]) -> __m256i {
    // SAFETY: the array has 32 bytes.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(to: &mut [i32; LANES], lanes: __m256i) {
    // SAFETY: the array has 32 bytes.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), lanes) };
}
