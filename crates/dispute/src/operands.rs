//! Operands with their proofs: what the referee takes before it executes a tile (`spec/dispute.md` section 4).
//!
//! Every operand leads to something both sides agree on, or that the claimant committed to and the challenger did not
//! object to: the job, the head, the files, the log before the block, the block's op roots before the op, the op's tiles
//! before the tile. Never takes data that leads nowhere: a [`Refusal`], and nothing has changed. Bytes that do lead there
//! but are nobody's data are `None`: such a commitment can't be evaluated.

use commit::{Digest, Network, root_of, root_of_range};
use core::ops::Range;
use program::site::Source;
use program::structure::{Tensor, TensorId};
use program::tile::{At, CHUNK, Data, Operand, Tile, leaves};
use program::trace::{TraceNodes, boundary_hash, leaf_hash};
use program::types::{KvRows, Type};
use program::{Checked, OpIndex, Site};
use receipt::domains::TokenNodes;
use receipt::token_leaf;

use crate::block::{Block, Tiles};
use crate::bytes;
use crate::model::{Model, units_range};
use crate::moves::{Boundary, Leaf, Leaves, Supplied};
use crate::refusal::Refusal;
use crate::slice::{Part, Slice};
use crate::subject::{Subject, Vector, read_biases};
use crate::tree::Prefix;

/// What operands of a tile are held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) model: &'a Model<'a>,
    pub(crate) subject: &'a Subject,
    pub(crate) block: &'a Block<'a>,
    /// Entries before the block.
    pub(crate) log: Prefix,
    /// Value roots of the earlier ops of the block that the op reads.
    pub(crate) roots: &'a [(usize, Digest)],
    /// The op.
    pub(crate) site: Site<'a>,
    /// Early tiles of the op before the tile.
    pub(crate) tiles: Prefix,
    /// Leaves of the op's value before the tile that it reads.
    pub(crate) leaves: &'a [(u32, Digest)],
    /// The tile's number.
    pub(crate) number: u32,
}

/// Data, or `None` where what is committed can't be read.
pub(crate) type Found = Result<Option<Data>, Refusal>;

