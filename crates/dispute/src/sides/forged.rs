//! One tile whose operands are given as bytes: roots that they lead to, and the state that asks for them.
//!
//! Never true: the bytes may be anything, and nothing else of the step need exist. What both sides agree on is made up to
//! fit, as two sides that collude, or a liar before a careless one, would.

use commit::{Digest, Domain, Edge, Network, Nodes};
use core::ops::Range;
use program::site::Source;
use program::tile::{At, Choice, Operand, Tile, leaves};
use program::trace::{TraceNodes, boundary_hash, leaf_hash};
use program::{Checked, OpIndex, Site, Type};
use receipt::domains::TokenNodes;
use receipt::{JobLeaf, PublicKey};
use std::collections::BTreeMap;

use crate::block::{Block, Tiles, boundaries};
use crate::game::Dispute;
use crate::model::{Model, units_bytes, units_range};
use crate::moves::{Boundary, Leaf, Leaves, Supplied};
use crate::operands::{leaf_range, number_of, token_ranges, weight_ranges};
use crate::reads::{leaves_read, ops_read};
use crate::slice::{Part, Sparse};
use crate::state::{AtBlock, AtOp, AtTile, Shown, State};
use crate::subject::{Claimed, Subject, Vector};

/// That of a token, whatever its bytes: no token vector has others than four.
const TOKEN_LEAF: Domain = Domain::new("probity token leaf v1");
const NETWORK: Network = Network::OFFLINE;
pub(super) const SALT: Digest = [1; 32];

/// What of an operand is in bytes: of a token, units and an exponent one piece; one of every token, leaf, row of weights,
/// key and value row and output; none of the others.
pub(super) type Pieces = Vec<Vec<u8>>;

/// A tile of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which {
    pub(super) op: OpIndex,
    pub(super) at: At,
    pub(super) tile: Tile,
}

/// What the job says; whether the tile is said to fault.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) choice: Choice,
    pub(super) biases: JobLeaf,
    pub(super) faults: bool,
}

/// A step of a referee that has to be done yet.
#[derive(Clone, Debug)]
pub(super) struct Forged {
    pub(super) network: Network,
    pub(super) files: Vec<Part>,
    pub(super) units: Part,
    /// The referee's state.
    pub(super) state: Vec<u8>,
    pub(super) operands: Vec<Supplied>,
}

/// What hashes stand for: a tree of a referee's, of which some leaves are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tree {
    Prompt,
    Output,
    Value(OpIndex),
    /// The block's input.
    Input,
    /// Early tiles.
    Early,
    /// Rows of a KV head.
    Rows,
    /// Heads one position earlier.
    Earlier,
    Log,
}

/// Some leaves of a tree of so many.
#[derive(Clone, Debug, Default)]
struct Known {
    count: u64,
    leaves: BTreeMap<u64, (Digest, Leaf)>,
}

impl Known {
    fn node(&self, nodes: &dyn Fn(&Digest, &Digest) -> Digest, range: Range<u64>) -> Digest {
        if self.leaves.range(range.clone()).next().is_none() {
            let name = [range.start.to_le_bytes(), range.end.to_le_bytes()].concat();
            return blake3::hash(&name).into();
        }
        let length = range.end - range.start;
        if let Some((hash, _)) = self.leaves.get(&range.start).filter(|_| length == 1) {
            return *hash;
        }
        let middle = range.start + (1 << (length - 1).ilog2());
        nodes(&self.node(nodes, range.start..middle), &self.node(nodes, middle..range.end))
    }

    /// The greatest subtrees beside a range, from the left.
    fn beside(
        &self,
        nodes: &dyn Fn(&Digest, &Digest) -> Digest,
        whole: Range<u64>,
        wanted: &Range<u64>,
        found: &mut Vec<Digest>,
    ) {
        if wanted.start >= whole.end || wanted.end <= whole.start {
            found.push(self.node(nodes, whole));
        } else if wanted.start > whole.start || wanted.end < whole.end {
            let middle = whole.start + (1 << (whole.end - whole.start - 1).ilog2());
            self.beside(nodes, whole.start..middle, wanted, found);
            self.beside(nodes, middle..whole.end, wanted, found);
        }
    }

