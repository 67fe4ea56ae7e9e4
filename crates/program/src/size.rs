//! How many bytes a tile's operands and their proofs take at most (`spec/program.md` section 7).
//!
//! Never depends on where a tensor or a tile happens to lie: every number is an upper bound over all placements, so
//! that a bound of 64 KiB holds for every tile of a kind. Proofs are counted without sharing between operands.

use crate::limits;
use crate::ops::sample_output_bytes;
use crate::site::{Site, Source};
use crate::structure::{Tensor, TensorId, count, entries_bytes, index};
use crate::tile::{At, CHUNK, Operand, PAGE, Tile, leaves};
use crate::types::{InputKind, Role, Type};
use core::ops::{Add, Range};

/// Bytes of a hash, and of a salt.
const HASH: u64 = 32;
/// Bytes of a chunk of BLAKE3, the unit a slice of a file is proved in.
const FILE_CHUNK: u64 = 1024;
/// Bytes of an inner node in a bao slice: both children's hashes.
const FILE_NODE: u64 = 64;

/// Bound of a job's sampling parameters without its biases, its prompt's length, and the seed.
const SAMPLING_BYTES: u64 = 128;
/// Bytes of 1,024 biases.
const BIASES_BYTES: u64 = 1024 * 8;
/// Bound of the levels of a job's commitment: more than it has.
const JOB_LEVELS: u64 = 16;

/// Bytes of an operand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// What is opened, with its salts, rounded out to whole leaves or file chunks.
    pub operand: u64,
    /// What leads from there to a root both sides agree on.
    pub proof: u64,
}

impl Size {
    /// Both together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.operand + self.proof
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { operand: self.operand + other.operand, proof: self.proof + other.proof }
    }
}