impl Ground<'_> {
    fn network(&self) -> Network {
        self.subject.network
    }

    fn nodes(&self) -> TraceNodes {
        TraceNodes(self.network())
    }

    /// The data of an operand.
    pub(crate) fn data(&self, at: At, operand: &Operand, given: &Supplied) -> Found {
        match (operand, given) {
            (Operand::Token, Supplied::Tokens { prompt, output }) => {
                let positions = at.position..at.position + 1;
                let tokens = self.tokens(&positions, prompt, output)?;
                Ok(tokens.first().copied().map(Data::Token))
            }
            (Operand::Tokens { positions }, Supplied::Tokens { prompt, output }) => {
                self.tokens(positions, prompt, output).map(|tokens| Some(Data::Tokens(tokens)))
            }
            (Operand::Weights { tensor, rows, inputs }, Supplied::Slice(slice)) => {
                let (file, ranges) = weight_ranges(self.model.checked, *tensor, rows, inputs);
                let file = self.model.files.get(file).ok_or(Refusal::Proof { what: "weights" })?;
                open(file, &ranges, slice, "weights").map(|rows| Some(Data::Weights(rows)))
            }
            (Operand::Units { tensor, rows }, Supplied::Slice(slice)) => {
                let range = units_range(self.model.checked, *tensor, rows);
                let pieces = open(&self.model.units, &[range], slice, "units")?;
                Ok(pieces.first().and_then(|piece| bytes::units(piece)))
            }
            (Operand::Entries { from, entries }, Supplied::Leaves { opened, boundary }) => {
                self.entries(*from, entries, opened, boundary.as_ref())
            }
            (Operand::Exponent { from }, Supplied::Leaves { opened, boundary }) => {
                let leaf = self.value(*from, &(0..1), opened, boundary.as_ref())?;
                Ok(bytes::exponent(leaf))
            }
            (Operand::Page { from, head, positions }, Supplied::Page { rows, path }) => {
                self.page(*from, *head, positions, rows, path)
            }
            (Operand::Edge { head }, Supplied::Edge { peaks, path, boundary }) => {
                self.edge(*head, peaks, path, boundary.as_ref())
            }
            (Operand::Sampling, Supplied::Known) => {
                Ok(Some(Data::Sampling(Box::new(self.subject.sampling.clone()))))
            }
            (Operand::Biases, Supplied::Biases(leaf)) => {
                if leaf.leaf != 4 || !leaf.is_of(self.network(), &self.subject.job) {
                    return Err(Refusal::Proof { what: "biases" });
                }
                let biases = read_biases(&leaf.bytes).map_err(Refusal::Biases)?;
                Ok(Some(Data::Biases(biases)))
            }
            (Operand::Outputs { stage, tiles }, Supplied::Leaves { opened, boundary: None }) => {
                self.outputs(at, *stage, tiles, opened)
            }
            (
                Operand::Token
                | Operand::Tokens { .. }
                | Operand::Weights { .. }
                | Operand::Units { .. }
                | Operand::Entries { .. }
                | Operand::Exponent { .. }
                | Operand::Page { .. }
                | Operand::Edge { .. }
                | Operand::Sampling
                | Operand::Biases
                | Operand::Outputs { .. },
                _,
            ) => Err(Refusal::Kind),
        }
    }

    fn tokens(
        &self,
        positions: &Range<u32>,
        prompt: &Leaves,
        output: &Leaves,
    ) -> Result<Vec<u32>, Refusal> {
        let [in_prompt, in_output] = token_ranges(self.subject.prompt.count, positions);
        let mut tokens = self.vector(self.subject.prompt, &in_prompt, prompt)?;
        tokens.extend(self.vector(self.subject.output, &in_output, output)?);
        Ok(tokens)
    }

    fn vector(
        &self,
        vector: Vector,
        positions: &Range<u32>,
        shown: &Leaves,
    ) -> Result<Vec<u32>, Refusal> {
        let wrong = Refusal::Proof { what: "tokens" };
        if shown.leaves.len() != positions.len() {
            return Err(wrong);
        }
        if positions.is_empty() {
            return if shown.beside.is_empty() { Ok(Vec::new()) } else { Err(wrong) };
        }
        let token = |leaf: &Leaf| leaf.bytes.as_slice().try_into().map(u32::from_le_bytes).ok();
        let tokens: Option<Vec<u32>> = shown.leaves.iter().map(token).collect();
        let tokens = tokens.ok_or(wrong.clone())?;
        let pairs = shown.leaves.iter().zip(&tokens);
        let hashes: Vec<Digest> =
            pairs.map(|(leaf, token)| token_leaf(self.network(), &leaf.salt, *token)).collect();
        let nodes = TokenNodes(self.network());
        let (count, start) = (vector.count.into(), positions.start.into());
        let root = root_of_range(&nodes, count, start, &hashes, &shown.beside);
        if root == Some(vector.root) { Ok(tokens) } else { Err(wrong) }
    }

    fn entries(
        &self,
        from: Source,
        entries: &Range<u32>,
        opened: &Leaves,
        boundary: Option<&Boundary>,
    ) -> Found {
        let kind = self.block.type_of(from).ok_or(Refusal::Kind)?;
        let leaves = self.value(from, &leaf_range(kind, entries), opened, boundary)?;
        Ok(bytes::entries(kind, entries, leaves))
    }

    /// Leaves of an earlier value.
    fn value<'l>(
        &self,
        from: Source,
        range: &Range<u32>,
        opened: &'l Leaves,
        boundary: Option<&Boundary>,
    ) -> Result<&'l [Leaf], Refusal> {
        let kind = self.block.type_of(from).ok_or(Refusal::Kind)?;
        let root = match from {
            Source::Op { boundary: true, .. } => {
                let entry = self.block.index.checked_sub(1).ok_or(Refusal::Kind)?;
                self.boundary(entry, boundary)?.residual
            }
            Source::Op { op, boundary: false } if boundary.is_none() => *self.root_of_op(op)?,
            Source::Op { .. } | Source::Token => return Err(Refusal::Kind),
        };
        self.opened(leaves(kind), root, range, opened)
    }

    /// The value root of an earlier op of the block that the disputed one reads.
    fn root_of_op(&self, op: OpIndex) -> Result<&Digest, Refusal> {
        let wanted = self.block.op(op).ok_or(Refusal::Kind)?;
        let found = self.roots.iter().find(|(op, _)| *op == wanted);
        found.map(|(_, root)| root).ok_or(Refusal::Kind)
    }

    fn opened<'l>(
        &self,
        count: u32,
        root: Digest,
        range: &Range<u32>,
        opened: &'l Leaves,
    ) -> Result<&'l [Leaf], Refusal> {
        let hashes = self.hashes(opened);
        let found =
            root_of_range(&self.nodes(), count.into(), range.start.into(), &hashes, &opened.beside);
        if opened.leaves.len() == range.len() && found == Some(root) {
            return Ok(&opened.leaves);
        }
        Err(Refusal::Proof { what: "leaves" })
    }

    fn hashes(&self, opened: &Leaves) -> Vec<Digest> {
        let hash = |leaf: &Leaf| leaf_hash(self.network(), &leaf.salt, &leaf.bytes);
        opened.leaves.iter().map(hash).collect()
    }

    /// An entry of the log before the block.
    fn boundary<'b>(
        &self,
        entry: u32,
        shown: Option<&'b Boundary>,
    ) -> Result<&'b Boundary, Refusal> {
        let shown = shown.ok_or(Refusal::Kind)?;
        let hash = boundary_hash(self.network(), &shown.residual, &shown.kv);
        let (count, at) = (self.log.leaves.into(), entry.into());
        if root_of(&self.nodes(), count, at, &hash, &shown.path) == Some(self.log.root) {
            return Ok(shown);
        }
        Err(Refusal::Proof { what: "a boundary" })
    }

    fn page(
        &self,
        from: Source,
        head: u32,
        positions: &Range<u32>,
        rows: &Leaves,
        path: &[Digest],
    ) -> Found {
        let wrong = Refusal::Proof { what: "key and value rows" };
        let (Source::Op { op, .. }, Some(Type::Kv(kv))) = (from, self.block.type_of(from)) else {
            return Err(Refusal::Kind);
        };
        let hashes = self.hashes(rows);
        let (count, start) = (u64::from(self.block.position) + 1, positions.start.into());
        let tree = root_of_range(&self.nodes(), count, start, &hashes, &rows.beside);
        let tree = tree.filter(|_| rows.leaves.len() == positions.len()).ok_or(wrong.clone())?;
        if self.heads_root(kv, head, &tree, path) != Some(*self.root_of_op(op)?) {
            return Err(wrong);
        }
        Ok(bytes::page(kv, &rows.leaves))
    }

    fn heads_root(&self, kv: KvRows, head: u32, tree: &Digest, path: &[Digest]) -> Option<Digest> {
        root_of(&self.nodes(), kv.heads.into(), head.into(), tree, path)
    }

    /// The tree that a kv_append goes on from: that of the same layer, one position earlier.
    fn edge(
        &self,
        head: u32,
        peaks: &[Digest],
        path: &[Digest],
        boundary: Option<&Boundary>,
    ) -> Found {
        let wrong = Refusal::Proof { what: "the edge of a tree" };
        let Type::Kv(kv) = self.site.output() else { return Err(Refusal::Kind) };
        let position = self.block.position;
        let edge =
            commit::Edge::from_peaks(position.into(), peaks.to_vec()).ok_or(wrong.clone())?;
        let Some(tree) = edge.root(&self.nodes()) else {
            let nothing = path.is_empty() && boundary.is_none();
            return if nothing { Ok(Some(Data::Edge(Vec::new()))) } else { Err(wrong) };
        };
        let entry = self.block.index.checked_sub(crate::block::boundaries(self.model.checked));
        let shown = self.boundary(entry.ok_or(Refusal::Kind)?, boundary)?;
        if self.heads_root(kv, head, &tree, path) != Some(shown.kv) {
            return Err(wrong);
        }
        Ok(Some(Data::Edge(peaks.to_vec())))
    }

    fn outputs(&self, at: At, stage: u8, tiles: &Range<u32>, opened: &Leaves) -> Found {
        let first = number_of(&self.site, at, Tile { stage, index: tiles.start });
        let numbers = first..first + (tiles.end - tiles.start);
        if numbers.end > self.number {
            return Err(Refusal::Kind);
        }
        let early = Tiles::of(&self.site, self.block.position).early;
        if numbers.start < early {
            self.opened(self.tiles.leaves, self.tiles.root, &numbers, opened)?;
        } else {
            let leaf = |number: u32| self.leaf(number - early);
            let known: Option<Vec<Digest>> = numbers.map(leaf).collect();
            if known != Some(self.hashes(opened)) || !opened.beside.is_empty() {
                return Err(Refusal::Proof { what: "outputs of tiles" });
            }
        }
        Ok(bytes::outputs(self.site.op, stage, &opened.leaves))
    }

    fn leaf(&self, wanted: u32) -> Option<Digest> {
        self.leaves.iter().find(|(leaf, _)| *leaf == wanted).map(|(_, hash)| *hash)
    }
}

