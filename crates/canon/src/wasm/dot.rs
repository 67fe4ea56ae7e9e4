//! Four bytes of a 32-bit lane as two times two 16-bit numbers, and their products.
//!
//! Byte i of a lane goes with byte i of the other operand: the *even* half of a lane is bytes 0 and
//! 2, the *odd* half bytes 1 and 3.

use core::arch::wasm32::*;

/// The even and the odd half of lanes of unsigned bytes.
#[inline(always)]
pub(super) fn halves(bytes: v128) -> [v128; 2] {
    [v128_and(bytes, u16x8_splat(255)), u16x8_shr(bytes, 8)]
}

/// The even and the odd half of lanes of signed bytes.
#[inline(always)]
pub(super) fn signed_halves(bytes: v128) -> [v128; 2] {
    [i16x8_shr(i16x8_shl(bytes, 8), 8), i16x8_shr(bytes, 8)]
}

/// The even and the odd half of the low nibbles, then of the high ones.
#[inline(always)]
pub(super) fn nibbles(bytes: v128) -> [[v128; 2]; 2] {
    let nibble = u16x8_splat(15);
    let low = [v128_and(bytes, nibble), v128_and(u16x8_shr(bytes, 8), nibble)];
    [low, [v128_and(u16x8_shr(bytes, 4), nibble), u16x8_shr(bytes, 12)]]
}

/// Each of four lanes in all lanes.
#[inline(always)]
pub(super) fn each_lane(x: v128) -> [v128; 4] {
    [
        i32x4_shuffle::<0, 0, 0, 0>(x, x),
        i32x4_shuffle::<1, 1, 1, 1>(x, x),
        i32x4_shuffle::<2, 2, 2, 2>(x, x),
        i32x4_shuffle::<3, 3, 3, 3>(x, x),
    ]
}

/// Steps of four bytes that are taken apart at once.
pub(super) const STEPS: usize = 8;

/// Signed bytes of several rows: per step of four and row, the halves in all lanes.
pub(super) type Elements<const C: usize> = [[[v128; 2]; C]; STEPS];

/// Takes thirty-two bytes of each row apart.
///
/// # Safety
/// Each row has thirty-two bytes.
#[inline(always)]
pub(super) unsafe fn elements<const C: usize>(rows: [*const i8; C]) -> Elements<C> {
    let mut steps = [[[i32x4_splat(0); 2]; C]; STEPS];
    for (c, row) in rows.into_iter().enumerate() {
        for at in 0..2 {
            // SAFETY: the caller's.
            let bytes = unsafe { v128_load(row.add(at * 16).cast()) };
            for (half, lanes) in signed_halves(bytes).into_iter().enumerate() {
                for (lane, all) in each_lane(lanes).into_iter().enumerate() {
                    steps[at * 4 + lane][c][half] = all;
                }
            }
        }
    }
    steps
}

/// Adds the four products of each lane to the sums.
#[inline(always)]
pub(super) fn add_products(sums: v128, a: [v128; 2], b: [v128; 2]) -> v128 {
    i32x4_add(sums, i32x4_add(i32x4_dot_i16x8(a[0], b[0]), i32x4_dot_i16x8(a[1], b[1])))
}
