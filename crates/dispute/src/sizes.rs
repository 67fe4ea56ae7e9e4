//! How many bytes the greatest move takes, from shapes alone: `program`'s bound of a tile, in the form of a move.
//!
//! Never depends on data: an upper bound for every placement, as [`program::Site::tile_size`] is.

use program::Site;
use program::tile::{At, Operand, Tile};

/// Version, kind and count of a move.
const MOVE: u64 = 4;
/// Kind and counts of an operand.
const OPERAND: u64 = 16;
/// The second root of an opened boundary: the one that a value does not lead to.
const BOUNDARY: u64 = 32;
/// The length of an opened leaf.
const LEAF: u64 = 2;
/// The second proof of tokens that lie in prompt and output.
const STRADDLING: u64 = 2 * 16 * 32;

/// Upper bound of the move that shows what a tile reads. `None` where the op has no such tile.
#[must_use]
pub fn operands_bytes_max(site: &Site<'_>, at: At, tile: Tile) -> Option<u64> {
    let operands = site.operands(at, tile).ok()?;
    let form = |operand: &Operand| {
        let (leaves, more) = match operand {
            Operand::Token | Operand::Exponent { .. } => (1, BOUNDARY),
            Operand::Weights { .. } | Operand::Units { .. } => (0, 0),
            // Two leaves at most: an operand is a chunk, or a head of 256 somewhere.
            Operand::Entries { entries, .. } => (entries.len() / 1024 + 2, BOUNDARY),
            Operand::Page { positions, .. } => (positions.len(), 0),
            Operand::Edge { .. } => (0, BOUNDARY),
            Operand::Tokens { positions } => (positions.len(), STRADDLING),
            // A length, and the leaf's version, number and count.
            Operand::Sampling | Operand::Biases => (8, 0),
            Operand::Outputs { tiles, .. } => (tiles.len(), 0),
        };
        OPERAND + more + LEAF * u64::try_from(leaves).unwrap_or(u64::MAX / 4)
    };
    Some(MOVE + site.tile_size(at, tile)?.total() + operands.iter().map(form).sum::<u64>())
}