    /// From the sibling to the root.
    fn path(
        &self,
        nodes: &dyn Fn(&Digest, &Digest) -> Digest,
        whole: Range<u64>,
        at: u64,
        found: &mut Vec<Digest>,
    ) {
        let length = whole.end - whole.start;
        if length > 1 {
            let middle = whole.start + (1 << (length - 1).ilog2());
            let (left, right) = (whole.start..middle, middle..whole.end);
            let (inside, other) = if at < middle { (left, right) } else { (right, left) };
            self.path(nodes, inside, at, found);
            found.push(self.node(nodes, other));
        }
    }
}

/// A step being made up.
struct Maker<'c> {
    checked: &'c Checked,
    said: Said,
    block: Block<'c>,
    site: Site<'c>,
    at: At,
    number: u32,
    trees: BTreeMap<Tree, Known>,
    files: BTreeMap<usize, Sparse>,
    units: Sparse,
}

/// The step that executes a tile of these operands; none where the op has no such tile, or there are too few pieces.
pub(super) fn forged(
    checked: &Checked,
    Which { op, at, tile }: Which,
    pieces: &[Pieces],
    said: Said,
) -> Option<Forged> {
    let block = block_of(checked, op, at)?;
    let site = block.sites[block.op(op)?];
    let operands = site.operands(at, tile).ok()?;
    let number = number_of(&site, at, tile);
    let units = Sparse::new(units_bytes(checked));
    let (trees, files) = (BTreeMap::new(), BTreeMap::new());
    let mut maker = Maker { checked, said, block, site, at, number, trees, files, units };
    for (operand, pieces) in operands.iter().zip(pieces) {
        maker.put(operand, pieces)?;
    }
    maker.put_boundaries(&operands)?;
    let given: Option<Vec<Supplied>> = operands.iter().map(|operand| maker.show(operand)).collect();
    maker.finish(given?, &operands)
}

/// The block that an op stands in at a position, the last one.
pub(super) fn block_of(checked: &Checked, op: OpIndex, at: At) -> Option<Block<'_>> {
    let before = at.position * boundaries(checked);
    (before..=before + boundaries(checked))
        .filter_map(|index| Block::of(checked, at.position + 1, index))
        .find(|block| block.op(op).is_some())
}

impl<'c> Maker<'c> {
    fn prompt(&self) -> u32 {
        (self.at.position + 1).min(self.said.choice.prompt)
    }

    fn nodes(tree: Tree, left: &Digest, right: &Digest) -> Digest {
        match tree {
            Tree::Prompt | Tree::Output => TokenNodes(NETWORK).node(left, right),
            Tree::Value(_) | Tree::Input | Tree::Early | Tree::Rows | Tree::Earlier | Tree::Log => {
                TraceNodes(NETWORK).node(left, right)
            }
        }
    }

    fn leaf(&mut self, tree: Tree, count: u32, at: u32, bytes: Vec<u8>) {
        let hash = match tree {
            Tree::Prompt | Tree::Output => TOKEN_LEAF.hash(NETWORK, &[&SALT, &bytes]),
            Tree::Value(_) | Tree::Input | Tree::Early | Tree::Rows | Tree::Earlier | Tree::Log => {
                leaf_hash(NETWORK, &SALT, &bytes)
            }
        };
        self.hash(tree, count, at, hash, bytes);
    }

    fn hash(&mut self, tree: Tree, count: u32, at: u32, hash: Digest, bytes: Vec<u8>) {
        let known = self.trees.entry(tree).or_default();
        known.count = count.into();
        known.leaves.insert(at.into(), (hash, Leaf { salt: SALT, bytes }));
    }

    fn root(&self, tree: Tree) -> Digest {
        let known = self.trees.get(&tree).filter(|known| known.count > 0);
        let nodes = |left: &Digest, right: &Digest| Self::nodes(tree, left, right);
        known.map_or([2; 32], |known| known.node(&nodes, 0..known.count))
    }