impl Site<'_> {
    /// Upper bound of a tile's operands and proofs. `None` where the op has no such tile.
    #[must_use]
    pub fn tile_size(&self, at: At, tile: Tile) -> Option<Size> {
        let operands = self.operands(at, tile).ok()?;
        let sizes = operands.iter().map(|operand| self.operand_size(at, operand));
        Some(sizes.fold(Size::default(), Size::add))
    }

    /// Upper bound of an operand and its proof.
    #[must_use]
    pub fn operand_size(&self, at: At, operand: &Operand) -> Size {
        match operand {
            Operand::Token => {
                let context = u64::from(self.checked.program().context_max);
                Size { operand: 4 + HASH, proof: HASH * levels(context) }
            }
            Operand::Weights { tensor, rows, inputs } => {
                file_size(&self.checked.program().tensors[tensor.index()], rows, inputs)
            }
            Operand::Units { rows, .. } => self.units_size(rows),
            Operand::Entries { from, entries } => self.entries_size(*from, entries),
            Operand::Exponent { from } => {
                let kind = self.type_of(*from);
                Size { operand: 4 + HASH, proof: self.value_proof(*from, 1, kind) }
            }
            Operand::Page { from, positions, .. } => self.page_size(*from, positions),
            Operand::Edge { .. } => {
                // The tree's peaks, and the head's root among the heads' in the entry before.
                let peaks = u64::from(at.position.count_ones());
                let heads = u64::from(leaves(self.output()));
                let proof = HASH * (levels(heads) + 1 + self.log_levels());
                Size { operand: HASH * peaks, proof }
            }
            Operand::Tokens { positions } => {
                let opened = u64::from(count(positions.len()));
                let context = u64::from(self.checked.program().context_max);
                Size { operand: opened * (4 + HASH), proof: HASH * range_proof(context, opened) }
            }
            Operand::Sampling => Size { operand: SAMPLING_BYTES, proof: HASH * JOB_LEVELS },
            Operand::Biases => Size { operand: BIASES_BYTES, proof: HASH * JOB_LEVELS },
            Operand::Outputs { stage, tiles } => self.outputs_size(at, *stage, tiles),
        }
    }

    fn type_of(&self, from: Source) -> Type {
        match from {
            Source::Token => Type::Token,
            Source::Op { boundary: true, .. } => self.checked.residual(),
            Source::Op { op, .. } => {
                let start = self.index.0 - count(self.op_number);
                self.checked.types(self.place)[index(op.0 - start) + 1]
            }
        }
    }

    fn log_levels(&self) -> u64 {
        let program = self.checked.program();
        levels(u64::from(program.context_max) * u64::from(self.checked.layers() + 1))
    }

    /// From leaves of a value to an agreed root: the block's op roots, or the log for the block's input.
    fn value_proof(&self, from: Source, opened: u64, kind: Type) -> u64 {
        let inside = range_proof(u64::from(leaves(kind)), opened);
        let above = match from {
            Source::Op { boundary: true, .. } => 1 + self.log_levels(),
            Source::Op { .. } | Source::Token => {
                levels(u64::from(count(self.group().template.ops.len())))
            }
        };
        HASH * (inside + above)
    }

    fn entries_size(&self, from: Source, entries: &Range<u32>) -> Size {
        let kind = self.type_of(from);
        let leaf = match kind {
            Type::Fixed(row) | Type::Logits(row) => 4 * u64::from(row.width.min(CHUNK)),
            Type::Quantised { width, kind: InputKind::A8 } => u64::from(width.min(CHUNK)) / 32 * 33,
            Type::Quantised { width, kind: InputKind::A16 } => u64::from(width.min(CHUNK)) * 2,
            Type::Routing(routing) => 4 * u64::from(routing.entries()),
            Type::Token | Type::Kv(_) => 0,
        };
        let opened = u64::from((entries.end - 1) / CHUNK - entries.start / CHUNK + 1);
        let proof = self.value_proof(from, opened, kind);
        Size { operand: opened * (leaf + HASH), proof }
    }

    /// A page, its rows that are not read as hashes, under the head's root and the kv_append's value root.
    fn page_size(&self, from: Source, positions: &Range<u32>) -> Size {
        let (heads, row) = match self.type_of(from) {
            Type::Kv(rows) => (u64::from(rows.heads), count(rows.row_bytes())),
            Type::Token
            | Type::Fixed(_)
            | Type::Quantised { .. }
            | Type::Logits(_)
            | Type::Routing(_) => (0, 0),
        };
        let read = u64::from(count(positions.len()));
        let unread = u64::from(PAGE) - read;
        let pages = u64::from(self.checked.program().context_max).div_ceil(u64::from(PAGE));
        let ops = u64::from(count(self.group().template.ops.len()));
        Size {
            operand: read * (u64::from(row) + HASH) + unread * HASH,
            proof: HASH * (levels(pages) + levels(heads) + levels(ops)),
        }
    }

    /// A slice of the derived part, two bytes a row.
    fn units_size(&self, rows: &Range<u32>) -> Size {
        let tensors = (0..).map(TensorId).zip(&self.checked.program().tensors);
        let units = tensors.map(|(id, tensor)| match self.checked.role(id) {
            Role::Matrix => u64::from(tensor.rows),
            Role::Gain => 1,
            Role::Bias => 0,
        });
        slice(2 * units.sum::<u64>(), 1, 2 * u64::from(count(rows.len())), 0)
    }

    fn outputs_size(&self, at: At, stage: u8, tiles: &Range<u32>) -> Size {
        let all = self.stages(at).iter().map(|stage| u64::from(stage.tiles)).sum();
        let opened = u64::from(count(tiles.len()));
        let ops = u64::from(count(self.group().template.ops.len()));
        Size {
            operand: opened * (self.output_bytes(stage) + HASH),
            proof: HASH * (range_proof(all, opened) + levels(ops)),
        }
    }

    /// Bytes of what a tile of an early stage makes.
    fn output_bytes(&self, stage: u8) -> u64 {
        use crate::Op;
        use crate::ops::CappedAttention;
        match (self.op, stage) {
            (Op::Norm(_), 0) => 16,
            (Op::Norm(_), _) => 12,
            (Op::Quantise(_), _) => 4,
            (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), 0) => {
                8 * u64::from(crate::tile::TILE_ROWS)
            }
            (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), _) => {
                4 * u64::from(crate::tile::TILE_ROWS)
            }
            (Op::Attention(_) | Op::CappedAttention(_), 0) => 5,
            (Op::Attention(attention), _)
            | (Op::CappedAttention(CappedAttention { attention, .. }), _) => {
                8 + 8 * u64::from(self.kv(attention.kv).head_width)
            }
            (Op::Sample(_), stage) => sample_output_bytes(stage),
            (Op::Embed(_) | Op::Rope(_) | Op::Hadamard(_) | Op::KvAppend(_), _) => 0,
            (Op::SiluGate(_) | Op::GeluGate(_) | Op::Add(_), _) => 0,
            (Op::SoftCap(_) | Op::Scale(_) | Op::Route(_) | Op::Weigh(_), _) => 0,
        }
    }
}

