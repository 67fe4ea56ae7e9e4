//! One tile of a model that nobody need have: operands of its shapes, and roots that they lead to.
//!
//! For measuring the referee at shapes whose weights fit no test. Never a true tile: the data is of the right form, so that
//! it is executed to its end, and nothing was opened that it makes.

use canon::reference::{HeadRow, NormScale, Peak, Sums};
use canon::sample::{Micro, Parameters, Settings};
use commit::{Digest, Edge, Network, Nodes, Writer};
use core::ops::Range;
use program::site::Source;
use program::tile::{At, Choice, Data, KvRow, Operand, Tile, leaves};
use program::trace::{TraceNodes, boundary_hash, leaf_hash};
use program::types::InputKind;
use program::{Checked, Op, OpIndex, Site, Type};
use receipt::domains::TokenNodes;
use receipt::{JobLeaf, PublicKey, token_leaf};
use std::collections::BTreeMap;

use crate::block::{Block, Tiles, boundaries};
use crate::game::Dispute;
use crate::model::{Model, units_bytes, units_range};
use crate::moves::{Boundary, Leaf, Leaves, Move, Supplied};
use crate::operands::{leaf_range, number_of, token_ranges, weight_ranges};
use crate::reads::{leaves_read, ops_read};
use crate::slice::{Part, Sparse};
use crate::state::{AtBlock, AtOp, AtTile, Shown, State};
use crate::subject::{Claimed, Subject, Vector};

const NETWORK: Network = Network::OFFLINE;
const SALT: Digest = [1; 32];
/// Tokens of the prompt, if the step is not before its end; the rest of the context is output.
const PROMPT_MAX: u32 = 100;
/// Entries of a chunk that a sample is drawn from.
const DRAW_CHUNK: u32 = 4096;
/// Levels of a job's tree.
const JOB_LEVELS: usize = 3;

/// A step of a referee that has to be done yet.
#[derive(Clone, Debug)]
pub struct Invented {
    /// The network that its hashes are of.
    pub network: Network,
    /// Files and units of the model.
    pub files: Vec<Part>,
    /// Its units.
    pub units: Part,
    /// The referee's state.
    pub state: Vec<u8>,
    /// The move with the tile's operands.
    pub operands: Vec<u8>,
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
    block: Block<'c>,
    site: Site<'c>,
    at: At,
    number: u32,
    trees: BTreeMap<Tree, Known>,
    files: BTreeMap<usize, Sparse>,
    units: Sparse,
    biases: JobLeaf,
}

/// The step that executes a tile at a position; none where the op has no such tile.
#[must_use]
pub fn invented(checked: &Checked, op: OpIndex, at: At, tile: Tile) -> Option<Invented> {
    let positions = at.position + 1;
    let before = at.position * boundaries(checked);
    let block = (before..=before + boundaries(checked))
        .filter_map(|index| Block::of(checked, positions, index))
        .find(|block| block.op(op).is_some())?;
    let site = block.sites[block.op(op)?];
    let operands = site.operands(at, tile).ok()?;
    let number = number_of(&site, at, tile);
    let units = Sparse::new(units_bytes(checked));
    let (trees, files) = (BTreeMap::new(), BTreeMap::new());
    let mut maker =
        Maker { checked, block, site, at, number, trees, files, units, biases: biases() };
    for operand in &operands {
        maker.put(operand)?;
    }
    maker.put_boundaries(&operands)?;
    let given: Option<Vec<Supplied>> = operands.iter().map(|operand| maker.show(operand)).collect();
    maker.finish(given?, &operands)
}

