//! Exact matmuls over packed weights, sixteen outputs at a time.
//!
//! Sums of a block fit i32; blocks are summed in i64, which can't overflow (section 2.4).

use core::ops::Range;

use crate::fixed::finish;
use crate::inputs::{InputKind, InputRow};
use crate::kernels::Finish;
use crate::packed::{
    BLOCK_SIX, GROUP, HALF_SIX, PackedMatrix, SCALES_EIGHT, SCALES_FOUR, SCALES_HALVES, Width,
    four_of,
};
use crate::quant::{BLOCK, HALF};
use crate::tile::Tile;

type Sums = [i64; GROUP];

/// Any packed weights with any inputs.
#[inline(always)]
pub(crate) fn matmul(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let first = groups.start;
    for group in groups {
        for (i, row) in inputs.iter().enumerate() {
            let sums = match weights.width() {
                Width::Eight | Width::EightWithMin => {
                    sums_of(weights, group, row, dots_eight, scales_eight)
                }
                Width::Four | Width::FourWithMin => {
                    sums_of(weights, group, row, dots_four, scales_four)
                }
                Width::SixHalves => sums_of_halves(weights, group, row, half_six),
                Width::FourHalves | Width::FourHalvesWithMin => {
                    sums_of_halves(weights, group, row, half_four)
                }
            };
            let start = (group - first) * GROUP;
            let lanes = out.row_mut(i).len().min(start + GROUP) - start;
            let bias = finish.bias.map(|bias| &bias[group * GROUP..][..lanes]);
            let out = &mut out.row_mut(i)[start..start + lanes];
            overflow[i] |=
                finish_group(&sums, weights.units(group), row.exponent, finish.frac, bias, out);
        }
    }
}

/// A group's sums with one row of inputs; an A16 row has a second plane, and scales of 1.
#[inline(always)]
fn sums_of(
    weights: &PackedMatrix,
    group: usize,
    row: &InputRow,
    dots_of: impl Fn(&[u8], usize, &[i8], i32) -> [i32; GROUP],
    scales_of: impl Fn(&[u8], usize) -> [i32; GROUP],
) -> Sums {
    let mut sums = minima(weights, group, row);
    for (p, pair) in weights.group(group).chunks_exact(weights.width().pair_bytes()).enumerate() {
        for half in 0..2 {
            let b = 2 * p + half;
            let quants = &row.quants.signed()[b * BLOCK..];
            let mut dots = dots_of(pair, half, quants, row.minus_sums[b]);
            if row.kind == InputKind::A16 {
                let low = &row.low.signed()[b * BLOCK..];
                let low = dots_of(pair, half, low, row.minus_low_sums[b]);
                dots.iter_mut().zip(low).for_each(|(dot, low)| *dot = *dot * 256 + low);
            }
            add_scaled(&mut sums, &dots, &scales_of(pair, half), row.scales.words()[b]);
        }
    }
    sums
}

/// As `sums_of`, where the halves of a block have scales of their own.
#[inline(always)]
fn sums_of_halves(
    weights: &PackedMatrix,
    group: usize,
    row: &InputRow,
    dots_of: impl Fn(&[u8], usize, usize, &[i8]) -> [i32; GROUP],
) -> Sums {
    let mut sums = minima_of_halves(weights, group, row);
    let width = weights.width();
    for (p, pair) in weights.group(group).chunks_exact(width.pair_bytes()).enumerate() {
        for half in 0..4 {
            let (b, side) = (2 * p + half / 2, half % 2);
            let inputs = b * BLOCK + side * HALF..b * BLOCK + (side + 1) * HALF;
            let mut dots = dots_of(pair, half / 2, side, &row.quants.signed()[inputs.clone()]);
            if row.kind == InputKind::A16 {
                let low = dots_of(pair, half / 2, side, &row.low.signed()[inputs]);
                dots.iter_mut().zip(low).for_each(|(dot, low)| *dot = *dot * 256 + low);
            }
            let scales = width.scale_at(half / 2, side, 0);
            let scales = core::array::from_fn(|lane| i32::from(word(pair, scales + lane * 4)));
            add_scaled(&mut sums, &dots, &scales, row.scales.words()[b]);
        }
    }
    sums
}

/// Rounds up to sixteen sums into the output's fixed row; true where one overflowed.
#[inline(always)]
pub(crate) fn finish_group(
    sums: &Sums,
    units: &[i32],
    exponent: i32,
    frac: u8,
    bias: Option<&[i32]>,
    out: &mut [i32],
) -> bool {
    let mut overflow = false;
    for (lane, out) in out.iter_mut().enumerate() {
        let value = finish(sums[lane], -(units[lane] + exponent + i32::from(frac)));
        let value = value.and_then(|value| match bias {
            Some(bias) => finish(i64::from(value) + i64::from(bias[lane]), 0),
            None => Ok(value),
        });
        overflow |= value.is_err();
        *out = value.unwrap_or(0);
    }
    overflow
}