/// Levels of a tree above its leaves.
#[must_use]
pub fn levels(leaves: u64) -> u64 {
    if leaves <= 1 { 0 } else { u64::from((leaves - 1).ilog2()) + 1 }
}

/// Hashes that lead from consecutive leaves to the root: a path on either side.
fn range_proof(leaves: u64, opened: u64) -> u64 {
    if opened >= leaves { 0 } else { levels(leaves) * opened.min(2) }
}

/// Rows' pieces of a tensor, in the greatest file there may be.
fn file_size(tensor: &Tensor, rows: &Range<u32>, inputs: &Range<u32>) -> Size {
    let piece = entries_bytes(tensor.format, count(inputs.len()));
    slice(limits::FILE_BYTES_MAX, u64::from(count(rows.len())), piece, tensor.row_bytes())
}

/// A bao slice of `pieces` equal ranges, `stride` bytes apart, wherever they lie in a file.
///
/// A range of n bytes touches at most `(n + 1022) / 1024 + 1` chunks. A range of c chunks touches at most
/// `(c + 2^h - 2) / 2^h + 1` nodes of height h; so does the span of all ranges, and the lesser number counts.
fn slice(file: u64, pieces: u64, piece: u64, stride: u64) -> Size {
    let chunks_of = |bytes: u64| (bytes + FILE_CHUNK - 2) / FILE_CHUNK + 1;
    let whole = file.div_ceil(FILE_CHUNK);
    let chunks = chunks_of(piece).min(whole);
    let span = chunks_of(piece + stride * (pieces - 1)).min(whole);
    let opened = (pieces * chunks).min(span);
    let mut nodes = 0;
    for height in 1..=levels(whole) {
        let touched = |chunks: u64| (chunks + (1 << height) - 2) / (1 << height) + 1;
        let there = whole.div_ceil(1 << height);
        nodes += (pieces * touched(chunks)).min(touched(span)).min(there);
    }
    Size { operand: opened * FILE_CHUNK, proof: nodes * FILE_NODE }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inner nodes with a chosen chunk below them, counted one by one.
    fn nodes(chunks: u64, chosen: &[Range<u64>]) -> u64 {
        let mut nodes = 0;
        for height in 1..=levels(chunks) {
            for node in 0..chunks.div_ceil(1 << height) {
                let (start, end) = (node << height, (node + 1) << height);
                nodes += u64::from(chosen.iter().any(|r| r.start < end && start < r.end));
            }
        }
        nodes
    }

    #[test]
    fn a_slice_is_never_larger_than_its_bound() {
        for (pieces, piece, stride) in [(1, 1, 0), (8, 1088, 1088), (8, 4096, 9000), (3, 16, 5000)]
        {
            for file in [200_000_u64, 1_000_000] {
                let bound = slice(file, pieces, piece, stride);
                for offset in (0..file - stride * (pieces - 1) - piece).step_by(769) {
                    let range = |i| {
                        let first = offset + i * stride;
                        first / FILE_CHUNK..(first + piece - 1) / FILE_CHUNK + 1
                    };
                    let ranges: Vec<_> = (0..pieces).map(range).collect();
                    assert!(FILE_NODE * nodes(file.div_ceil(FILE_CHUNK), &ranges) <= bound.proof);
                    let opened: u64 = (0..file.div_ceil(FILE_CHUNK))
                        .filter(|chunk| ranges.iter().any(|range| range.contains(chunk)))
                        .map(|_| 1)
                        .sum();
                    assert!(opened * FILE_CHUNK <= bound.operand);
                }
            }
        }
    }

    #[test]
    fn levels_of_trees() {
        let found = [1, 2, 3, 4, 5, 1 << 20].map(levels);
        assert_eq!(found, [0, 1, 2, 2, 3, 20]);
    }
}
