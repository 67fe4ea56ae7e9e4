//! What a side says happened: a whole run with everything in it, from which any answer is made.
//!
//! A true story is the plain interpreter's. It is lazy where a layer is opened: op roots, tiles and operands are made when
//! they are asked for, of the rows at the block's boundaries. Never kept beyond a dispute: memory grows with positions
//! times program.

use commit::{Digest, Edge, Nodes, Salts, path, range};
use core::cell::RefCell;
use core::ops::Range;
use program::record::{Record, TileOutputs};
use program::reference::{Cell, Weights};
use program::site::Source;
use program::tile::{At, Data, KvRow, Operand};
use program::trace::{
    Committer, LeafAt, LeafKind, TraceNodes, boundary_hash, cell_leaves, leaf_hash,
};
use program::{Checked, OpIndex, Site, Type};
use receipt::{JobLeaf, Which, domains::TokenNodes, token_leaf};
use std::rc::Rc;

use crate::block::{Block, Tiles, boundaries, leaf_at};
use crate::model::units_range;
use crate::moves::{Boundary, Leaf, Leaves, Supplied};
use crate::operands::{leaf_range, number_of, tile_of, token_ranges, weight_ranges};
use crate::slice::Slice;

/// What both sides have of a job and its model.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// Network and blind.
    pub salts: Salts,
    /// The prompt.
    pub prompt: Vec<u32>,
    /// The output under the disputed head.
    pub output: Vec<u32>,
    /// Which choice it is.
    pub choice: u32,
    /// Leaf 4 of the job.
    pub biases: JobLeaf,
    /// Positions of the trace.
    pub positions: u32,
    /// The upstream files.
    pub files: &'a [&'a [u8]],
    /// The units part.
    pub units: &'a [u8],
}

/// A run, true or false.
#[derive(Debug)]
pub struct Story<'a> {
    pub(crate) job: Job<'a>,
    checked: &'a Checked,
    record: Record<'a>,
    pub(crate) committer: Committer,
    /// What a liar says beside what its record gives.
    pub(crate) lies: Lies,
    entries: Vec<Digest>,
    /// The op whose tiles were asked for last.
    last: RefCell<Option<(u32, OpIndex, Rc<Made>)>>,
}

/// What the tiles of an op make, and whether the next one faults.
#[derive(Debug)]
struct Made {
    outputs: TileOutputs,
    faults: bool,
}

/// What a story says that its record does not.
#[derive(Debug, Default)]
pub(crate) struct Lies {
    /// The token that is drawn in the end.
    pub(crate) token: Option<u32>,
    /// Outputs of the tiles of one op.
    pub(crate) outputs: Option<(u32, OpIndex, TileOutputs)>,
    /// A tile that is said to fault.
    pub(crate) fault: Option<(u32, OpIndex, u32)>,
    /// A row of a kv_append's head that is another one, seen from a position on.
    pub(crate) history: Option<(OpIndex, u32, u32, u32)>,
    /// Another blind, for the salts of one op.
    pub(crate) salts: Option<(u32, OpIndex, Committer)>,
}

/// An op as a story tells it.
pub(crate) struct OpParts {
    /// Hashes of the outputs of tiles that make no leaf, up to the fault.
    pub(crate) early: Vec<Digest>,
    /// Leaves of the value, up to the fault.
    pub(crate) leaves: Vec<Digest>,
    /// The tile that faults.
    pub(crate) fault: Option<u32>,
}

impl<'a> Story<'a> {
    /// The story of a record of all the trace's positions, in which a token is drawn from the last one alone: those
    /// before it are given.
    #[must_use]
    pub fn of(weights: &Weights<'a>, record: Record<'a>, job: Job<'a>) -> Self {
        let committer = Committer(job.salts);
        let checked = weights.checked();
        Self::told(checked, record, job, committer, Lies::default())
    }

