//! Sides that lie move by move: what a false story alone does not do.
//!
//! Never lucky: whatever they do, the honest side must win. A liar is a function of its seed.

use super::answers::{Challenger, Claimant};
use super::{Side, Story};
use crate::moves::{Move, Supplied};
use crate::state::Asked;
use commit::{Blind, Digest};

/// splitmix64.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Of a seed.
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of 0..end; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.draw() % end).unwrap_or(0)
    }

    /// One of 0..end.
    pub(super) fn under(&mut self, end: u32) -> u32 {
        u32::try_from(self.draw() % u64::from(end.max(1))).unwrap_or(0)
    }

    /// Something that is no hash of anything.
    pub(super) fn digest(&mut self) -> Digest {
        blake3::hash(&self.draw().to_le_bytes()).into()
    }
}

/// What a claimant does besides telling its story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Nothing.
    Straight,
    /// Another root for one of the block's ops.
    OpRoot,
    /// Another subtree of an op's tiles.
    TileTree,
    /// Another leaf of an op's value.
    ValueLeaf,
    /// No answer from a move on.
    Silence(u32),
}

/// A claimant with a trick.
pub(crate) struct TrickyClaimant<'s, 'a> {
    pub(crate) inner: Claimant<'s, 'a>,
    pub(crate) trick: Trick,
    pub(crate) random: Random,
    pub(crate) asked: u32,
}

impl Side for TrickyClaimant<'_, '_> {
    fn answer(&mut self, asked: &Asked<'_>) -> Option<Move> {
        self.asked += 1;
        if matches!(self.trick, Trick::Silence(from) if self.asked > from) {
            return None;
        }
        let mut made = self.inner.answer(asked)?;
        let changed = match &mut made {
            Move::Ops { roots, .. } if self.trick == Trick::OpRoot => Some(roots),
            Move::Parts(parts) if self.trick == Trick::TileTree => Some(&mut parts.children),
            Move::Parts(parts) if self.trick == Trick::ValueLeaf => Some(&mut parts.leaves),
            Move::Root(_)
            | Move::OwnRoot { .. }
            | Move::Children(_)
            | Move::Name(_)
            | Move::Ops { .. }
            | Move::Parts(_)
            | Move::Open(_)
            | Move::Operands(_)
            | Move::Blind(_) => None,
        };
        if let Some(list) = changed.filter(|list| !list.is_empty()) {
            let at = self.random.below(list.len());
            list[at] = self.random.digest();
        }
        Some(made)
    }
}

/// What a challenger without a case does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slander {
    /// Names something, and shows the operands in the end.
    Names,
    /// Says that its log is another, then names something.
    OwnRoot,
    /// Shows operands that are not true.
    Operands,
    /// Shows a blind, the true one or another.
    Blind,
    /// No answer from a move on.
    Silence(u32),
}

/// A challenger without a case.
pub(crate) struct Slanderer<'s, 'a> {
    pub(crate) story: &'s Story<'a>,
    pub(crate) slander: Slander,
    pub(crate) random: Random,
    pub(crate) asked: u32,
}

impl Side for Slanderer<'_, '_> {
    fn answer(&mut self, asked: &Asked<'_>) -> Option<Move> {
        self.asked += 1;
        if matches!(self.slander, Slander::Silence(from) if self.asked > from) {
            return None;
        }
        match asked {
            Asked::OwnRoot { entries } => match self.slander {
                Slander::OwnRoot => {
                    let entries = self.random.under(*entries + 1);
                    let root = if entries == 0 { [0; 32] } else { self.random.digest() };
                    Some(Move::OwnRoot { entries, root })
                }
                Slander::Names | Slander::Operands | Slander::Blind | Slander::Silence(_) => {
                    Challenger(self.story).answer(asked)
                }
            },
            Asked::NameChild { revealed, .. } => self.name(revealed.hashes.len()),
            Asked::NameOp { roots, .. } => self.name(roots.len()),
            Asked::NamePart { parts, .. } => {
                let fault = usize::from(parts.fault.is_some());
                self.name(parts.children.len() + parts.leaves.len() + fault)
            }
            Asked::Prove { block, op, tile, .. } => {
                let at = self.story.block(*block)?;
                let operands = self.story.operands(&at, *op, *tile)?;
                Some(match self.slander {
                    Slander::Operands => Move::Operands(self.falsified(operands)),
                    Slander::Blind if self.random.below(2) == 0 => {
                        Move::Blind(Blind(self.random.digest()))
                    }
                    Slander::Blind => Move::Blind(self.story.job.salts.blind),
                    Slander::Names | Slander::OwnRoot | Slander::Silence(_) => {
                        Move::Operands(operands)
                    }
                })
            }
            Asked::Root { .. }
            | Asked::Children { .. }
            | Asked::Ops { .. }
            | Asked::Parts { .. }
            | Asked::Open { .. } => None,
        }
    }
}

impl Slanderer<'_, '_> {
    /// One of so many; now and then one behind them.
    fn name(&mut self, count: usize) -> Option<Move> {
        let spare = usize::from(self.random.below(16) == 0);
        u16::try_from(self.random.below(count + spare)).ok().map(Move::Name)
    }

    /// One byte changed, in a leaf, a chunk, a token or a list of biases.
    fn falsified(&mut self, mut operands: Vec<Supplied>) -> Vec<Supplied> {
        let at = self.random.below(operands.len());
        if let Some(operand) = operands.get_mut(at) {
            match operand {
                Supplied::Known => operands.truncate(at),
                Supplied::Tokens { prompt: leaves, output } => {
                    let leaves = if leaves.leaves.is_empty() { output } else { leaves };
                    flip(leaves.leaves.first_mut().map(|leaf| &mut leaf.bytes), &mut self.random);
                }
                Supplied::Slice(slice) => flip(Some(&mut slice.chunks), &mut self.random),
                Supplied::Leaves { opened: leaves, .. } | Supplied::Page { rows: leaves, .. } => {
                    flip(leaves.leaves.first_mut().map(|leaf| &mut leaf.bytes), &mut self.random);
                }
                Supplied::Edge { peaks, .. } => peaks.push([1; 32]),
                Supplied::Biases(leaf) => flip(Some(&mut leaf.bytes), &mut self.random),
            }
        }
        operands
    }
}

fn flip(bytes: Option<&mut Vec<u8>>, random: &mut Random) {
    if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
        let at = random.below(bytes.len());
        bytes[at] ^= 1;
    }
}