/// `sum (quant + 128) * x`, with `-128 * sum x` added: sixteen dot products of a block.
#[inline(always)]
fn dots_eight(pair: &[u8], half: usize, x: &[i8], minus_sum: i32) -> [i32; GROUP] {
    let mut dots = [minus_sum << 7; GROUP];
    let quants = &pair[half * GROUP * BLOCK..][..GROUP * BLOCK];
    for (step, x) in quants.chunks_exact(GROUP * 4).zip(x.chunks_exact(4)) {
        for (lane, dot) in dots.iter_mut().enumerate() {
            for i in 0..4 {
                *dot += i32::from(step[lane * 4 + i]) * i32::from(x[i]);
            }
        }
    }
    dots
}

/// `sum (nibble - 8) * x`: sixteen dot products of a block.
#[inline(always)]
fn dots_four(pair: &[u8], half: usize, x: &[i8], minus_sum: i32) -> [i32; GROUP] {
    let mut dots = [minus_sum << 3; GROUP];
    let quants = &pair[half * GROUP * BLOCK / 2..][..GROUP * BLOCK / 2];
    let (low, high) = x[..BLOCK].split_at(BLOCK / 2);
    let inputs = low.chunks_exact(4).zip(high.chunks_exact(4));
    for (step, (low, high)) in quants.chunks_exact(GROUP * 4).zip(inputs) {
        for (lane, dot) in dots.iter_mut().enumerate() {
            for i in 0..4 {
                let byte = step[lane * 4 + i];
                *dot += i32::from(byte & 15) * i32::from(low[i]);
                *dot += i32::from(byte >> 4) * i32::from(high[i]);
            }
        }
    }
    dots
}

/// Sixteen dot products of a half of a block of six bits.
#[inline(always)]
fn half_six(pair: &[u8], b: usize, half: usize, x: &[i8]) -> [i32; GROUP] {
    let mut dots = [0; GROUP];
    let lines = &pair[b * BLOCK_SIX + SCALES_HALVES + half * HALF_SIX..][..HALF_SIX];
    for (lane, dot) in dots.iter_mut().enumerate() {
        for i in 0..4 {
            let bytes = [0, 1, 2].map(|line| lines[(line * GROUP + lane) * 4 + i]);
            for (step, weight) in four_of(bytes).into_iter().enumerate() {
                *dot += (i32::from(weight) - 32) * i32::from(x[4 * step + i]);
            }
        }
    }
    dots
}

/// Sixteen dot products of a half of a block of nibbles: the low ones are the first half.
#[inline(always)]
fn half_four(pair: &[u8], b: usize, half: usize, x: &[i8]) -> [i32; GROUP] {
    let mut dots = [0; GROUP];
    let quants = &pair[b * GROUP * HALF..][..GROUP * HALF];
    for (step, x) in quants.chunks_exact(GROUP * 4).zip(x.chunks_exact(4)) {
        for (lane, dot) in dots.iter_mut().enumerate() {
            for i in 0..4 {
                let nibble = step[lane * 4 + i] >> (4 * half) & 15;
                *dot += (i32::from(nibble) - 8) * i32::from(x[i]);
            }
        }
    }
    dots
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> i16 {
    i16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

#[inline(always)]
fn scales_eight(pair: &[u8], half: usize) -> [i32; GROUP] {
    core::array::from_fn(|lane| i32::from(word(pair, SCALES_EIGHT + (half * GROUP + lane) * 2)))
}

#[inline(always)]
fn scales_four(pair: &[u8], half: usize) -> [i32; GROUP] {
    core::array::from_fn(|lane| i32::from(word(pair, SCALES_FOUR + (lane * 2 + half) * 2)))
}

#[inline(always)]
fn add_scaled(sums: &mut Sums, dots: &[i32; GROUP], scales: &[i32; GROUP], scale: i16) {
    for lane in 0..GROUP {
        sums[lane] += i64::from(dots[lane]) * i64::from(scales[lane] * i32::from(scale));
    }
}

/// The minima's share: `sum over blocks of min * (sum of the block's entries)`.
///
/// The minimum of nibbles that are counted from 8 in the dot products has `8 * scale` in it.
#[inline(always)]
fn minima(weights: &PackedMatrix, group: usize, row: &InputRow) -> Sums {
    let mut sums = [0; GROUP];
    if !weights.width().has_minima() {
        return sums;
    }
    for (p, pair) in weights.minima(group).chunks_exact(2 * GROUP).enumerate() {
        for half in 0..2 {
            let b = 2 * p + half;
            let high = i64::from(row.sum_high.words()[b]);
            let entries = 1024 * high + i64::from(row.sum_low.words()[b]);
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum += i64::from(pair[2 * lane + half]) * entries;
            }
        }
    }
    sums
}

/// As `minima`, where the halves of a block have minima of their own.
#[inline(always)]
fn minima_of_halves(weights: &PackedMatrix, group: usize, row: &InputRow) -> Sums {
    let mut sums = [0; GROUP];
    if !weights.width().has_minima() {
        return sums;
    }
    for (b, block) in weights.minima(group).chunks_exact(2 * GROUP).enumerate() {
        for half in 0..2 {
            let entries = i64::from(row.half_sum(b, half));
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum += i64::from(block[2 * lane + half]) * entries;
            }
        }
    }
    sums
}
