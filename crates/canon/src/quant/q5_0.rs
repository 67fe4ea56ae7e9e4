//! Q5_0: an f16 scale, 32 high bits, 32 nibbles; five bits stand for themselves minus 16.

use super::{BLOCK, q4_0};

pub(super) use super::q4_0::numbers;

pub(super) fn quants(bytes: &[u8], _: usize) -> [i8; BLOCK] {
    five_bits(&bytes[2..]).map(|quant| quant - 16)
}

/// 4 bytes of high bits, then 16 of nibbles.
pub(super) fn five_bits(bytes: &[u8]) -> [i8; BLOCK] {
    let (high, low) = bytes.split_at(4);
    let mut quants = q4_0::nibbles(low);
    for (k, quant) in quants.iter_mut().enumerate() {
        *quant |= ((high[k / 8] >> (k % 8) & 1) << 4).cast_signed();
    }
    quants
}
