//! The products of attention.
//!
//! Weights are below 2^15 and stand as two planes of unsigned bytes, so values are made unsigned
//! too: `value + 128`, and each sum starts at `-128 * (the plane's total)`. Sums wrap on the way and
//! fit i32 at the end (section 4.6).

use core::arch::aarch64::*;
use core::ops::Range;

use super::dot;
use crate::kv::{KEY_GROUP, KvPage, PAGE, VALUE_QUAD};
use crate::reference::HeadRow;
use crate::simd128::attention::{Products, Slots};

/// Bytes of a step of a key group: sixteen slots of four entries.
const STEP: usize = KEY_GROUP * 4;
/// Registers of a step.
const QUARTERS: usize = STEP / 16;
/// Entries of a head that a register's bytes belong to: each has four slots.
const ENTRIES: usize = 16 / VALUE_QUAD;

/// The products of this file.
pub(super) enum DotProduct {}

impl Products for DotProduct {
    #[target_feature(enable = "dotprod")]
    #[inline(never)]
    unsafe fn dots<const H: usize>(
        page: &KvPage,
        groups: Range<usize>,
        queries: &[HeadRow; H],
        dots: &mut [Slots<i32>; H],
    ) {
        let width = page.head_width();
        let keys = page.keys.bytes().as_ptr();
        let queries = queries.each_ref().map(|query| query.quants.as_ptr());
        for group in groups {
            let mut found = [[vdupq_n_s32(0); H]; QUARTERS];
            for start in (0..width).step_by(16) {
                // SAFETY: a head is a multiple of 32 wide, so a group of keys has four more steps
                // from `start` on, and a query sixteen more bytes.
                unsafe {
                    let keys = keys.add(group * KEY_GROUP * width + start / 4 * STEP);
                    let mut x = [vdupq_n_s8(0); H];
                    for h in 0..H {
                        x[h] = vld1q_s8(queries[h].add(start));
                    }
                    key_step::<H, 0>(keys, &x, &mut found);
                    key_step::<H, 1>(keys.add(STEP), &x, &mut found);
                    key_step::<H, 2>(keys.add(2 * STEP), &x, &mut found);
                    key_step::<H, 3>(keys.add(3 * STEP), &x, &mut found);
                }
            }
            for (q, found) in found.into_iter().enumerate() {
                for (dots, found) in dots.iter_mut().zip(found) {
                    let place = &mut dots[group * KEY_GROUP + q * 4..][..4];
                    // SAFETY: the slice has four entries.
                    unsafe { vst1q_s32(place.as_mut_ptr(), found) };
                }
            }
        }
    }

    #[target_feature(enable = "dotprod")]
    #[inline(never)]
    unsafe fn add_values<const H: usize>(
        page: &KvPage,
        groups: Range<usize>,
        weights: &[Slots<i16>; H],
        sums: &mut [i32],
    ) {
        let width = page.head_width();
        let mut planes = [[[0; PAGE]; 2]; H];
        let mut starts = [[0; 2]; H];
        for h in 0..H {
            planes[h] = planes_of(&weights[h]);
            starts[h] = [minus_total(&planes[h][0]), minus_total(&planes[h][1])];
        }
        let values = page.values.bytes().as_ptr();
        for entry in (0..width).step_by(2 * ENTRIES) {
            let mut local = [[[vdupq_n_u32(0); 2]; H]; 2];
            for group in groups.clone() {
                // SAFETY: a group of slots is four quads of `width` entries of four bytes, of which
                // this is a pair of registers; a plane has sixteen bytes per group.
                unsafe {
                    let at = values.add((group * KEY_GROUP / VALUE_QUAD * width + entry) * 4);
                    let quad = |quad: usize| at.add(quad * width * VALUE_QUAD);
                    let mut x = [[vdupq_n_u8(0); 2]; H];
                    for h in 0..H {
                        for plane in 0..2 {
                            x[h][plane] = vld1q_u8(planes[h][plane].as_ptr().add(group * 16));
                        }
                    }
                    value_quad::<H, 0>(quad(0), &x, &mut local);
                    value_quad::<H, 1>(quad(1), &x, &mut local);
                    value_quad::<H, 2>(quad(2), &x, &mut local);
                    value_quad::<H, 3>(quad(3), &x, &mut local);
                }
            }
            for (v, local) in local.into_iter().enumerate() {
                for (row, local) in local.into_iter().flatten().enumerate() {
                    let place = &mut sums[row * width + entry + v * ENTRIES..][..ENTRIES];
                    add_to(place, starts.as_flattened()[row], vreinterpretq_s32_u32(local));
                }
            }
        }
    }
}

/// # Safety
/// There is a step of keys.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn key_step<const H: usize, const LANE: i32>(
    step: *const u8,
    x: &[int8x16_t; H],
    dots: &mut [[int32x4_t; H]; QUARTERS],
) {
    for (q, dots) in dots.iter_mut().enumerate() {
        // SAFETY: a step is four registers.
        let stored = unsafe { vld1q_s8(step.add(q * 16).cast()) };
        let keys = veorq_s8(stored, vdupq_n_s8(-128));
        for h in 0..H {
            dots[h] = dot::signed::<LANE>(dots[h], keys, x[h]);
        }
    }
}

/// # Safety
/// There are two registers of values.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn value_quad<const H: usize, const LANE: i32>(
    values: *const u8,
    weights: &[[uint8x16_t; 2]; H],
    sums: &mut [[[uint32x4_t; 2]; H]; 2],
) {
    for (v, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let stored = unsafe { vld1q_u8(values.add(v * 16)) };
        let values = veorq_u8(stored, vdupq_n_u8(128));
        for h in 0..H {
            for plane in 0..2 {
                sums[h][plane] = dot::unsigned::<LANE>(sums[h][plane], values, weights[h][plane]);
            }
        }
    }
}

/// Adds four numbers and one that is the same for all; wraps.
#[inline]
#[target_feature(enable = "dotprod")]
fn add_to(sums: &mut [i32], start: i32, numbers: int32x4_t) {
    let place: &mut [i32; ENTRIES] = sums.try_into().expect("four sums");
    // SAFETY: the array is one register.
    unsafe {
        let before = vaddq_s32(vld1q_s32(place.as_ptr()), vdupq_n_s32(start));
        vst1q_s32(place.as_mut_ptr(), vaddq_s32(before, numbers));
    }
}

/// The high and the low bytes of weights.
#[inline(always)]
fn planes_of(weights: &Slots<i16>) -> [Slots<u8>; 2] {
    let mut planes = [[0; PAGE]; 2];
    for (slot, weight) in weights.iter().enumerate() {
        planes[0][slot] = (weight >> 8) as u8;
        planes[1][slot] = *weight as u8;
    }
    planes
}

/// What the values' 128 adds to a sum, taken off again.
#[inline(always)]
fn minus_total(plane: &Slots<u8>) -> i32 {
    let mut total = 0;
    for byte in plane {
        total += i32::from(*byte);
    }
    -total << 7
}
