//! Ops on single rows: quantise, norm, gate, rope, int8 head rows, add, soft cap, scale; experts.
//!
//! Entries that overflow become 0 and are reported; a caller turns that into a fault.

use crate::fixed::{LIMIT, greatest, least_shift};
use crate::functions::{exp2u, recip, reciprocal};
use crate::inputs::{InputKind, InputRow};
use crate::kernels::{GateOp, NormOp};
use crate::quant::{BLOCK, HALF};
use crate::reference::{HeadRow, Layout, Over, apart, norm_scale};

/// `R[n] = nr(2^21 / n)` for n in 1..=63.
pub(crate) const RECIPROCAL_A8: [i32; 64] = reciprocals::<64>(21);
/// `H[n] = nr(2^22 / n)` for n in 1..=255.
pub(crate) const RECIPROCAL_HEAD: [i32; 256] = reciprocals::<256>(22);

const fn reciprocals<const N: usize>(bits: u32) -> [i32; N] {
    let mut table = [0; N];
    let mut n = 1;
    while n < N {
        table[n] = reciprocal(bits, n as u32) as i32;
        n += 1;
    }
    table
}

/// `rs(x, n)` for 0 <= n <= 31 where no sum can leave i32.
#[inline(always)]
fn rs_i32(x: i32, n: u32) -> i32 {
    let half = (1_i32 << n) >> 1;
    (x + half) >> n
}

/// `rs(x, n)` as an entry of a fixed row, with its overflow; `|x| < 2^60`.
#[inline(always)]
fn fixed(x: i64, n: i32, overflow: &mut bool) -> i32 {
    let value = if n > 0 {
        let n = n.min(62);
        (x + ((1_i64 << n) >> 1)) >> n
    } else if n > -32 && x.unsigned_abs() < LIMIT.unsigned_abs() {
        x << n.unsigned_abs()
    } else if x == 0 {
        0
    } else {
        LIMIT
    };
    if value.unsigned_abs() < LIMIT.unsigned_abs() {
        value as i32
    } else {
        *overflow = true;
        0
    }
}

#[inline(always)]
pub(crate) fn quantise(row: &[i32], frac: u8, kind: InputKind, out: &mut InputRow) {
    match kind {
        InputKind::A8 => quantise_a8(row, frac, out),
        InputKind::A16 => quantise_a16(row, frac, out),
    }
}

#[inline(always)]
fn quantise_a8(row: &[i32], frac: u8, out: &mut InputRow) {
    let shift = least_shift(greatest(row), 4 * 127 * 63);
    out.start(InputKind::A8, row.len(), shift as i32 + 2 - i32::from(frac));
    for (b, block) in row.chunks_exact(BLOCK).enumerate() {
        let mut z = [0_i32; BLOCK];
        let mut peak = 0;
        for k in 0..BLOCK {
            z[k] = rs_i32(block[k], shift);
            peak = peak.max(z[k].unsigned_abs());
        }
        let scale = peak.div_ceil(508).max(1);
        let reciprocal = RECIPROCAL_A8[scale as usize];
        let mut sums = [0; 2];
        let quants = &mut out.quants.signed_mut()[b * BLOCK..][..BLOCK];
        for (half, sum) in sums.iter_mut().enumerate() {
            for k in half * HALF..(half + 1) * HALF {
                let quant = (z[k] * reciprocal + (1 << 22)) >> 23;
                *sum += quant;
                quants[k] = quant as i8;
            }
        }
        out.derive_a8(b, scale as i32, sums);
    }
}

#[inline(always)]
fn quantise_a16(row: &[i32], frac: u8, out: &mut InputRow) {
    let shift = least_shift(greatest(row), 32_639);
    out.start(InputKind::A16, row.len(), shift as i32 - i32::from(frac));
    for (b, block) in row.chunks_exact(BLOCK).enumerate() {
        let (mut high_sum, mut low_sum) = (0, 0);
        for (k, entry) in block.iter().enumerate() {
            let value = rs_i32(*entry, shift);
            let high = (value + 128) >> 8;
            let low = value - (high << 8);
            high_sum += high;
            low_sum += low;
            out.quants.signed_mut()[b * BLOCK + k] = high as i8;
            out.low.signed_mut()[b * BLOCK + k] = low as i8;
        }
        out.derive_a16(b, high_sum, low_sum);
    }
}

