//! How far a dispute has come, and what is asked for next.
//!
//! Never decides: [`crate::Dispute`] does. What is [`Asked`] is all that a side needs to know.

use commit::Digest;
use program::OpIndex;

use crate::descent::Descent;
use crate::moves::Parts;
use crate::tree::Subtree;
use crate::verdict::{Party, Verdict};

/// A state. It holds what a later move may need and nothing else: what is determined by the rest is worked out, and a
/// hash that nothing leads to any more is forgotten.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// The claimant commits to its log.
    Root,
    /// The challenger says what its own is.
    OwnRoot { root: Digest },
    /// The claimant reveals what stands below a subtree of the log.
    LogChildren { descent: Descent, hash: Digest },
    /// The challenger names one.
    LogName { descent: Descent, children: Vec<Digest> },
    /// The claimant reveals the block's op roots. Its entry; none: the last block, which makes what is claimed.
    Ops { block: AtBlock, entry: Option<Digest> },
    /// The challenger names one, or the claimed fault.
    OpName { block: AtBlock, roots: Vec<Digest> },
    /// The claimant reveals the op's parts. Its root; none: it is said to fault.
    Parts { op: AtOp, root: Option<Digest> },
    /// The challenger names a subtree of its tiles, a leaf of its value, or the claimed fault.
    PartName { op: AtOp, parts: Parts },
    /// The claimant reveals what stands below a subtree of the tiles.
    TileChildren { op: AtOp, descent: Descent, hash: Digest },
    /// The challenger names one.
    TileName { op: AtOp, descent: Descent, children: Vec<Digest> },
    /// The claimant shows what the tile made: that which hashes to this.
    Open { tile: AtTile, hash: Digest },
    /// The challenger shows what the tile reads, or the blind. Nothing was opened where the tile is said to fault.
    Prove { tile: AtTile, opened: Option<Shown> },
    /// Decided.
    Over(Verdict),
}

/// The first wrong block.
#[derive(Clone, Debug)]
pub(crate) struct AtBlock {
    /// Its number.
    pub(crate) index: u32,
    /// Root of the entries before it; zeros of none.
    pub(crate) log: Digest,
}

/// The first wrong op.
#[derive(Clone, Debug)]
pub(crate) struct AtOp {
    pub(crate) block: AtBlock,
    /// Which op of the block.
    pub(crate) op: usize,
    /// Value roots of the earlier ops of the block that it reads, in their order.
    pub(crate) read: Vec<Digest>,
}

/// The first wrong tile.
#[derive(Clone, Debug)]
pub(crate) struct AtTile {
    pub(crate) op: AtOp,
    /// Its number.
    pub(crate) number: u32,
    /// Root of the early tiles before it; zeros of none.
    pub(crate) tiles: Digest,
    /// The leaves before it that it reads, in their order.
    pub(crate) leaves: Vec<Digest>,
}

/// A tile's output that was opened: its bytes need not be kept, for the referee makes them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The salt it was opened under.
    pub(crate) salt: Digest,
    /// What it hashed to.
    pub(crate) hash: Digest,
}

impl State {
    /// Whose move it is.
    pub(crate) fn turn(&self) -> Option<Party> {
        match self {
            Self::Root
            | Self::LogChildren { .. }
            | Self::Ops { .. }
            | Self::Parts { .. }
            | Self::TileChildren { .. }
            | Self::Open { .. } => Some(Party::Claimant),
            Self::OwnRoot { .. }
            | Self::LogName { .. }
            | Self::OpName { .. }
            | Self::PartName { .. }
            | Self::TileName { .. }
            | Self::Prove { .. } => Some(Party::Challenger),
            Self::Over(_) => None,
        }
    }
}

/// Which tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// The log of boundaries.
    Log,
    /// Early tiles of an op of a block.
    Tiles {
        /// The block's number.
        block: u32,
        /// The op.
        op: OpIndex,
    },
}

/// Subtrees that the claimant revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revealed<'a> {
    /// The subtree they stand below.
    pub at: Subtree,
    /// Their hashes.
    pub hashes: &'a [Digest],
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// Root of the log.
    Root {
        /// Entries of the claimant's log.
        entries: u32,
    },
    /// The challenger's own root.
    OwnRoot {
        /// Entries of the claimant's log.
        entries: u32,
    },
    /// What stands below a subtree.
    Children {
        /// Of which tree.
        tree: Tree,
        /// Which.
        at: Subtree,
    },
    /// The first wrong one of these.
    NameChild {
        /// Of which tree.
        tree: Tree,
        /// What was revealed.
        revealed: Revealed<'a>,
    },
    /// Value roots of a block.
    Ops {
        /// Its number.
        block: u32,
    },
    /// The first wrong one of these, or the fault behind them.
    NameOp {
        /// The block's number.
        block: u32,
        /// What was revealed.
        roots: &'a [Digest],
    },
    /// An op as tiles.
    Parts {
        /// The block's number.
        block: u32,
        /// The op.
        op: OpIndex,
        /// Whether it is said to fault.
        faults: bool,
    },
    /// The first wrong one of these: subtrees, leaves, the fault.
    NamePart {
        /// The block's number.
        block: u32,
        /// The op.
        op: OpIndex,
        /// Subtrees of the early tiles; none where there are no such tiles.
        early: Option<Subtree>,
        /// What was revealed.
        parts: &'a Parts,
    },
    /// What a tile made.
    Open {
        /// The block's number.
        block: u32,
        /// The op.
        op: OpIndex,
        /// The tile.
        tile: u32,
    },
    /// What a tile reads.
    Prove {
        /// The block's number.
        block: u32,
        /// The op.
        op: OpIndex,
        /// The tile.
        tile: u32,
        /// The salt that its output was opened under; none: it is said to fault.
        salt: Option<&'a Digest>,
    },
}
