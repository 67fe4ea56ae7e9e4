//! What of earlier values a tile reads, by the program alone: so much of what was revealed a referee keeps.
//!
//! Never looks at a hash.

use program::Site;
use program::site::Source;
use program::tile::{At, Operand, Tile};

use crate::block::{Block, Tiles};
use crate::operands::{number_of, tile_of};

/// The earlier ops of its block that an op reads, ascending.
pub(crate) fn ops_read(block: &Block<'_>, op: usize) -> Vec<usize> {
    let Some(site) = block.sites.get(op) else { return Vec::new() };
    let within = |value| match site.source(value) {
        Source::Op { op, boundary: false } => block.op(op),
        Source::Op { boundary: true, .. } | Source::Token => None,
    };
    let mut read: Vec<usize> = site.op.inputs().into_iter().filter_map(within).collect();
    read.sort_unstable();
    read.dedup();
    read
}

/// The leaves of its own op's value before it that a tile reads, ascending.
pub(crate) fn leaves_read(site: &Site<'_>, position: u32, number: u32) -> Vec<u32> {
    let at = At { position, token: 0 };
    let early = Tiles::of(site, position).early;
    let operands = tile_of(site, at, number).and_then(|tile| site.operands(at, tile).ok());
    let mut read = Vec::new();
    for operand in operands.into_iter().flatten() {
        if let Operand::Outputs { stage, tiles } = operand {
            let first = number_of(site, at, Tile { stage, index: tiles.start });
            let numbers = first.max(early)..(first + (tiles.end - tiles.start)).min(number);
            read.extend(numbers.map(|number| number - early));
        }
    }
    read.sort_unstable();
    read.dedup();
    read
}