/// The exact sum of squares, in halves that can't overflow for rows of up to 2^17 entries.
#[inline(always)]
fn sum_of_squares(row: &[i32]) -> u128 {
    let (mut high, mut low) = (0_u64, 0_u64);
    for h in row {
        let square = (i64::from(*h) * i64::from(*h)).unsigned_abs();
        high += square >> 32;
        low += square & 0xffff_ffff;
    }
    (u128::from(high) << 32) + u128::from(low)
}

#[inline(always)]
pub(crate) fn norm(row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> bool {
    let scale = norm_scale(u128::from(op.eps) + sum_of_squares(row), row.len());
    let shift = 20 - op.gain_unit - i32::from(op.frac);
    let mut overflow = false;
    for ((out, h), gain) in out.iter_mut().zip(row).zip(op.gain) {
        let n = fixed(i64::from(*h) * scale.inverse, scale.shift, &mut overflow);
        *out = fixed(i64::from(n) * i64::from(*gain), shift, &mut overflow);
    }
    overflow
}

#[inline(always)]
pub(crate) fn silu_gate(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
    let cap = (1_u32 << (op.gate_frac + 5)) - 1;
    gated(gate, up, op, out, |gate| (gate.min(cap) * 23_637) >> (op.gate_frac - 2))
}

#[inline(always)]
pub(crate) fn gelu_gate(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
    let (cap, up_to_12) = (5_u32 << op.gate_frac, 12 - op.gate_frac);
    gated(gate, up, op, out, |gate| {
        let a = gate.min(cap) << up_to_12;
        (a * (37_719 + ((((a * a) >> 12) * 13_493) >> 15))) >> 10
    })
}

/// Each gate times the sigmoid of its sign and of what `log` makes of its magnitude, times the other row.
#[inline(always)]
fn gated(gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32], log: impl Fn(u32) -> u32) -> bool {
    let shift = i32::from(op.gate_frac) + i32::from(op.up_frac) - i32::from(op.frac);
    let mut overflow = false;
    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
        let positive = recip(exp2u(log(gate.unsigned_abs()))) as i32;
        let sigmoid = if *gate >= 0 { positive } else { 32_768 - positive };
        let activated = (i64::from(*gate) * i64::from(sigmoid) + (1 << 14)) >> 15;
        *out = fixed(activated * i64::from(*up), shift, &mut overflow);
    }
    overflow
}

#[inline(always)]
pub(crate) fn rotate(head: &mut [i32], sin: &[i32], cos: &[i32], layout: Layout) -> bool {
    let pairs = sin.len();
    let mut overflow = false;
    let mut turn = |x: &mut i32, y: &mut i32, sin: i32, cos: i32| {
        let (a, b) = (i64::from(*x), i64::from(*y));
        let (sin, cos) = (i64::from(sin), i64::from(cos));
        *x = fixed(a * cos - b * sin, 30, &mut overflow);
        *y = fixed(a * sin + b * cos, 30, &mut overflow);
    };
    match layout {
        Layout::Interleaved => {
            for (i, pair) in head[..2 * pairs].chunks_exact_mut(2).enumerate() {
                let (x, y) = pair.split_at_mut(1);
                turn(&mut x[0], &mut y[0], sin[i], cos[i]);
            }
        }
        Layout::Half => {
            let (xs, ys) = head[..2 * pairs].split_at_mut(pairs);
            for (i, (x, y)) in xs.iter_mut().zip(ys).enumerate() {
                turn(x, y, sin[i], cos[i]);
            }
        }
    }
    overflow
}

#[inline(always)]
pub(crate) fn hadamard(row: &mut [i32], width: usize) -> bool {
    let bits = width.trailing_zeros();
    if greatest(row) >= 1 << (31 - bits) {
        return wide_hadamard(row, width);
    }
    // No sum of `width` entries leaves i32.
    let mut overflow = false;
    for block in row.chunks_exact_mut(width) {
        butterflies(block);
        for x in block {
            let value = rs_i32(*x, bits / 2);
            let fits = i64::from(value.unsigned_abs()) < LIMIT;
            overflow |= !fits;
            *x = if fits { value } else { 0 };
        }
    }
    overflow
}