    fn opened(&self, tree: Tree, range: &Range<u32>) -> Leaves {
        let Some(known) = self.trees.get(&tree).filter(|_| !range.is_empty()) else {
            return Leaves::default();
        };
        let nodes = |left: &Digest, right: &Digest| Self::nodes(tree, left, right);
        let wanted = u64::from(range.start)..u64::from(range.end);
        let leaves = known.leaves.range(wanted.clone()).map(|(_, (_, leaf))| leaf.clone());
        let mut beside = Vec::new();
        known.beside(&nodes, 0..known.count, &wanted, &mut beside);
        Leaves { leaves: leaves.collect(), beside }
    }

    fn path(&self, tree: Tree, at: u32) -> Vec<Digest> {
        let nodes = |left: &Digest, right: &Digest| Self::nodes(tree, left, right);
        let mut path = Vec::new();
        if let Some(known) = self.trees.get(&tree) {
            known.path(&nodes, 0..known.count, at.into(), &mut path);
        }
        path
    }

    fn tree_of(&self, from: Source) -> Option<(Tree, Type)> {
        let kind = self.block.type_of(from)?;
        match from {
            Source::Op { boundary: true, .. } => Some((Tree::Input, kind)),
            Source::Op { op, boundary: false } => Some((Tree::Value(op), kind)),
            Source::Token => None,
        }
    }

    /// The leaves, chunks and rows of an operand.
    fn put(&mut self, operand: &Operand, pieces: &Pieces) -> Option<()> {
        match operand {
            Operand::Token => self.put_tokens(&(self.at.position..self.at.position + 1), pieces),
            Operand::Tokens { positions } => self.put_tokens(positions, pieces),
            Operand::Weights { tensor, rows, inputs } => {
                let (file, ranges) = weight_ranges(self.checked, *tensor, rows, inputs);
                let bytes = self.file_bytes(file);
                let sparse = self.files.entry(file).or_insert_with(|| Sparse::new(bytes));
                for (range, piece) in ranges.iter().zip(pieces) {
                    sparse.put(range.start, piece);
                }
            }
            Operand::Units { tensor, rows } => {
                self.units.put(units_range(self.checked, *tensor, rows).start, pieces.first()?);
            }
            Operand::Entries { from, entries } => {
                let (tree, kind) = self.tree_of(*from)?;
                for (leaf, piece) in leaf_range(kind, entries).zip(pieces) {
                    self.leaf(tree, leaves(kind), leaf, piece.clone());
                }
            }
            Operand::Exponent { from } => {
                let (tree, kind) = self.tree_of(*from)?;
                self.leaf(tree, leaves(kind), 0, pieces.first()?.clone());
            }
            Operand::Page { from, head, positions } => {
                let (tree, kind) = self.tree_of(*from)?;
                let Type::Kv(kv) = kind else { return None };
                for (position, piece) in positions.clone().zip(pieces) {
                    self.leaf(Tree::Rows, self.at.position + 1, position, piece.clone());
                }
                let rows = self.root(Tree::Rows);
                self.hash(tree, kv.heads, *head, rows, Vec::new());
            }
            Operand::Edge { head } => {
                let (Type::Kv(kv), Some(edge)) = (self.site.output(), self.edge()) else {
                    return None;
                };
                if let Some(root) = edge.root(&TraceNodes(NETWORK)) {
                    self.hash(Tree::Earlier, kv.heads, *head, root, Vec::new());
                }
            }
            Operand::Outputs { stage, tiles } => {
                let first =
                    number_of(&self.site, self.at, Tile { stage: *stage, index: tiles.start });
                let early = Tiles::of(&self.site, self.at.position).early;
                let count = self.number.min(early);
                for (number, piece) in (first..first + (tiles.end - tiles.start)).zip(pieces) {
                    let at = if number < early {
                        (Tree::Early, count, number)
                    } else {
                        (Tree::Value(self.site.index), leaves(self.site.output()), number - early)
                    };
                    self.leaf(at.0, at.1, at.2, piece.clone());
                }
            }
            Operand::Sampling | Operand::Biases => {}
        }
        Some(())
    }