impl<'c> Maker<'c> {
    fn prompt(&self) -> u32 {
        (self.at.position + 1).min(PROMPT_MAX)
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
            Tree::Prompt | Tree::Output => {
                let token = bytes.as_slice().try_into().map(u32::from_le_bytes).unwrap_or_default();
                token_leaf(NETWORK, &SALT, token)
            }
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
    fn put(&mut self, operand: &Operand) -> Option<()> {
        match operand {
            Operand::Token => self.put_tokens(&(self.at.position..self.at.position + 1)),
            Operand::Tokens { positions } => self.put_tokens(positions),
            Operand::Weights { tensor, rows, inputs } => {
                let (file, ranges) = weight_ranges(self.checked, *tensor, rows, inputs);
                let bytes = self.file_bytes(file);
                let sparse = self.files.entry(file).or_insert_with(|| Sparse::new(bytes));
                for range in ranges {
                    let length = usize::try_from(range.end - range.start).ok()?;
                    sparse.put(range.start, &vec![0x11; length]);
                }
            }
            Operand::Units { tensor, rows } => {
                let one = &self.checked.program().tensors[tensor.index()];
                let row = vec![0x11; usize::try_from(one.row_bytes()).ok()?];
                let unit = i16::try_from(one.format.unit(&row).ok()?).ok()?;
                let bytes: Vec<u8> = rows.clone().flat_map(|_| unit.to_le_bytes()).collect();
                self.units.put(units_range(self.checked, *tensor, rows).start, &bytes);
            }
            Operand::Entries { from, entries } => {
                let (tree, kind) = self.tree_of(*from)?;
                for leaf in leaf_range(kind, entries) {
                    self.leaf(tree, leaves(kind), leaf, value_leaf(kind, leaf));
                }
            }
            Operand::Exponent { from } => {
                let (tree, kind) = self.tree_of(*from)?;
                self.leaf(tree, leaves(kind), 0, 0_i32.to_le_bytes().to_vec());
            }
            Operand::Page { from, head, positions } => {
                let (tree, kind) = self.tree_of(*from)?;
                let Type::Kv(kv) = kind else { return None };
                let bytes = bytes_of(&Data::Page(vec![kv_row(kv.head_width)]));
                for position in positions.clone() {
                    self.leaf(Tree::Rows, self.at.position + 1, position, bytes.clone());
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
                for number in first..first + (tiles.end - tiles.start) {
                    let at = if number < early {
                        (Tree::Early, count, number)
                    } else {
                        (Tree::Value(self.site.index), leaves(self.site.output()), number - early)
                    };
                    let made = output(&self.site, self.at, (*stage, tiles.start + number - first));
                    self.leaf(at.0, at.1, at.2, bytes_of(&made));
                }
            }
            Operand::Sampling | Operand::Biases => {}
        }
        Some(())
    }

    fn put_tokens(&mut self, positions: &Range<u32>) {
        let [prompt, output] = token_ranges(self.prompt(), positions);
        let count = self.checked.program().context_max;
        for (tree, range, count) in
            [(Tree::Prompt, prompt, self.prompt()), (Tree::Output, output, count)]
        {
            range.for_each(|at| self.leaf(tree, count, at, self.at.token.to_le_bytes().to_vec()));
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
            Operand::Biases => Supplied::Biases(self.biases.clone()),
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
            job: self.biases.leads_to(NETWORK)?,
            worker: PublicKey::NONE,
            sampling: choice(self.prompt()),
            prompt: Vector { count: self.prompt(), root: self.root(Tree::Prompt) },
            output: Vector { count: output, root: self.root(Tree::Output) },
            positions: self.at.position + 1,
            claimed: Claimed::Token(0),
            prompt_salt: SALT,
        })
    }

    fn finish(&self, given: Vec<Supplied>, operands: &[Operand]) -> Option<Invented> {
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
        let opened = Some(Shown { salt: SALT, hash: SALT });
        let mut dispute = Dispute::open(&model, self.subject()?, 0, 0);
        dispute.state = State::Prove { tile, opened };
        let state = dispute.encode();
        let operands = Move::Operands(given).encode();
        Some(Invented { network: NETWORK, files, units, state, operands })
    }
}

/// Some numbers of the size that rows have.
fn noise(count: u32) -> impl Iterator<Item = i32> {
    let mut state = 1_u32;
    (0..count).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i32::from_le_bytes(state.to_le_bytes()) >> 12
    })
}

fn quants(count: u32) -> Vec<i8> {
    noise(count).map(|value| i8::try_from(value % 100).unwrap_or(0)).collect()
}

fn kv_row(width: u32) -> KvRow {
    let row = || HeadRow { quants: quants(width), mantissa: 200, shift: 4 };
    KvRow { key: row(), value: row() }
}