/// The transform of rows whose sums leave i32.
#[cold]
fn wide_hadamard(row: &mut [i32], width: usize) -> bool {
    let mut overflow = false;
    let mut wide = [0_i64; 1024];
    for block in row.chunks_exact_mut(width) {
        let wide = &mut wide[..width];
        wide.iter_mut().zip(&*block).for_each(|(wide, x)| *wide = i64::from(*x));
        butterflies(wide);
        for (x, wide) in block.iter_mut().zip(wide) {
            *x = fixed(*wide, (width.trailing_zeros() / 2) as i32, &mut overflow);
        }
    }
    overflow
}

/// Sums and differences at doubling distances: the Hadamard matrix in natural order.
#[inline(always)]
fn butterflies<T: Copy + core::ops::Add<Output = T> + core::ops::Sub<Output = T>>(block: &mut [T]) {
    let mut half = 1;
    while half < block.len() {
        for pair in block.chunks_exact_mut(2 * half) {
            let (a, b) = pair.split_at_mut(half);
            for (a, b) in a.iter_mut().zip(b) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

#[inline(always)]
pub(crate) fn head_row(row: &[i32], out: &mut HeadRow) {
    let shift = least_shift(greatest(row), 127 * 255);
    let peak = row.iter().map(|y| rs_i32(*y, shift).unsigned_abs()).max().unwrap_or(0);
    let mantissa = peak.div_ceil(127).max(1);
    let reciprocal = RECIPROCAL_HEAD[mantissa as usize];
    out.quants.clear();
    out.quants
        .extend(row.iter().map(|y| ((rs_i32(*y, shift) * reciprocal + (1 << 21)) >> 22) as i8));
    out.mantissa = mantissa as u8;
    out.shift = shift as u8;
}

#[inline(always)]
pub(crate) fn add(row: &mut [i32], other: &[i32]) -> bool {
    let mut overflow = false;
    for (a, b) in row.iter_mut().zip(other) {
        // Both are below 2^30 in magnitude, so the sum fits.
        let sum = *a + *b;
        let fits = i64::from(sum.unsigned_abs()) < LIMIT;
        overflow |= !fits;
        *a = if fits { sum } else { 0 };
    }
    overflow
}

#[inline(always)]
pub(crate) fn soft_cap(row: &mut [i32], cap: u32) {
    for x in row {
        *x = soft_capped(*x, cap);
    }
}

#[inline(always)]
pub(crate) fn soft_capped(x: i32, cap: u32) -> i32 {
    let wide = u64::from(cap);
    let turns = u64::from(x.unsigned_abs()) * 189_097 / wide;
    // Whatever has 17 turns or more is capped in full.
    let left = exp2u(turns.min(17 << 16) as u32);
    let gone = 65_535 - left;
    let tanh = u64::from((gone + (gone >> 15)) * recip(left));
    let capped = ((wide * tanh + (1 << 30)) >> 31) as i32;
    if x < 0 { -capped } else { capped }
}

#[inline(always)]
pub(crate) fn scale(row: &mut [i32], mantissa: u16, exponent: i32) -> bool {
    let mut overflow = false;
    for x in row {
        *x = fixed(i64::from(*x) * i64::from(mantissa), -exponent, &mut overflow);
    }
    overflow
}

#[inline(always)]
pub(crate) fn route(row: &[i32], frac: u8, over: Over, out: &mut [i32]) {
    let (ids, weights) = out.split_at_mut(out.len() / 2);
    let mut before: Option<(i32, usize)> = None;
    for (id, weight) in ids.iter_mut().zip(&mut *weights) {
        // The greatest entry behind the one before; the first of equal ones.
        let behind = |(at, x): &(usize, &i32)| {
            before.is_none_or(|(most, last)| **x < most || **x == most && *at > last)
        };
        let rest = row.iter().enumerate().filter(behind);
        let (at, x) = rest.rev().max_by_key(|(_, x)| **x).expect("a slot has an expert");
        before = Some((*x, at));
        (*id, *weight) = (at as i32, *x);
    }
    let most = weights[0];
    let share = |x: &i32| u64::from(exp2u(apart(most, *x, frac)));
    let total: u64 = match over {
        Over::Chosen => weights.iter().map(share).sum(),
        Over::All => row.iter().map(share).sum(),
    };
    weights.iter_mut().for_each(|w| *w = (((share(w) << 17) + total) / (2 * total)) as i32);
}

#[inline(always)]
pub(crate) fn weigh(row: &mut [i32], weight: i32) {
    for x in row {
        *x = ((i64::from(*x) * i64::from(weight) + (1 << 15)) >> 16) as i32;
    }
}
