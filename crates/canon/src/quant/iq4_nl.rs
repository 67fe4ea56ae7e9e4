//! IQ4_NL: an f16 scale and 32 nibbles, each the index of an int8 in a table.

use super::{BLOCK, q4_0};

pub(super) use super::q4_0::numbers;

/// What the nibbles stand for.
const VALUES: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

pub(super) fn quants(bytes: &[u8], _: usize) -> [i8; BLOCK] {
    values(&bytes[2..])
}

/// The values of 16 bytes of nibbles.
pub(super) fn values(bytes: &[u8]) -> [i8; BLOCK] {
    q4_0::nibbles(bytes).map(|nibble| VALUES[usize::from(nibble.cast_unsigned())])
}
