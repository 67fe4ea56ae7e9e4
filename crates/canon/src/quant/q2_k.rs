//! Q2_K: sixteen bytes, each a sub-scale in the low and a sub-minimum in the high nibble, 64 bytes of
//! pairs of bits, an f16 d, an f16 m. Every sixteen entries have a scale, d times their sub-scale, and a
//! minimum, -m times their sub-minimum.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused, q3_k};

pub(super) fn numbers(bytes: &[u8], b: usize) -> Result<Numbers, Refused> {
    let (d, m) = (Exact::read(bytes[80], bytes[81])?, Exact::read(bytes[82], bytes[83])?);
    let both = [bytes[2 * b], bytes[2 * b + 1]];
    Ok(Numbers {
        scales: both.map(|byte| d.times((byte & 15).cast_signed())),
        mins: both.map(|byte| m.times(-(byte >> 4).cast_signed())),
    })
}

pub(super) fn quants(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    q3_k::pairs(&bytes[16..80], b)
}
