//! Q8_0: an f16 scale and 32 int8.

use super::BLOCK;

pub(super) use super::q4_0::numbers;

pub(super) fn quants(bytes: &[u8], _: usize) -> [i8; BLOCK] {
    core::array::from_fn(|k| bytes[2 + k].cast_signed())
}
