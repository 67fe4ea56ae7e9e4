//! Q3_K: 32 bytes of high bits, 64 of low pairs of bits, twelve of sixteen 6-bit sub-scales, an f16 d.
//! Every sixteen entries have a scale: d times their sub-scale minus 32. Three bits stand for
//! themselves minus 4.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused};

pub(super) fn numbers(bytes: &[u8], b: usize) -> Result<Numbers, Refused> {
    let d = Exact::read(bytes[108], bytes[109])?;
    let scales = [0, 1].map(|half| d.times(sub_scale(&bytes[96..108], 2 * b + half)));
    Ok(Numbers { scales, mins: [Exact::ZERO; 2] })
}

/// Eight bytes have the low nibbles, four the high pairs of bits.
fn sub_scale(packed: &[u8], i: usize) -> i8 {
    let low = packed[i % 8] >> (i / 8 * 4) & 15;
    let high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
    (low | high << 4).cast_signed() - 32
}

pub(super) fn quants(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    let mut quants = pairs(&bytes[32..96], b);
    for (quant, high) in quants.iter_mut().zip(&bytes[..BLOCK]) {
        *quant += (4 * (high >> b & 1)).cast_signed() - 4;
    }
    quants
}

/// Pairs of bits: four blocks share 32 bytes.
pub(super) fn pairs(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    let shared = &bytes[b / 4 * BLOCK..][..BLOCK];
    core::array::from_fn(|k| (shared[k] >> (b % 4 * 2) & 3).cast_signed())
}
