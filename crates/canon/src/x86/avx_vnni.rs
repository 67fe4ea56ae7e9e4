//! 256-bit registers with the dot-product instructions of VNNI.
//!
//! `vpdpbusd` and `vpdpwssd` have two spellings: VEX (AVX-VNNI) and EVEX (AVX-512 VNNI with VL).
//! They do the same. The kernels are written once, over [`Dot`]; which spelling runs is asked of the
//! processor. The VEX spelling is for processors without AVX-512; it has been compiled and read as
//! machine code, but not run: no machine or emulator with it was at hand.
//!
//! Never uses the saturating forms. What is not named in the table below is that of AVX2.

mod eight;
mod four;

use core::arch::x86_64::*;
use core::marker::PhantomData;
use core::ops::Range;

use super::avx2::walk;
use crate::inputs::InputRow;
use crate::kernels::{Finish, KernelSet, Kernels};
use crate::packed::PackedMatrix;
use crate::tile::Tile;

/// The table of 256-bit VNNI.
pub(crate) const KERNELS: Kernels = Kernels {
    set: KernelSet::AvxVnni,
    matmul_a8_eight: a8_eight,
    matmul_a8_four: a8_four,
    ..super::avx2::KERNELS
};

/// A spelling of the dot-product instructions.
trait Dot {
    /// Adds four products of unsigned and signed bytes to each 32-bit lane.
    ///
    /// # Safety
    /// The machine has this spelling.
    unsafe fn bytes(sums: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i;

    /// Adds two products of signed 16-bit words to each 32-bit lane.
    ///
    /// # Safety
    /// The machine has this spelling.
    unsafe fn words(sums: __m256i, a: __m256i, b: __m256i) -> __m256i;
}

/// AVX-VNNI.
enum Vex {}

/// AVX-512 VNNI with VL.
enum Evex {}

impl Dot for Vex {
    #[inline(always)]
    unsafe fn bytes(sums: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpbusd_avx_epi32(sums, unsigned, signed) }
    }

    #[inline(always)]
    unsafe fn words(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpwssd_avx_epi32(sums, a, b) }
    }
}

impl Dot for Evex {
    #[inline(always)]
    unsafe fn bytes(sums: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpbusd_epi32(sums, unsigned, signed) }
    }

    #[inline(always)]
    unsafe fn words(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller's.
        unsafe { _mm256_dpwssd_epi32(sums, a, b) }
    }
}

/// A scheme over `Dot`, compiled with the features of one spelling.
macro_rules! spelled {
    ($scheme:ident, $module:ident, $dot:ty, $features:literal) => {
        impl walk::Scheme for $scheme<$dot> {
            const HALVES: usize = 2;
            const COLUMNS: usize = 4;

            #[target_feature(enable = $features)]
            #[inline(never)]
            unsafe fn tile<const H: usize, const C: usize>(
                place: &walk::Place<'_>,
                inputs: &[&InputRow; C],
                sums: &mut [walk::Sums; C],
            ) {
                // SAFETY: the caller's.
                unsafe { $module::tile::<$dot, H, C>(place, inputs, sums) }
            }
        }
    };
}

/// The scheme of `eight`.
struct Eight<D>(PhantomData<D>);

/// The scheme of `four`.
struct Four<D>(PhantomData<D>);

spelled!(Eight, eight, Vex, "avx2,avxvnni");
spelled!(Eight, eight, Evex, "avx2,avx512vl,avx512vnni");
spelled!(Four, four, Vex, "avx2,avxvnni");
spelled!(Four, four, Evex, "avx2,avx512vl,avx512vnni");

fn has_vex() -> bool {
    std::arch::is_x86_feature_detected!("avxvnni")
}

fn a8_eight(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let matmul = if has_vex() { walk::matmul::<Eight<Vex>> } else { walk::matmul::<Eight<Evex>> };
    matmul(weights, groups, inputs, finish, out, overflow);
}

fn a8_four(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let matmul = if has_vex() { walk::matmul::<Four<Vex>> } else { walk::matmul::<Four<Evex>> };
    matmul(weights, groups, inputs, finish, out, overflow);
}
