//! 256-bit registers with the dot-product instructions of VNNI.
//!
//! `vpdpbusd` and `vpdpwssd` have two spellings: VEX (AVX-VNNI) and EVEX (AVX-512 VNNI with VL).
//! They do the same. The kernels are written once, over [`Dot`]; which spelling runs is asked of the
//! processor. The VEX spelling is for processors without AVX-512; it has been compiled and read as
//! machine code, but not run: no machine or emulator with it was at hand.
//!
//! Never uses the saturating forms. What is not named in the table below is that of AVX2.

#![expect(
    clippy::needless_range_loop,
    reason = "the indexes of a tile reach into several arrays and pointers at once"
)]

mod eight;
mod four;

use core::arch::x86_64::*;
use core::marker::PhantomData;
use core::ops::Range;

use super::avx2::attention::{Products, Queries, attention as attend, heads};
use super::avx2::{six, walk};
use crate::inputs::InputRow;
use crate::kernels::{AttentionScratch, AttentionTask, Finish, KernelSet, Kernels};
use crate::packed::PackedMatrix;
use crate::reference::HeadRow;
use crate::tile::Tile;

/// The table of 256-bit VNNI.
pub(crate) const KERNELS: Kernels = Kernels {
    set: KernelSet::AvxVnni,
    matmul_a8_eight: a8_eight,
    matmul_a8_six_halves: a8_six_halves,
    matmul_a8_four: a8_four,
    attention,
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

impl<D: Dot> six::Dots for D {
    #[inline(always)]
    unsafe fn add(start: __m256i, weights: [__m256i; 4], x: [__m256i; 4]) -> __m256i {
        let mut dots = start;
        for (weights, x) in weights.into_iter().zip(x) {
            // SAFETY: the caller's.
            dots = unsafe { D::bytes(dots, weights, x) };
        }
        dots
    }
}

/// A scheme over `Dot`, compiled with the features of one spelling.
macro_rules! spelled {
    ($scheme:ident, $module:ident; $dot:ty, $features:literal) => {
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

/// The scheme of AVX2's `six`.
struct Six<D>(PhantomData<D>);

/// The scheme of `four`.
struct Four<D>(PhantomData<D>);

/// Attention's products, compiled with the features of one spelling.
macro_rules! attending {
    ($dot:ty, $features:literal) => {
        impl Products for $dot {
            #[inline(always)]
            unsafe fn add_keys<const H: usize>(
                dots: &mut [[__m256i; H]; 2],
                keys: *const u8,
                queries: &Queries<H>,
            ) {
                // SAFETY: the caller's.
                unsafe { add_keys::<Self, H>(dots, keys, queries) }
            }

            #[inline(always)]
            unsafe fn add_words(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
                // SAFETY: the caller's.
                unsafe { <Self as Dot>::words(sums, a, b) }
            }

            #[target_feature(enable = $features)]
            unsafe fn heads<const H: usize>(
                task: &AttentionTask<'_>,
                queries: &[HeadRow; H],
                scratch: &mut AttentionScratch,
                out: &mut [i32],
            ) -> bool {
                // SAFETY: the caller's.
                unsafe { heads::<Self, H>(task, queries, scratch, out) }
            }
        }
    };
}

attending!(Vex, "avx2,avxvnni");
attending!(Evex, "avx2,avx512vl,avx512vnni");

/// See [`Products::add_keys`].
///
/// # Safety
/// The machine has AVX2 and this spelling; `keys` is a key group of the queries' width.
#[inline(always)]
unsafe fn add_keys<D: Dot, const H: usize>(
    dots: &mut [[__m256i; H]; 2],
    keys: *const u8,
    queries: &Queries<H>,
) {
    let mut local = *dots;
    for step in 0..queries.steps() {
        // SAFETY: a key group has 64 bytes for each step, and a query 4.
        unsafe {
            let keys = [0, 32].map(|half| _mm256_load_si256(keys.add(64 * step + half).cast()));
            for h in 0..H {
                let query = queries.bytes[h].add(step).read_unaligned();
                for half in 0..2 {
                    let query = _mm256_set1_epi32(query);
                    local[half][h] = D::bytes(local[half][h], keys[half], query);
                }
            }
        }
    }
    *dots = local;
}

spelled!(Eight, eight; Vex, "avx2,avxvnni");
spelled!(Eight, eight; Evex, "avx2,avx512vl,avx512vnni");
spelled!(Six, six; Vex, "avx2,avxvnni");
spelled!(Six, six; Evex, "avx2,avx512vl,avx512vnni");
spelled!(Four, four; Vex, "avx2,avxvnni");
spelled!(Four, four; Evex, "avx2,avx512vl,avx512vnni");

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

fn a8_six_halves(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let matmul = if has_vex() { walk::matmul::<Six<Vex>> } else { walk::matmul::<Six<Evex>> };
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

fn attention(task: &AttentionTask<'_>, scratch: &mut AttentionScratch, out: &mut [i32]) -> bool {
    let attention = if has_vex() { attend::<Vex> } else { attend::<Evex> };
    attention(task, scratch, out)
}
