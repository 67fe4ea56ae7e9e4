//! Q5_1: an f16 scale, an f16 minimum, 32 high bits, 32 nibbles.

use super::{BLOCK, q5_0};

pub(super) use super::q4_1::numbers;

pub(super) fn quants(bytes: &[u8], _: usize) -> [i8; BLOCK] {
    q5_0::five_bits(&bytes[4..])
}
