//! Q8_0: an f16 scale and 32 int8.

use super::{BLOCK, Block, Refused, SCALE_MAX_8, scales};

pub(super) fn unit<'a>(blocks: impl Iterator<Item = &'a [u8]>) -> Result<i32, Refused> {
    scales::unit(blocks.map(|b| [b[0], b[1]]), SCALE_MAX_8)
}

pub(super) fn block(bytes: &[u8], unit: i32) -> Result<Block, Refused> {
    let scale = scales::scale([bytes[0], bytes[1]], unit, SCALE_MAX_8)?;
    let mut quants = [0; BLOCK];
    for (quant, byte) in quants.iter_mut().zip(&bytes[2..]) {
        *quant = *byte as i8;
    }
    Ok(Block { scale, min: 0, quants })
}
