//! Where in a trace a block lies: entry by entry of the log, and one block behind the last entry.
//!
//! Block i makes entry i of the log, for i = position x boundaries + boundary; the last block makes what is claimed. Never
//! looks at a hash.

use program::site::Source;
use program::tile::leaves;
use program::trace::{LeafAt, LeafKind};
use program::{Checked, Op, OpIndex, Site, Type};

/// The ops between two boundaries, at one position.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    /// Its number: that of the log's entry it makes.
    pub index: u32,
    /// Where in the sequence.
    pub position: u32,
    /// Which boundary of the position it makes: 0 is the prologue's.
    pub boundary: u32,
    /// Its ops.
    pub sites: Vec<Site<'a>>,
    /// Which op makes what it hands on.
    pub output: usize,
    /// Which op appends key and value rows.
    pub append: Option<usize>,
}

/// Entries of the log per position: one behind the prologue, one behind every layer.
#[must_use]
pub fn boundaries(checked: &Checked) -> u32 {
    let layers: usize = checked.program().groups.iter().map(|group| group.layers.len()).sum();
    u32::try_from(layers).expect("a checked program has at most 1,024 layers") + 1
}

impl<'a> Block<'a> {
    /// A block of a trace of so many positions; the epilogue stands behind the last one's entries.
    #[must_use]
    pub fn of(checked: &'a Checked, positions: u32, index: u32) -> Option<Self> {
        let per_position = boundaries(checked);
        let (position, boundary) = match index.cmp(&(positions * per_position)) {
            core::cmp::Ordering::Less => (index / per_position, index % per_position),
            core::cmp::Ordering::Equal => (positions.checked_sub(1)?, per_position),
            core::cmp::Ordering::Greater => return None,
        };
        let (place, group, _) = checked.program().layers().nth(usize::try_from(boundary).ok()?)?;
        let here = |site: &Site<'a>| site.place == place;
        let sites: Vec<_> =
            checked.sites().skip_while(|site| !here(site)).take_while(here).collect();
        let output = usize::from(group.template.output.0).checked_sub(1)?;
        let append = sites.iter().position(|site| matches!(site.op, Op::KvAppend(_)));
        Some(Self { index, position, boundary, sites, output, append })
    }

    /// Number of its first op.
    #[must_use]
    pub fn first_op(&self) -> u32 {
        self.sites.first().map_or(0, |site| site.index.0)
    }

    /// Which of its ops this is.
    #[must_use]
    pub fn op(&self, op: OpIndex) -> Option<usize> {
        usize::try_from(op.0.checked_sub(self.first_op())?).ok().filter(|op| *op < self.sites.len())
    }

    /// Type of a value that an op of it reads.
    #[must_use]
    pub fn type_of(&self, from: Source) -> Option<Type> {
        match from {
            Source::Token => Some(Type::Token),
            Source::Op { boundary: true, .. } => Some(self.sites.first()?.checked.residual()),
            Source::Op { op, boundary: false } => Some(self.sites.get(self.op(op)?)?.output()),
        }
    }
}

/// The tiles of an op by number: the first make no leaf of the value, the others are its leaves in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// How many make no leaf.
    pub early: u32,
    /// How many leaves.
    pub leaves: u32,
}

impl Tiles {
    /// Of an op at a position.
    #[must_use]
    pub fn of(site: &Site<'_>, position: u32) -> Self {
        let leaves = leaves(site.output());
        let at = program::tile::At { position, token: 0 };
        let all: u32 = site.stages(at).iter().map(|stage| stage.tiles).sum();
        Self { early: all.saturating_sub(leaves), leaves }
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> u32 {
        self.early + self.leaves
    }
}

/// Where a tile's output stands: a leaf of the value, a row of a KV tree, or the output of an early tile.
pub(crate) fn leaf_at(site: &program::Site<'_>, position: u32, number: u32) -> LeafAt {
    let early = Tiles::of(site, position).early;
    let (kind, index) = match (number.checked_sub(early), site.output()) {
        (None, _) => (LeafKind::Tile, number),
        (Some(head), Type::Kv(_)) => (LeafKind::KvRow, head),
        (
            Some(leaf),
            Type::Token
            | Type::Fixed(_)
            | Type::Quantised { .. }
            | Type::Logits(_)
            | Type::Routing(_),
        ) => (LeafKind::Value, leaf),
    };
    LeafAt { kind, position, op: site.index, index }
}
