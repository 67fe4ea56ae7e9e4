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
mod four_halves;
mod gemm;
mod heads;
mod quantise;
mod rows;
mod six;
mod sixteen;

use core::ops::Range;

use crate::inputs::InputRow;
use crate::kernels::{Finish, KernelSet, Kernels};
use crate::packed::PackedMatrix;
use crate::tile::Tile;

super::recompile!(KernelSet::Avx512, "avx2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");

/// The AVX-512 table.
pub(crate) const KERNELS: Kernels = Kernels {
    matmul_a8_eight,
    matmul_a8_four,
    matmul_a8_six_halves,
    matmul_a8_four_halves,
    matmul_a16: gemm::matmul::<sixteen::Sixteen>,
    any_attention: attention::any_attention,
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

/// A single column reads each weight once, so memory bounds it, and the narrower kernels stream
/// weights faster: measured on Zen 4 in decode, 1.3 times here and 1.4 times for 4 bits.
fn matmul_a8_eight(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let function = match inputs {
        [_] => super::avx_vnni::KERNELS.matmul_a8_eight,
        _ => gemm::matmul::<eight::Eight>,
    };
    function(weights, groups, inputs, finish, out, overflow);
}

/// A single column unpacks what it multiplies; several share what is unpacked.
fn matmul_a8_six_halves(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let function = match inputs {
        [_] => gemm::matmul::<six::Alone>,
        _ => gemm::matmul::<six::Six>,
    };
    function(weights, groups, inputs, finish, out, overflow);
}

/// See [`matmul_a8_eight`].
fn matmul_a8_four_halves(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let function = match inputs {
        [_] => super::avx2::KERNELS.matmul_a8_four_halves,
        _ => gemm::matmul::<four_halves::FourHalves>,
    };
    function(weights, groups, inputs, finish, out, overflow);
}

/// See [`matmul_a8_eight`].
fn matmul_a8_four(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let function = match inputs {
        [_] => super::avx2::KERNELS.matmul_a8_four,
        _ => gemm::matmul::<four::Four>,
    };
    function(weights, groups, inputs, finish, out, overflow);
}