    /// The same, but that it says that a tile of an op faults, at a position: a liar's.
    #[must_use]
    pub fn with_fault(
        weights: &Weights<'a>,
        record: Record<'a>,
        job: Job<'a>,
        fault: (u32, OpIndex, u32),
    ) -> Self {
        let committer = Committer(job.salts);
        let lies = Lies { fault: Some(fault), ..Lies::default() };
        Self::told(weights.checked(), record, job, committer, lies)
    }

    /// A liar's.
    pub(crate) fn told(
        checked: &'a Checked,
        record: Record<'a>,
        job: Job<'a>,
        committer: Committer,
        lies: Lies,
    ) -> Self {
        let (entries, last) = (Vec::new(), RefCell::new(None));
        let mut story = Self { job, checked, record, committer, lies, entries, last };
        story.commit();
        story
    }

    /// Makes the log's entries.
    fn commit(&mut self) {
        let nodes = self.nodes();
        let mut trees: Vec<Vec<Edge>> = Vec::new();
        let mut entries = Vec::new();
        for index in 0..self.job.positions * boundaries(self.checked) {
            let Some(block) = Block::of(self.checked, self.job.positions, index) else { break };
            let Some(made) = self.entry(&block, &mut trees, &nodes) else { break };
            entries.push(made);
        }
        self.entries = entries;
    }

    /// An entry; `None` from a fault on.
    fn entry(
        &self,
        block: &Block<'_>,
        trees: &mut Vec<Vec<Edge>>,
        nodes: &TraceNodes,
    ) -> Option<Digest> {
        let position = block.position;
        let output = &block.sites[block.output];
        let cell = self.record.handed_on(position, block.boundary)?;
        let residual =
            self.committer(position, output.index).value_root(position, output.index, cell)?;
        let at = usize::try_from(block.boundary).ok()?;
        trees.resize_with(trees.len().max(at + 1), Vec::new);
        let Some(append) = block.append.map(|append| block.sites[append].index) else {
            return Some(boundary_hash(self.job.salts.network, &residual, &[0; 32]));
        };
        let Type::Kv(kv) = block.sites[block.append?].output() else { return None };
        trees[at].resize_with(usize::try_from(kv.heads).ok()?, Edge::default);
        for (head, tree) in (0..).zip(&mut trees[at]) {
            let row = self.record.kv_rows(append, head).get(usize::try_from(position).ok()?)?;
            let leaf = self.committer(position, append).kv_leaf(position, append, head, row);
            tree.push(nodes, leaf);
        }
        let heads = match self.lies.history {
            Some(_) => self.heads(position, &block.sites[block.append?]),
            None => trees[at].iter().map(|tree| tree.root(nodes)).collect(),
        };
        let kv = Edge::over(nodes, heads?).root(nodes)?;
        Some(boundary_hash(self.job.salts.network, &residual, &kv))
    }

    pub(crate) fn nodes(&self) -> TraceNodes {
        TraceNodes(self.job.salts.network)
    }

    /// The log, as far as it goes.
    pub(crate) fn entries(&self) -> &[Digest] {
        &self.entries
    }

    /// Whether a block stands behind all positions' entries.
    pub(crate) fn is_last(&self, block: u32) -> bool {
        block == self.job.positions * boundaries(self.checked)
    }

