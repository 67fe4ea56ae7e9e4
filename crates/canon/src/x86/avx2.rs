//! AVX2.
//!
//! Inner products and attention are written with intrinsics; what is not named in the table below
//! is the portable source compiled again with these features. Never uses a fused or saturating
//! result: every instruction's operands are proven to stay inside its range.

#![expect(
    clippy::needless_range_loop,
    reason = "the indexes of a tile reach into several arrays and pointers at once"
)]

pub(super) mod attention;
pub(super) mod eight;
pub(super) mod finish;
pub(super) mod four;
pub(super) mod four_halves;
pub(super) mod minima;
pub(super) mod rows;
pub(super) mod six;
pub(super) mod sixteen;
pub(super) mod walk;

use crate::kernels::{KernelSet, Kernels};

super::recompile!(KernelSet::Avx2, "avx2");

/// The AVX2 table.
pub(crate) const KERNELS: Kernels = Kernels {
    matmul_a8_eight: walk::matmul::<eight::Eight>,
    matmul_a8_six_halves: walk::matmul::<six::Six>,
    matmul_a8_four: walk::matmul::<four::Four>,
    matmul_a8_four_halves: walk::matmul::<four_halves::FourHalves>,
    matmul_a16: walk::matmul::<sixteen::Sixteen>,
    attention: attention::attention::<attention::Plain>,
    norm: rows::norm,
    silu_gate: rows::silu_gate,
    rotate: rows::rotate,
    ..RECOMPILED
};