/// Whether what is given has the form of an operand.
pub(crate) fn is_form_of(operand: &Operand, given: &Supplied) -> bool {
    match operand {
        Operand::Token | Operand::Tokens { .. } => matches!(given, Supplied::Tokens { .. }),
        Operand::Weights { .. } | Operand::Units { .. } => matches!(given, Supplied::Slice(_)),
        Operand::Entries { .. } | Operand::Exponent { .. } | Operand::Outputs { .. } => {
            matches!(given, Supplied::Leaves { .. })
        }
        Operand::Page { .. } => matches!(given, Supplied::Page { .. }),
        Operand::Edge { .. } => matches!(given, Supplied::Edge { .. }),
        Operand::Sampling => matches!(given, Supplied::Known),
        Operand::Biases => matches!(given, Supplied::Biases(_)),
    }
}

fn open(
    part: &Part,
    ranges: &[Range<u64>],
    slice: &Slice,
    what: &'static str,
) -> Result<Vec<Vec<u8>>, Refusal> {
    part.open(ranges, slice).ok_or(Refusal::Proof { what })
}

/// A tile's number in its op: earlier stages first.
#[must_use]
pub(crate) fn number_of(site: &Site<'_>, at: At, tile: Tile) -> u32 {
    let before = site.stages(at).into_iter().take(usize::from(tile.stage));
    before.map(|stage| stage.tiles).sum::<u32>() + tile.index
}