    pub(crate) fn block(&self, index: u32) -> Option<Block<'a>> {
        Block::of(self.checked, self.job.positions, index)
    }

    /// Value roots of a block's ops, up to a fault.
    pub(crate) fn roots(&self, block: &Block<'_>) -> Vec<Digest> {
        let faults = |site: &&Site<'_>| self.fault_of(block.position, site).is_some();
        let sites = block.sites.iter().take_while(|site| !faults(site));
        sites.map_while(|site| self.root(block.position, site)).collect()
    }

    /// The tile of this op that it says faults, though its record does not.
    fn fault_of(&self, position: u32, site: &Site<'_>) -> Option<usize> {
        let (at, op, tile) = self.lies.fault?;
        let said = (at, op) == (position, site.index);
        said.then(|| usize::try_from(tile).unwrap_or(usize::MAX))
    }

    fn committer(&self, position: u32, op: OpIndex) -> &Committer {
        match &self.lies.salts {
            Some((at, of, committer)) if (*at, *of) == (position, op) => committer,
            Some(_) | None => &self.committer,
        }
    }

    fn root(&self, position: u32, site: &Site<'_>) -> Option<Digest> {
        let nodes = self.nodes();
        match self.record.cell(position, site.index)? {
            Cell::Kv(_) => Edge::over(&nodes, self.heads(position, site)?).root(&nodes),
            Cell::Unsampled => {
                let leaves = self.parts(position, site).leaves;
                Edge::over(&nodes, leaves).root(&nodes)
            }
            cell @ (Cell::Fixed(_) | Cell::A8(_) | Cell::A16(_) | Cell::Logits(_)) => {
                self.committer(position, site.index).value_root(position, site.index, cell)
            }
        }
    }

    /// Roots of a kv_append's trees after a position.
    fn heads(&self, position: u32, site: &Site<'_>) -> Option<Vec<Digest>> {
        let Type::Kv(kv) = site.output() else { return None };
        let nodes = self.nodes();
        let root = |head| self.tree(site.index, head, position + 1, position).root(&nodes);
        (0..kv.heads).map(root).collect()
    }

    /// The tree of a head's first rows, seen from a position.
    fn tree(&self, op: OpIndex, head: u32, rows: u32, seen: u32) -> Edge {
        Edge::over(&self.nodes(), self.rows(op, head, rows, seen).iter().map(|(_, hash)| *hash))
    }

    /// The first rows of a head with their hashes, seen from a position.
    fn rows(&self, op: OpIndex, head: u32, rows: u32, seen: u32) -> Vec<(Leaf, Digest)> {
        let row = |(at, row): (u32, &KvRow)| {
            let committer = self.committer(at, op);
            let hash = committer.kv_leaf(at, op, head, row);
            let mut bytes = Vec::new();
            row.write(&mut bytes);
            let leaf = LeafAt { kind: LeafKind::KvRow, position: at, op, index: head };
            (Leaf { salt: committer.salt(leaf), bytes }, hash)
        };
        let first = (0..rows).zip(self.record.kv_rows(op, head));
        let mut rows: Vec<(Leaf, Digest)> = first.map(row).collect();
        if let Some((of, of_head, at, from)) = self.lies.history
            && (of, of_head) == (op, head)
            && seen >= from
            && let Some((leaf, hash)) = rows.get_mut(usize::try_from(at).unwrap_or(usize::MAX))
        {
            leaf.bytes[0] ^= 1;
            *hash = self.hash(leaf);
        }
        rows
    }

    /// What an op's tiles make: a dispute asks for the same ones again and again.
    fn tiles(&self, position: u32, site: &Site<'_>) -> Rc<Made> {
        if let Some((at, op, made)) = &*self.last.borrow()
            && (*at, *op) == (position, site.index)
        {
            return Rc::clone(made);
        }
        let (outputs, faults) = self.make_tiles(position, site);
        let made = Rc::new(Made { outputs, faults });
        *self.last.borrow_mut() = Some((position, site.index, Rc::clone(&made)));
        made
    }

    fn make_tiles(&self, position: u32, site: &Site<'_>) -> (TileOutputs, bool) {
        if let Some((at, op, outputs)) = &self.lies.outputs
            && (*at, *op) == (position, site.index)
        {
            return (outputs.clone(), false);
        }
        let at = self.record.at(position);
        let (mut outputs, failed) = self.record.tiles_until(site, at, &self.committer);
        if let Some(tiles) = self.fault_of(position, site) {
            let said = outputs.into_iter().take(tiles).collect();
            return (said, true);
        }
        let conceals = failed.is_some() && self.record.cell(position, site.index).is_some();
        if conceals {
            for number in (0..Tiles::of(site, position).all()).skip(outputs.len()) {
                let Some(tile) = tile_of(site, at, number) else { break };
                outputs.insert(tile, Data::Amount(0));
            }
        }
        (outputs, failed.is_some() && !conceals)
    }

    /// An op as tiles.
    pub(crate) fn parts(&self, position: u32, site: &Site<'_>) -> OpParts {
        let tiles = Tiles::of(site, position);
        let made = self.tiles(position, site);
        let outputs = &made.outputs;
        let mut parts = OpParts { early: Vec::new(), leaves: Vec::new(), fault: None };
        for (number, data) in (0..).zip(outputs.values()) {
            let leaf = self.leaf_of(position, site, number, data);
            if number < tiles.early {
                parts.early.push(self.hash(&leaf));
            } else {
                parts.leaves.push(self.hash(&leaf));
            }
        }
        parts.fault = made.faults.then(|| u32::try_from(outputs.len()).unwrap_or(u32::MAX));
        match self.record.cell(position, site.index) {
            Some(Cell::Kv(_)) => {
                let heads = self.heads(position, site).unwrap_or_default();
                parts.leaves = heads.into_iter().take(parts.leaves.len()).collect();
            }
            Some(cell) if parts.fault.is_none() => {
                if let Some(leaves) = cell_leaves(cell) {
                    let leaf = |(index, data)| {
                        self.hash(&self.leaf_of(position, site, tiles.early + index, data))
                    };
                    parts.leaves = (0..).zip(&leaves).map(leaf).collect();
                }
            }
            Some(_) | None => {}
        }
        parts
    }

    fn hash(&self, leaf: &Leaf) -> Digest {
        leaf_hash(self.job.salts.network, &leaf.salt, &leaf.bytes)
    }

    /// The leaf of a tile's output.
    fn leaf_of(&self, position: u32, site: &Site<'_>, number: u32, data: &Data) -> Leaf {
        let mut bytes = Vec::new();
        match (data, self.lies.token) {
            (Data::Token(_), Some(token)) => Data::Token(token).write(&mut bytes),
            (data, _) => data.write(&mut bytes),
        }
        let committer = self.committer(position, site.index);
        Leaf { salt: committer.salt(leaf_at(site, position, number)), bytes }
    }

    /// What a tile made, in the open.
    pub(crate) fn opened(&self, position: u32, site: &Site<'_>, number: u32) -> Option<Leaf> {
        let early = Tiles::of(site, position).early;
        if let Some(leaf) = number.checked_sub(early)
            && let Some(cell) = self.record.cell(position, site.index)
        {
            if let Cell::Kv(_) = cell {
                return self
                    .rows(site.index, leaf, position + 1, position)
                    .pop()
                    .map(|(row, _)| row);
            }
            if let Some(leaves) = cell_leaves(cell) {
                let data = leaves.get(usize::try_from(leaf).ok()?)?;
                return Some(self.leaf_of(position, site, number, data));
            }
        }
        let made = self.tiles(position, site);
        let data = made.outputs.values().nth(usize::try_from(number).ok()?)?;
        Some(self.leaf_of(position, site, number, data))
    }

    /// The tree that a kv_append of a position goes on from.
    pub(crate) fn edge(&self, position: u32, op: OpIndex, head: u32) -> Vec<Digest> {
        self.tree(op, head, position, position).peaks().to_vec()
    }

    /// Everything that a tile reads, with proofs.
    pub(crate) fn operands(
        &self,
        block: &Block<'_>,
        op: OpIndex,
        number: u32,
    ) -> Option<Vec<Supplied>> {
        let site = &block.sites[block.op(op)?];
        let at = self.record.at(block.position);
        let tile = tile_of(site, at, number)?;
        let made = self.tiles(block.position, site);
        let teller = Teller { story: self, block, site, at, number, made };
        let operands = site.operands(at, tile).ok()?;
        operands.iter().map(|operand| teller.supply(operand)).collect()
    }
}

