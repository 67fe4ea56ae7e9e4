//! The products of attention.
//!
//! Weights are below 2^15 and need no planes: a page's sums of weighted values stay below 2^28, and
//! are split into high and low parts when they are added to the sums of all pages.

use core::arch::wasm32::*;
use core::ops::Range;

use super::dot::{Elements, STEPS, add_products, each_lane, elements, halves, signed_halves};
use crate::kv::{KEY_GROUP, KvPage, VALUE_QUAD};
use crate::reference::HeadRow;
use crate::simd128::attention::{Products, Slots};

/// Bytes of a step of a key group: sixteen slots of four entries.
const STEP: usize = KEY_GROUP * 4;
/// Registers of a step.
const QUARTERS: usize = STEP / 16;
/// Entries of a head that a register's bytes belong to: each has four slots.
const ENTRIES: usize = 16 / VALUE_QUAD;
/// Quads of a group of slots.
const QUADS: usize = KEY_GROUP / VALUE_QUAD;
/// Entries of a query that are taken apart at once: a head's width is a multiple.
const PART: usize = STEPS * 4;

const _: () = assert!(crate::kv::PAGE * 32_640 * 128 < 1 << 28, "a page's sums fit");

/// The products of this file.
pub(super) enum WideProducts {}

impl Products for WideProducts {
    #[inline(never)]
    unsafe fn dots<const H: usize>(
        page: &KvPage,
        groups: Range<usize>,
        queries: &[HeadRow; H],
        dots: &mut [Slots<i32>; H],
    ) {
        let width = page.head_width();
        let keys = page.keys.bytes().as_ptr();
        for h in 0..H {
            let sum: i32 = queries[h].quants.iter().map(|quant| i32::from(*quant)).sum();
            dots[h].fill(-sum << 7);
        }
        let queries = queries.each_ref().map(|query| query.quants.as_ptr());
        for start in (0..width).step_by(PART) {
            // SAFETY: a head is a multiple of 32 wide.
            let x = unsafe { elements(queries.map(|query| query.add(start))) };
            for group in groups.clone() {
                for q in 0..QUARTERS {
                    // SAFETY: a group of keys has eight more steps from `start` on.
                    unsafe {
                        let at = keys.add(group * KEY_GROUP * width + start / 4 * STEP + q * 16);
                        add_keys(at, &x, group * KEY_GROUP + q * 4, dots);
                    }
                }
            }
        }
    }

    #[inline(never)]
    unsafe fn add_values<const H: usize>(
        page: &KvPage,
        groups: Range<usize>,
        weights: &[Slots<i16>; H],
        sums: &mut [i32],
    ) {
        let width = page.head_width();
        let values = page.values.bytes().as_ptr();
        for group in groups {
            // SAFETY: there are sixteen weights of each group.
            let x = unsafe {
                quads_of(weights.each_ref().map(|weights| weights.as_ptr().add(group * KEY_GROUP)))
            };
            for entry in (0..width).step_by(ENTRIES) {
                let mut local = [i32x4_splat(0); H];
                for (quad, x) in x.iter().enumerate() {
                    // SAFETY: a quad is `width` entries of four bytes, of which these are four.
                    let values = unsafe {
                        let quad = group * QUADS + quad;
                        v128_load(values.add((quad * width + entry) * VALUE_QUAD).cast())
                    };
                    let values = signed_halves(values);
                    for h in 0..H {
                        local[h] = add_products(local[h], values, x[h]);
                    }
                }
                for (h, local) in local.into_iter().enumerate() {
                    let at = 2 * h * width + entry;
                    add_to(&mut sums[at..][..ENTRIES], i32x4_shr(local, 8));
                    let low = v128_and(local, i32x4_splat(255));
                    add_to(&mut sums[at + width..][..ENTRIES], low);
                }
            }
        }
    }
}

/// The weights of a group of slots: per quad and head, the halves in all lanes.
///
/// # Safety
/// Each head has sixteen weights.
#[inline(always)]
unsafe fn quads_of<const H: usize>(weights: [*const i16; H]) -> [[[v128; 2]; H]; QUADS] {
    let mut quads = [[[i32x4_splat(0); 2]; H]; QUADS];
    for (h, weights) in weights.into_iter().enumerate() {
        // SAFETY: the caller's.
        let [a, b] = unsafe { [v128_load(weights.cast()), v128_load(weights.add(8).cast())] };
        let even = i16x8_shuffle::<0, 2, 4, 6, 8, 10, 12, 14>(a, b);
        let odd = i16x8_shuffle::<1, 3, 5, 7, 9, 11, 13, 15>(a, b);
        for (half, lanes) in [even, odd].into_iter().enumerate() {
            for (quad, all) in each_lane(lanes).into_iter().enumerate() {
                quads[quad][h][half] = all;
            }
        }
    }
    quads
}

/// Adds the products of four keys with part of the queries to their dot products.
///
/// # Safety
/// There are as many steps of keys.
#[inline(always)]
unsafe fn add_keys<const H: usize>(
    keys: *const u8,
    x: &Elements<H>,
    slot: usize,
    dots: &mut [Slots<i32>; H],
) {
    let mut found = [i32x4_splat(0); H];
    for (step, x) in x.iter().enumerate() {
        // SAFETY: the caller's.
        let keys = halves(unsafe { v128_load(keys.add(step * STEP).cast()) });
        for h in 0..H {
            found[h] = add_products(found[h], keys, x[h]);
        }
    }
    for h in 0..H {
        add_to(&mut dots[h][slot..][..4], found[h]);
    }
}

/// Adds four numbers.
#[inline(always)]
fn add_to(sums: &mut [i32], numbers: v128) {
    let at = sums[..4].as_mut_ptr().cast::<v128>();
    // SAFETY: the slice has four entries; loads and stores need no alignment here.
    unsafe { v128_store(at, i32x4_add(v128_load(at), numbers)) };
}
