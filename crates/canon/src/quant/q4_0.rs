//! Q4_0: an f16 scale and 32 nibbles, each standing for itself minus 8.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused};

pub(super) fn numbers(bytes: &[u8], _: usize) -> Result<Numbers, Refused> {
    Ok(Numbers::even(Exact::read(bytes[0], bytes[1])?, Exact::ZERO))
}

pub(super) fn quants(bytes: &[u8], _: usize) -> [i8; BLOCK] {
    nibbles(&bytes[2..]).map(|nibble| nibble - 8)
}

/// The 32 nibbles of 16 bytes: low ones first.
pub(super) fn nibbles(bytes: &[u8]) -> [i8; BLOCK] {
    core::array::from_fn(|k| {
        let byte = bytes[k % 16];
        (if k < 16 { byte & 15 } else { byte >> 4 }).cast_signed()
    })
}