    fn put_tokens(&mut self, positions: &Range<u32>, pieces: &Pieces) {
        let [prompt, output] = token_ranges(self.prompt(), positions);
        let (prompt_count, count) = (self.prompt(), self.checked.program().context_max);
        let places = prompt.map(|at| (Tree::Prompt, prompt_count, at));
        for ((tree, count, at), piece) in
            places.chain(output.map(|at| (Tree::Output, count, at))).zip(pieces)
        {
            self.leaf(tree, count, at, piece.clone());
        }
    }

    fn file_bytes(&self, file: usize) -> u64 {
        let tensors = self.checked.program().tensors.iter();
        let here = tensors.filter(|tensor| usize::from(tensor.location.file) == file);
        here.map(|tensor| tensor.location.offset + tensor.bytes()).max().unwrap_or(0)
    }

    fn edge(&self) -> Option<Edge> {
        let count = usize::try_from(self.at.position.count_ones()).ok()?;
        Edge::from_peaks(self.at.position.into(), vec![[3; 32]; count])
    }

    /// Which entry of the log an operand leads to.
    fn entry(&self, operand: &Operand) -> Option<u32> {
        let input = |from: &Source| matches!(from, Source::Op { boundary: true, .. });
        match operand {
            Operand::Entries { from, .. } | Operand::Exponent { from } if input(from) => {
                self.block.index.checked_sub(1)
            }
            Operand::Edge { .. } => self.block.index.checked_sub(boundaries(self.checked)),
            Operand::Token
            | Operand::Tokens { .. }
            | Operand::Weights { .. }
            | Operand::Units { .. }
            | Operand::Entries { .. }
            | Operand::Exponent { .. }
            | Operand::Page { .. }
            | Operand::Sampling
            | Operand::Biases
            | Operand::Outputs { .. } => None,
        }
    }

    fn put_boundaries(&mut self, operands: &[Operand]) -> Option<()> {
        let entries: Vec<u32> = operands.iter().filter_map(|operand| self.entry(operand)).collect();
        for entry in entries {
            let (residual, kv) = (self.root(Tree::Input), self.root(Tree::Earlier));
            let hash = boundary_hash(NETWORK, &residual, &kv);
            self.hash(Tree::Log, self.block.index, entry, hash, Vec::new());
        }
        Some(())
    }

    fn boundary(&self, operand: &Operand) -> Option<Boundary> {
        let entry = self.entry(operand)?;
        let (residual, kv) = (self.root(Tree::Input), self.root(Tree::Earlier));
        Some(Boundary { residual, kv, path: self.path(Tree::Log, entry) })
    }

    fn show(&self, operand: &Operand) -> Option<Supplied> {
        Some(match operand {
            Operand::Token => self.tokens(&(self.at.position..self.at.position + 1)),
            Operand::Tokens { positions } => self.tokens(positions),
            Operand::Weights { tensor, rows, inputs } => {
                let (file, ranges) = weight_ranges(self.checked, *tensor, rows, inputs);
                Supplied::Slice(self.files.get(&file)?.show(&ranges)?.1)
            }
            Operand::Units { tensor, rows } => {
                let range = units_range(self.checked, *tensor, rows);
                Supplied::Slice(self.units.show(&[range])?.1)
            }
            Operand::Entries { from, entries } => {
                let (tree, kind) = self.tree_of(*from)?;
                let opened = self.opened(tree, &leaf_range(kind, entries));
                Supplied::Leaves { opened, boundary: self.boundary(operand) }
            }
            Operand::Exponent { from } => {
                let opened = self.opened(self.tree_of(*from)?.0, &(0..1));
                Supplied::Leaves { opened, boundary: self.boundary(operand) }
            }
            Operand::Page { from, head, positions } => Supplied::Page {
                rows: self.opened(Tree::Rows, positions),
                path: self.path(self.tree_of(*from)?.0, *head),
            },
            Operand::Edge { head } => Supplied::Edge {
                peaks: self.edge()?.peaks().to_vec(),
                path: self.path(Tree::Earlier, *head),
                boundary: self.boundary(operand),
            },
            Operand::Sampling => Supplied::Known,
            Operand::Biases => Supplied::Biases(self.said.biases.clone()),
            Operand::Outputs { stage, tiles } => {
                let first =
                    number_of(&self.site, self.at, Tile { stage: *stage, index: tiles.start });
                let numbers = first..first + (tiles.end - tiles.start);
                let early = Tiles::of(&self.site, self.at.position).early;
                let opened = match numbers.start.checked_sub(early) {
                    None => self.opened(Tree::Early, &numbers),
                    Some(leaf) => {
                        let value = Tree::Value(self.site.index);
                        let all = self.opened(value, &(leaf..leaf + tiles.end - tiles.start));
                        Leaves { beside: Vec::new(), ..all }
                    }
                };
                Supplied::Leaves { opened, boundary: None }
            }
        })
    }

