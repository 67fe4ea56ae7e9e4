//! Q6_K: 128 bytes of low nibbles, 64 of high pairs of bits, sixteen int8 sub-scales, an f16 d. Every
//! sixteen entries have a scale: d times their sub-scale. Six bits stand for themselves minus 32.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused};

pub(super) fn numbers(bytes: &[u8], b: usize) -> Result<Numbers, Refused> {
    let d = Exact::read(bytes[208], bytes[209])?;
    let scales = [0, 1].map(|half| d.times(bytes[192 + 2 * b + half].cast_signed()));
    Ok(Numbers { scales, mins: [Exact::ZERO; 2] })
}

/// Four blocks share 64 bytes of nibbles and 32 of pairs of bits.
pub(super) fn quants(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    let low = &bytes[b / 4 * 64 + b % 2 * BLOCK..][..BLOCK];
    let high = &bytes[128 + b / 4 * BLOCK..][..BLOCK];
    core::array::from_fn(|k| {
        let nibble = low[k] >> (b % 4 / 2 * 4) & 15;
        let pair = high[k] >> (b % 4 * 2) & 3;
        (nibble | pair << 4).cast_signed() - 32
    })
}
