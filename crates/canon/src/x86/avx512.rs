//! AVX-512 with VNNI.
//!
//! Inner products and attention are written with intrinsics; what is not named in the table below
//! is the portable source compiled again with these features.

mod attention;
mod eight;
mod finish;
mod four;
mod gemm;

use crate::kernels::{KernelSet, Kernels};

super::recompile!(KernelSet::Avx512, "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");

/// The AVX-512 table.
pub(crate) const KERNELS: Kernels = Kernels {
    matmul_a8_eight: gemm::matmul::<eight::Eight>,
    matmul_a8_four: gemm::matmul::<four::Four>,
    attention: attention::attention,
    ..RECOMPILED
};
