//! WebAssembly with SIMD128, where the whole crate is compiled with it.
//!
//! Inner products are written here: bytes are taken apart into even and odd ones as 16-bit lanes, of
//! which `i32x4.dot_i16x8` multiplies and adds two at a time into the lane of their row. Everything
//! else is the portable source. Never saturates: every sum is proven to fit.

mod attention;
mod dot;
mod matmul;
mod minima;

use crate::kernels::{KernelSet, Kernels};
use crate::{portable, simd128};

/// The SIMD128 table.
pub(crate) const WASM_SIMD: Kernels = Kernels {
    set: KernelSet::WasmSimd,
    matmul_a8_eight: simd128::walk::matmul::<matmul::A8Eight>,
    matmul_a8_four: simd128::walk::matmul::<matmul::A8Four>,
    matmul_a16: simd128::walk::matmul::<matmul::A16>,
    attention: simd128::attention::attention::<attention::WideProducts>,
    ..portable::KERNELS
};
