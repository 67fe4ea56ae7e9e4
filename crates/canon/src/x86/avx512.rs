//! AVX-512 with VNNI.
//!
//! Inner products and attention are written with intrinsics; what is not named in the table below
//! is the portable source compiled again with these features.

// Loops count because the arrays are registers: closures over vectors are not inlined here.
#![allow(clippy::needless_range_loop)]

mod attention;
mod eight;
mod finish;
mod four;
mod gemm;
mod heads;
mod quantise;
mod rows;
mod sixteen;

use crate::kernels::{KernelSet, Kernels};

super::recompile!(KernelSet::Avx512, "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");

/// The AVX-512 table.
pub(crate) const KERNELS: Kernels = Kernels {
    matmul_a8_eight: gemm::matmul::<eight::Eight>,
    matmul_a8_four: gemm::matmul::<four::Four>,
    matmul_a16: gemm::matmul::<sixteen::Sixteen>,
    attention: attention::attention,
    quantise: quantise::quantise,
    norm: rows::norm,
    silu_gate: rows::silu_gate,
    rotate: rows::rotate,
    hadamard: heads::hadamard,
    head_row: heads::head_row,
    add: heads::add,
    ..RECOMPILED
};