/// The tile of a number.
pub(crate) fn tile_of(site: &Site<'_>, at: At, number: u32) -> Option<Tile> {
    let mut index = number;
    for (stage, tiles) in (0..).zip(site.stages(at)) {
        match index.checked_sub(tiles.tiles) {
            None => return Some(Tile { stage, index }),
            Some(rest) => index = rest,
        }
    }
    None
}

/// Leaves of a value that some entries touch; a quantised row's first leaf is its exponent.
pub(crate) fn leaf_range(kind: Type, entries: &Range<u32>) -> Range<u32> {
    let chunks = entries.start / CHUNK..entries.end.div_ceil(CHUNK);
    let first = u32::from(matches!(kind, Type::Quantised { .. }));
    chunks.start + first..chunks.end + first
}

/// The parts of some positions that lie in the prompt and in the output.
pub(crate) fn token_ranges(prompt: u32, positions: &Range<u32>) -> [Range<u32>; 2] {
    let (start, end) = (positions.start, positions.end);
    [start.min(prompt)..end.min(prompt), start.saturating_sub(prompt)..end.saturating_sub(prompt)]
}

/// File and byte ranges of some inputs of a tensor's rows.
pub(crate) fn weight_ranges(
    checked: &Checked,
    tensor: TensorId,
    rows: &Range<u32>,
    inputs: &Range<u32>,
) -> (usize, Vec<Range<u64>>) {
    let tensor: &Tensor = &checked.program().tensors[tensor.index()];
    let row = tensor.row_bytes();
    // Whole blocks, or a float's two or four bytes: it divides.
    let bytes = |entries: u32| row * u64::from(entries) / u64::from(tensor.columns);
    let range = |number: u32| {
        let start = tensor.location.offset + u64::from(number) * row;
        start + bytes(inputs.start)..start + bytes(inputs.end)
    };
    (usize::from(tensor.location.file), rows.clone().map(range).collect())
}