    fn tokens(&self, positions: &Range<u32>) -> Supplied {
        let [prompt, output] = token_ranges(self.prompt(), positions);
        let prompt = self.opened(Tree::Prompt, &prompt);
        Supplied::Tokens { prompt, output: self.opened(Tree::Output, &output) }
    }

    fn subject(&self) -> Option<Subject> {
        let output = self.checked.program().context_max;
        Some(Subject {
            network: NETWORK,
            job: self.said.biases.leads_to(NETWORK)?,
            worker: PublicKey::NONE,
            sampling: Choice { prompt: self.prompt(), ..self.said.choice.clone() },
            prompt: Vector { count: self.prompt(), root: self.root(Tree::Prompt) },
            output: Vector { count: output, root: self.root(Tree::Output) },
            positions: self.at.position + 1,
            claimed: match self.said.faults {
                true => Claimed::Fault(self.site.index),
                false => Claimed::Token(0),
            },
            prompt_salt: SALT,
        })
    }

    fn finish(&self, given: Vec<Supplied>, operands: &[Operand]) -> Option<Forged> {
        let (mut units, mut files) =
            (Part { hash: SALT, bytes: units_bytes(self.checked) }, Vec::new());
        let last =
            self.checked.program().tensors.iter().map(|tensor| tensor.location.file).max()?;
        files.extend(
            (0..=last).map(|file| Part { hash: SALT, bytes: self.file_bytes(file.into()) }),
        );
        for operand in operands {
            if let Operand::Weights { tensor, rows, inputs } = operand {
                let (file, ranges) = weight_ranges(self.checked, *tensor, rows, inputs);
                files[file] = self.files.get(&file)?.show(&ranges)?.0;
            } else if let Operand::Units { tensor, rows } = operand {
                units = self.units.show(&[units_range(self.checked, *tensor, rows)])?.0;
            }
        }
        let model = Model::new(self.checked, SALT, files.clone(), units).ok()?;
        let op = self.block.op(self.site.index)?;
        let read = ops_read(&self.block, op).into_iter();
        let read = read.map(|op| self.root(Tree::Value(self.block.sites[op].index)));
        let early = self.number.min(Tiles::of(&self.site, self.at.position).early);
        let own = self.trees.get(&Tree::Value(self.site.index));
        let leaf = |leaf: u32| own?.leaves.get(&u64::from(leaf)).map(|(hash, _)| *hash);
        let leaves = leaves_read(&self.site, self.at.position, self.number).into_iter();
        let block = AtBlock {
            index: self.block.index,
            log: if self.block.index == 0 { [0; 32] } else { self.root(Tree::Log) },
        };
        let tile = AtTile {
            op: AtOp { block, op, read: read.collect() },
            number: self.number,
            tiles: if early == 0 { [0; 32] } else { self.root(Tree::Early) },
            leaves: leaves.map(leaf).collect::<Option<_>>()?,
        };
        let opened = (!self.said.faults).then_some(Shown { salt: SALT, hash: SALT });
        let mut dispute = Dispute::open(&model, self.subject()?, 0, 0);
        dispute.state = State::Prove { tile, opened };
        let state = dispute.encode();
        Some(Forged { network: NETWORK, files, units, state, operands: given })
    }
}
