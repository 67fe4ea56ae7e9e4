//! Q4_0: an f16 scale and 32 nibbles, each standing for itself minus 8.

use super::{BLOCK, Block, Refused, SCALE_MAX_4, scales};

pub(super) fn unit<'a>(blocks: impl Iterator<Item = &'a [u8]>) -> Result<i32, Refused> {
    scales::unit(blocks.map(|b| [b[0], b[1]]), SCALE_MAX_4)
}

pub(super) fn block(bytes: &[u8], unit: i32) -> Result<Block, Refused> {
    let scale = scales::scale([bytes[0], bytes[1]], unit, SCALE_MAX_4)?;
    let mut quants = nibbles(&bytes[2..]);
    for quant in &mut quants {
        *quant -= 8;
    }
    Ok(Block { scale, min: 0, quants })
}

/// The 32 nibbles of 16 bytes: low ones first.
pub(super) fn nibbles(bytes: &[u8]) -> [i8; BLOCK] {
    let mut quants = [0; BLOCK];
    for (i, byte) in bytes.iter().enumerate() {
        quants[i] = (byte & 15) as i8;
        quants[BLOCK / 2 + i] = (byte >> 4) as i8;
    }
    quants
}
