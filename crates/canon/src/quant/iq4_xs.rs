//! IQ4_XS: an f16 d; eight 6-bit sub-scales, each standing for itself minus 32, their two high bits in
//! two bytes and their low nibbles in four; then 128 bytes of nibbles as of IQ4_NL.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused, iq4_nl};

pub(super) fn numbers(bytes: &[u8], b: usize) -> Result<Numbers, Refused> {
    let low = bytes[4 + b / 2] >> (4 * (b % 2)) & 15;
    let high = bytes[2 + b / 4] >> (2 * (b % 4)) & 3;
    let sub_scale = (low | high << 4).cast_signed() - 32;
    Ok(Numbers::even(Exact::read(bytes[0], bytes[1])?.times(sub_scale), Exact::ZERO))
}

pub(super) fn quants(bytes: &[u8], b: usize) -> [i8; BLOCK] {
    iq4_nl::values(&bytes[8 + 16 * b..][..16])
}
