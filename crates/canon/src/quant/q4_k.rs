//! Q4_K: an f16 d, an f16 m, twelve bytes of eight 6-bit sub-scales and eight 6-bit sub-minima, 128
//! bytes of nibbles. A block's scale is d times its sub-scale, its minimum -m times its sub-minimum.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused};

pub(super) fn numbers(bytes: &[u8], b: usize) -> Result<Numbers, Refused> {
    let (d, m) = (Exact::read(bytes[0], bytes[1])?, Exact::read(bytes[2], bytes[3])?);
    let (sub_scale, sub_min) = six_bits(&bytes[4..16], b);
    Ok(Numbers::even(d.times(sub_scale), m.times(-sub_min)))
}

/// The sub-scale and sub-minimum of block b.
fn six_bits(packed: &[u8], b: usize) -> (i8, i8) {
    let (scale, min) = if b < 4 {
        (packed[b] & 63, packed[b + 4] & 63)
    } else {
        let low = packed[b + 4];
        (low & 15 | packed[b - 4] >> 6 << 4, low >> 4 | packed[b] >> 6 << 4)
    };
    (scale.cast_signed(), min.cast_signed())
}

pub(super) fn quants(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    nibbles(&bytes[16..], b)
}

/// Two blocks share 32 bytes: the even one has their low, the odd one their high nibbles.
pub(super) fn nibbles(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    let shared = &bytes[b / 2 * BLOCK..][..BLOCK];
    core::array::from_fn(|k| (shared[k] >> (4 * (b % 2)) & 15).cast_signed())
}
