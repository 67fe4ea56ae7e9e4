//! Q4_1: an f16 scale, an f16 minimum and 32 nibbles.

use super::{Block, MIN_MAX, Refused, SCALE_MAX_4, q4_0, scales};

pub(super) fn unit<'a>(blocks: impl Iterator<Item = &'a [u8]> + Clone) -> Result<i32, Refused> {
    let of_scales = scales::unit(blocks.clone().map(|b| [b[0], b[1]]), SCALE_MAX_4)?;
    let of_minima = scales::unit(blocks.map(|b| [b[2], b[3]]), MIN_MAX)?;
    Ok(of_scales.max(of_minima))
}

pub(super) fn block(bytes: &[u8], unit: i32) -> Result<Block, Refused> {
    let scale = scales::scale([bytes[0], bytes[1]], unit, SCALE_MAX_4)?;
    let min = scales::scale([bytes[2], bytes[3]], unit, MIN_MAX)?;
    Ok(Block { scale, min, quants: q4_0::nibbles(&bytes[4..]) })
}
