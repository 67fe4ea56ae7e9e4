//! Q4_1: an f16 scale, an f16 minimum and 32 nibbles.

use super::scales::{Exact, Numbers};
use super::{BLOCK, Refused, q4_0};

pub(super) fn numbers(bytes: &[u8], _: usize) -> Result<Numbers, Refused> {
    let scale = Exact::read(bytes[0], bytes[1])?;
    Ok(Numbers::even(scale, Exact::read(bytes[2], bytes[3])?))
}

pub(super) fn quants(bytes: &[u8], _: usize) -> [i8; BLOCK] {
    q4_0::nibbles(&bytes[4..])
}