fn choice(prompt: u32) -> Choice {
    let settings = Settings {
        temperature: Micro::new(700_000),
        top_k: 40,
        top_p: Micro::new(950_000),
        repetition: Micro::new(1_100_000),
        ..Settings::default()
    };
    let parameters = Parameters::new(settings).expect("they are in range");
    Choice { parameters, seed: [5; 32], choice: 0, prompt }
}

/// As many as there may be.
fn biases() -> JobLeaf {
    let mut out = Writer::new();
    out.u32(1024);
    for token in 0..1024 {
        out.u32(token);
        out.i32(5);
    }
    JobLeaf { leaf: 4, bytes: out.finish(), salt: SALT, path: [[6; 32]; JOB_LEVELS] }
}

/// A leaf of an earlier value.
fn value_leaf(kind: Type, leaf: u32) -> Vec<u8> {
    let chunk = |width: u32, chunk: u32| program::tile::chunk_of(width, chunk).len();
    let count = |length: usize| u32::try_from(length).unwrap_or(0);
    match kind {
        Type::Fixed(row) | Type::Logits(row) => {
            bytes_of(&Data::Fixed(noise(count(chunk(row.width, leaf))).collect()))
        }
        Type::Quantised { width, kind } => {
            let entries = count(chunk(width, leaf.saturating_sub(1)));
            match kind {
                InputKind::A8 => {
                    let scales = vec![100; usize::try_from(entries / 32).unwrap_or(0)];
                    bytes_of(&Data::A8 { scales, quants: quants(entries) })
                }
                InputKind::A16 => {
                    let values = noise(entries).map(|v| i16::try_from(v >> 5).unwrap_or(0));
                    bytes_of(&Data::A16(values.collect()))
                }
            }
        }
        Type::Routing(routing) => bytes_of(&Data::Fixed(vec![0; count_of(routing.entries())])),
        Type::Token => vec![0; 4],
        Type::Kv(kv) => bytes_of(&Data::Page(vec![kv_row(kv.head_width)])),
    }
}

fn count_of(entries: u32) -> usize {
    usize::try_from(entries).unwrap_or(0)
}

fn bytes_of(data: &Data) -> Vec<u8> {
    let mut bytes = Vec::new();
    data.write(&mut bytes);
    bytes
}

/// What a tile of an earlier stage may have made.
fn output(site: &Site<'_>, at: At, (stage, tile): (u8, u32)) -> Data {
    let stages = site.stages(at);
    let name = stages.get(usize::from(stage)).map_or("", |stage| stage.name);
    // Of a sample's stages that go by chunks of the vocabulary.
    let vocabulary = site.checked.program().vocabulary;
    let chunk = tile % vocabulary.div_ceil(DRAW_CHUNK);
    let rest = vocabulary - chunk * DRAW_CHUNK;
    let entries = rest.min(DRAW_CHUNK);
    match (site.op, name) {
        (Op::Norm(_), "squares") => Data::Squares(1 << 50),
        (Op::Norm(_), _) => Data::Scale(NormScale { inverse: 1 << 30, shift: 60 }),
        (Op::Quantise(_), "greatest") => Data::Greatest(1 << 20),
        (Op::Quantise(_), _) => Data::Exponent(0),
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), "sum") => {
            Data::Sums(vec![1 << 40; 8])
        }
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), _) => Data::Fixed(vec![1000; 8]),
        (Op::Attention(_) | Op::CappedAttention(_), "peak") => {
            Data::Peak(Peak { score: i32::MAX >> 2, shift: 30 })
        }
        (Op::Attention(_) | Op::CappedAttention(_), _) => {
            Data::Attended(Sums { probability: 1 << 20, value: vec![1; 128] })
        }
        (_, "count") => Data::Counts(vec![1; count_of(entries)]),
        (_, "adjust") => Data::Fixed(noise(entries).collect()),
        (_, "peak" | "greatest") => Data::Key(((1 << 31) + (1 << 19)) << 20),
        (_, "bins" | "add bins") => Data::Bins(vec![1; 64]),
        (_, "digit") => Data::Digits { prefix: 0, left: 1 },
        (_, "draw") => Data::Drawn { total: 1, rest: 0, chunk: 0 },
        (_, "walk") => Data::Found(Some(1)),
        _ => Data::Amount(1 << 30),
    }
}