/// Supplies operands of one tile.
struct Teller<'s, 'a> {
    story: &'s Story<'a>,
    block: &'s Block<'s>,
    site: &'s Site<'s>,
    at: At,
    number: u32,
    made: Rc<Made>,
}

impl Teller<'_, '_> {
    fn supply(&self, operand: &Operand) -> Option<Supplied> {
        let (job, checked) = (&self.story.job, self.story.checked);
        Some(match operand {
            Operand::Token => self.tokens(&(self.at.position..self.at.position + 1))?,
            Operand::Tokens { positions } => self.tokens(positions)?,
            Operand::Weights { tensor, rows, inputs } => {
                let (file, ranges) = weight_ranges(checked, *tensor, rows, inputs);
                Supplied::Slice(Slice::of(job.files.get(file)?, &ranges)?)
            }
            Operand::Units { tensor, rows } => {
                Supplied::Slice(Slice::of(job.units, &[units_range(checked, *tensor, rows)])?)
            }
            Operand::Entries { from, entries } => {
                let kind = self.block.type_of(*from)?;
                self.value(*from, &leaf_range(kind, entries))?
            }
            Operand::Exponent { from } => self.value(*from, &(0..1))?,
            Operand::Page { from, head, positions } => self.page(*from, *head, positions)?,
            Operand::Edge { head } => self.edge(*head)?,
            Operand::Sampling => Supplied::Known,
            Operand::Biases => Supplied::Biases(job.biases.clone()),
            Operand::Outputs { stage, tiles } => self.outputs(*stage, tiles)?,
        })
    }

