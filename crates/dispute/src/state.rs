//! How far a dispute has come, and what is asked for next.
//!
//! Never decides: [`crate::Dispute`] does. What is [`Asked`] is all that a side needs to know.

use commit::Digest;
use program::OpIndex;

use crate::descent::Descent;
use crate::moves::{Opened, Parts};
use crate::tree::{Prefix, Subtree};
use crate::verdict::{Party, Verdict};

/// A state.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// The claimant commits to its log.
    Root,
    /// The challenger says what its own is.
    OwnRoot { root: Digest },
    /// The claimant reveals what stands below a subtree of the log.
    LogChildren(Descent),
    /// The challenger names one.
    LogName { descent: Descent, children: Vec<Digest> },
    /// The claimant reveals the block's op roots.
    Ops(AtBlock),
    /// The challenger names one, or the claimed fault.
    OpName { block: AtBlock, roots: Vec<Digest> },
    /// The claimant reveals the op's parts.
    Parts(AtOp),
    /// The challenger names a subtree of its tiles, a leaf of its value, or the claimed fault.
    PartName { op: AtOp, parts: Parts, descent: Option<Descent> },
    /// The claimant reveals what stands below a subtree of the tiles.
    TileChildren { op: AtOp, leaves: Vec<Digest>, descent: Descent },
    /// The challenger names one.
    TileName { op: AtOp, leaves: Vec<Digest>, descent: Descent, children: Vec<Digest> },
    /// The claimant shows what the tile made.
    Open(AtTile),
    /// The challenger shows what the tile reads, or the blind.
    Prove { tile: AtTile, opened: Option<Opened> },
    /// Decided.
    Over(Verdict),
}

/// The first wrong block.
#[derive(Clone, Debug)]
pub(crate) struct AtBlock {
    /// Its number.
    pub(crate) index: u32,
    /// The entry it is said to make; none: the last block, which makes what is claimed.
    pub(crate) entry: Option<Digest>,
    /// The entries before it.
    pub(crate) log: Prefix,
}

/// The first wrong op.
#[derive(Clone, Debug)]
pub(crate) struct AtOp {
    pub(crate) block: AtBlock,
    /// The block's value roots.
    pub(crate) roots: Vec<Digest>,
    /// Which op of the block; without a root it is said to fault.
    pub(crate) op: usize,
}

/// The first wrong tile.
#[derive(Clone, Debug)]
pub(crate) struct AtTile {
    pub(crate) op: AtOp,
    /// Leaves of the op's value.
    pub(crate) leaves: Vec<Digest>,
    /// Its number.
    pub(crate) number: u32,
    /// What it is said to make; none: it is said to fault.
    pub(crate) claimed: Option<Digest>,
    /// The early tiles before it.
    pub(crate) tiles: Prefix,
}

impl State {
    /// Whose move it is.
    pub(crate) fn turn(&self) -> Option<Party> {
        match self {
            Self::Root
            | Self::LogChildren(_)
            | Self::Ops(_)
            | Self::Parts(_)
            | Self::TileChildren { .. }
            | Self::Open(_) => Some(Party::Claimant),
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
        /// What it is said to have made; none: a fault.
        opened: Option<&'a Opened>,
    },
}
