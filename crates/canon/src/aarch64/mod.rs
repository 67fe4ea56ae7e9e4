//! AArch64 with the dot-product extension.
//!
//! Every AArch64 machine has NEON, so the portable source is compiled with it anyway; only inner
//! products are written here. Weights and keys stand as `quant ^ 0x80` and get their sign back with
//! one `eor`, which all columns or heads share. Never saturates: every sum is proven to fit.

mod attention;
mod dot;
mod matmul;
mod minima;

use crate::kernels::{KernelSet, Kernels};
use crate::{portable, simd128};

pub(crate) fn has_neon() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

/// The NEON table.
pub(crate) const NEON: Kernels = Kernels {
    set: KernelSet::Neon,
    matmul_a8_eight: simd128::walk::matmul::<matmul::A8Eight>,
    matmul_a8_four: simd128::walk::matmul::<matmul::A8Four>,
    matmul_a16: simd128::walk::matmul::<matmul::A16>,
    attention: simd128::attention::attention::<attention::DotProduct>,
    ..portable::KERNELS
};