    fn tokens(&self, positions: &Range<u32>) -> Option<Supplied> {
        let job = &self.story.job;
        let output = Which::Output { choice: job.choice };
        let [in_prompt, in_output] = token_ranges(u32::try_from(job.prompt.len()).ok()?, positions);
        Some(Supplied::Tokens {
            prompt: shown(&job.salts, Which::Prompt, &job.prompt, &in_prompt)?,
            output: shown(&job.salts, output, &job.output, &in_output)?,
        })
    }

    /// Leaves of an earlier value of the block or of its input.
    fn value(&self, from: Source, wanted: &Range<u32>) -> Option<Supplied> {
        let Source::Op { op, boundary } = from else { return None };
        let (story, position) = (self.story, self.block.position);
        let site = story.checked.site(op)?;
        let leaves = cell_leaves(story.record.cell(position, op)?)?;
        let early = Tiles::of(&site, position).early;
        let leaf = |(index, data)| story.leaf_of(position, &site, early + index, data);
        let leaves: Vec<Leaf> = (0..).zip(&leaves).map(leaf).collect();
        let opened = proved(&story.nodes(), story, leaves, wanted)?;
        let boundary = match boundary {
            true => Some(self.boundary(self.block.index.checked_sub(1)?)?),
            false => None,
        };
        Some(Supplied::Leaves { opened, boundary })
    }

    /// An entry before the block, in the tree of those entries.
    fn boundary(&self, entry: u32) -> Option<Boundary> {
        let story = self.story;
        let block = story.block(entry)?;
        let roots = story.roots(&block);
        let agreed = story.entries.get(..usize::try_from(self.block.index).ok()?)?;
        Some(Boundary {
            residual: *roots.get(block.output)?,
            kv: block.append.map_or(Some([0; 32]), |append| roots.get(append).copied())?,
            path: path(&story.nodes(), agreed, usize::try_from(entry).ok()?)?,
        })
    }

