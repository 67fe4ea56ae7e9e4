//! The two dot-product instructions, by element: each 32-bit lane adds four products of its own
//! bytes with the four bytes of one lane of the other operand.
//!
//! Written as assembly because the library's functions for them are not stable yet. Both wrap, and
//! touch nothing but their operands.

use core::arch::aarch64::{int8x16_t, int32x4_t, uint8x16_t, uint32x4_t};
use core::arch::asm;

/// `sdot`: signed bytes.
#[inline]
#[target_feature(enable = "dotprod")]
pub(super) fn signed<const LANE: i32>(
    mut sums: int32x4_t,
    bytes: int8x16_t,
    element: int8x16_t,
) -> int32x4_t {
    // SAFETY: registers only, and the machine has the extension.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {bytes:v}.16b, {element:v}.4b[{lane}]",
            sums = inout(vreg) sums,
            bytes = in(vreg) bytes,
            element = in(vreg) element,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// `udot`: unsigned bytes.
#[inline]
#[target_feature(enable = "dotprod")]
pub(super) fn unsigned<const LANE: i32>(
    mut sums: uint32x4_t,
    bytes: uint8x16_t,
    element: uint8x16_t,
) -> uint32x4_t {
    // SAFETY: registers only, and the machine has the extension.
    unsafe {
        asm!(
            "udot {sums:v}.4s, {bytes:v}.16b, {element:v}.4b[{lane}]",
            sums = inout(vreg) sums,
            bytes = in(vreg) bytes,
            element = in(vreg) element,
            lane = const LANE,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
