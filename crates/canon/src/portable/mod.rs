//! Kernels in plain Rust over the packed layouts, for every processor.
//!
//! The bodies are `#[inline(always)]`, so that an instruction-set file can compile the same source
//! again with its own features; only the inner products and attention need intrinsics there.
//! Never calls `reference`: this is a second reading of the same text.

pub(crate) mod attention;
pub(crate) mod matmul;
pub(crate) mod rows;

use crate::kernels::{KernelSet, Kernels};

/// The portable table.
pub(crate) const KERNELS: Kernels = Kernels {
    set: KernelSet::Portable,
    matmul_a8_eight: matmul::matmul,
    matmul_a8_four: matmul::matmul,
    matmul_a8_six_halves: matmul::matmul,
    matmul_a8_four_halves: matmul::matmul,
    matmul_a16: matmul::matmul,
    quantise: rows::quantise,
    norm: rows::norm,
    silu_gate: rows::silu_gate,
    gelu_gate: rows::gelu_gate,
    rotate: rows::rotate,
    hadamard: rows::hadamard,
    head_row: rows::head_row,
    add: rows::add,
    soft_cap: rows::soft_cap,
    scale: rows::scale,
    route: rows::route,
    weigh: rows::weigh,
    any_attention: attention::attention,
    attention: attention::attention,
    sample: crate::sample::fast,
};