    fn page(&self, from: Source, head: u32, positions: &Range<u32>) -> Option<Supplied> {
        let Source::Op { op, .. } = from else { return None };
        let story = self.story;
        let position = self.block.position;
        let rows = story.rows(op, head, position + 1, position);
        let hashes: Vec<Digest> = rows.iter().map(|(_, hash)| *hash).collect();
        let wanted = range_of(positions)?;
        let beside = range(&story.nodes(), &hashes, &wanted)?;
        let leaves = rows.get(wanted)?.iter().map(|(row, _)| row.clone()).collect();
        let site = story.checked.site(op)?;
        let heads = story.heads(self.block.position, &site)?;
        let path = path(&story.nodes(), &heads, usize::try_from(head).ok()?)?;
        Some(Supplied::Page { rows: Leaves { leaves, beside }, path })
    }

    fn edge(&self, head: u32) -> Option<Supplied> {
        let (story, position) = (self.story, self.block.position);
        let peaks = story.edge(position, self.site.index, head);
        let Some(before) = position.checked_sub(1) else {
            return Some(Supplied::Edge { peaks, path: Vec::new(), boundary: None });
        };
        let heads = story.heads(before, self.site)?;
        let path = path(&story.nodes(), &heads, usize::try_from(head).ok()?)?;
        let entry = self.block.index.checked_sub(boundaries(story.checked))?;
        Some(Supplied::Edge { peaks, path, boundary: Some(self.boundary(entry)?) })
    }

    fn outputs(&self, stage: u8, tiles: &Range<u32>) -> Option<Supplied> {
        let (story, position) = (self.story, self.block.position);
        let tile = program::tile::Tile { stage, index: tiles.start };
        let first = number_of(self.site, self.at, tile);
        let numbers = first..first + (tiles.end - tiles.start);
        let all: Vec<Leaf> = (0..)
            .zip(self.made.outputs.values())
            .map(|(number, data)| story.leaf_of(position, self.site, number, data))
            .collect();
        let early = Tiles::of(self.site, position).early;
        let opened = if numbers.start < early {
            // The tree of the early tiles before this one.
            let agreed = usize::try_from(self.number.min(early)).ok()?;
            proved(&story.nodes(), story, all.get(..agreed)?.to_vec(), &numbers)?
        } else {
            let leaves = all.get(range_of(&numbers)?)?.to_vec();
            Leaves { leaves, beside: Vec::new() }
        };
        Some(Supplied::Leaves { opened, boundary: None })
    }
}

/// Some leaves of a tree with what binds them to its root.
fn proved(
    nodes: &impl Nodes,
    story: &Story<'_>,
    leaves: Vec<Leaf>,
    wanted: &Range<u32>,
) -> Option<Leaves> {
    let hashes: Vec<Digest> = leaves.iter().map(|leaf| story.hash(leaf)).collect();
    let wanted = range_of(wanted)?;
    let beside = range(nodes, &hashes, &wanted)?;
    Some(Leaves { leaves: leaves.get(wanted)?.to_vec(), beside })
}

/// Some tokens of a vector.
fn shown(salts: &Salts, which: Which, tokens: &[u32], wanted: &Range<u32>) -> Option<Leaves> {
    if wanted.is_empty() {
        return Some(Leaves::default());
    }
    let leaf = |(position, token): (u32, &u32)| Leaf {
        salt: which.salt(salts, position),
        bytes: token.to_le_bytes().to_vec(),
    };
    let leaves: Vec<Leaf> = (0..).zip(tokens).map(leaf).collect();
    let pairs = leaves.iter().zip(tokens);
    let hashes: Vec<Digest> =
        pairs.map(|(leaf, token)| token_leaf(salts.network, &leaf.salt, *token)).collect();
    let wanted = range_of(wanted)?;
    let beside = range(&TokenNodes(salts.network), &hashes, &wanted)?;
    Some(Leaves { leaves: leaves.get(wanted)?.to_vec(), beside })
}

fn range_of(range: &Range<u32>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}
