//! Q5_K: as Q4_K, with 32 bytes of high bits before the nibbles: bit b of byte k is that of entry k of
//! block b.

use super::{BLOCK, q4_k};

pub(super) use super::q4_k::numbers;

pub(super) fn quants(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    let (high, low) = bytes[16..].split_at(BLOCK);
    let mut quants = q4_k::nibbles(low, b);
    for (quant, high) in quants.iter_mut().zip(high) {
        *quant |= ((high >> b & 1) << 4).cast_signed();
    }
    quants
}
