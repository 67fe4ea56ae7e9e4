//! What a side answers that tells its own story: the claimant shows it, the challenger compares.
//!
//! Never lies by itself: a liar is a side with a false story, or one of `liars`. Both name and show the same things, so an
//! honest one of either kind is a true story and nothing else.

use commit::{Blind, Digest, Edge};
use program::OpIndex;

use super::{Side, Story};
use crate::block::{Block, Tiles};
use crate::moves::{Move, Opened, Parts};
use crate::state::{Asked, Revealed, Tree};
use crate::tree::Subtree;

/// Shows its story.
#[derive(Debug)]
pub struct Claimant<'s, 'a>(pub &'s Story<'a>);

/// Compares with its story.
#[derive(Debug)]
pub struct Challenger<'s, 'a>(pub &'s Story<'a>);

impl Side for Claimant<'_, '_> {
    fn answer(&mut self, asked: &Asked<'_>) -> Option<Move> {
        let story = self.0;
        match asked {
            Asked::Root { entries } => story.log_root(*entries).map(Move::Root),
            Asked::Children { tree: Tree::Log, at } => {
                story.children(story.entries(), *at).map(Move::Children)
            }
            Asked::Children { tree: Tree::Tiles { block, op }, at } => {
                let early = story.parts_of(*block, *op)?.early;
                story.children(&early, *at).map(Move::Children)
            }
            Asked::Ops { block } => self.ops(*block),
            Asked::Parts { block, op, faults } => self.parts(*block, *op, *faults),
            Asked::Open { block, op, tile } => self.open(*block, *op, *tile),
            Asked::OwnRoot { .. }
            | Asked::NameChild { .. }
            | Asked::NameOp { .. }
            | Asked::NamePart { .. }
            | Asked::Prove { .. } => None,
        }
    }
}

impl Claimant<'_, '_> {
    fn ops(&self, block: u32) -> Option<Move> {
        let story = self.0;
        let at = story.block(block)?;
        let roots = story.roots(&at);
        let whole = roots.len() == at.sites.len();
        let token_salt = match story.is_last(block) && whole {
            true => {
                let site = &at.sites[at.output];
                let early = Tiles::of(site, at.position).early;
                Some(story.opened(at.position, site, early)?.salt)
            }
            false => None,
        };
        Some(Move::Ops { roots, token_salt })
    }

    fn parts(&self, block: u32, op: OpIndex, faults: bool) -> Option<Move> {
        let story = self.0;
        let parts = story.parts_of(block, op)?;
        let early = u32::try_from(parts.early.len()).ok()?;
        let children = match early {
            0 => Vec::new(),
            _ => story.children(&parts.early, Subtree::whole(early))?,
        };
        let fault = parts.fault.filter(|_| faults);
        Some(Move::Parts(Parts { children, leaves: parts.leaves, fault }))
    }

    fn open(&self, block: u32, op: OpIndex, tile: u32) -> Option<Move> {
        let story = self.0;
        let at = story.block(block)?;
        let site = &at.sites[at.op(op)?];
        let leaf = story.opened(at.position, site, tile)?;
        let edge = match site.output() {
            program::Type::Kv(_) => story.edge(at.position, op, tile),
            program::Type::Token
            | program::Type::Fixed(_)
            | program::Type::Quantised { .. }
            | program::Type::Logits(_)
            | program::Type::Routing(_) => Vec::new(),
        };
        Some(Move::Open(Opened { salt: leaf.salt, bytes: leaf.bytes, edge }))
    }
}

impl Side for Challenger<'_, '_> {
    fn answer(&mut self, asked: &Asked<'_>) -> Option<Move> {
        let story = self.0;
        match asked {
            Asked::OwnRoot { entries } => {
                let own = u32::try_from(story.entries().len()).ok()?.min(*entries);
                Some(Move::OwnRoot { entries: own, root: story.log_root(own)? })
            }
            Asked::NameChild { tree: Tree::Log, revealed } => {
                story.first_other(story.entries(), revealed).map(Move::Name)
            }
            Asked::NameChild { tree: Tree::Tiles { block, op }, revealed } => {
                let early = story.parts_of(*block, *op)?.early;
                story.first_other(&early, revealed).map(Move::Name)
            }
            Asked::NameOp { block, roots } => {
                let own = story.roots(&story.block(*block)?);
                first_other(&own, roots).or(Some(roots.len())).and_then(name)
            }
            Asked::NamePart { block, op, early, parts } => {
                self.name_part(*block, *op, *early, parts)
            }
            Asked::Prove { block, op, tile, salt } => self.prove(*block, *op, *tile, *salt),
            Asked::Root { .. }
            | Asked::Children { .. }
            | Asked::Ops { .. }
            | Asked::Parts { .. }
            | Asked::Open { .. } => None,
        }
    }
}

impl Challenger<'_, '_> {
    /// The first subtree, leaf or fault that is not the story's.
    fn name_part(
        &self,
        block: u32,
        op: OpIndex,
        early: Option<Subtree>,
        parts: &Parts,
    ) -> Option<Move> {
        let own = self.0.parts_of(block, op)?;
        if let Some(at) = early {
            let revealed = Revealed { at, hashes: &parts.children };
            if let Some(child) = self.0.first_other(&own.early, &revealed) {
                return Some(Move::Name(child));
            }
        }
        let leaf = first_other(&own.leaves, &parts.leaves).unwrap_or(parts.leaves.len());
        name(parts.children.len() + leaf)
    }

    /// The operands; but where the right tile was opened with a false salt, the blind.
    fn prove(&self, block: u32, op: OpIndex, tile: u32, shown: Option<&Digest>) -> Option<Move> {
        let story = self.0;
        let at = story.block(block)?;
        let site = &at.sites[at.op(op)?];
        let salt = story.committer.salt(crate::block::leaf_at(site, at.position, tile));
        if shown.is_some_and(|shown| *shown != salt) {
            return Some(Move::Blind(Blind(story.job.salts.blind.0)));
        }
        story.show(block, op, tile)
    }
}

fn name(index: usize) -> Option<Move> {
    u16::try_from(index).ok().map(Move::Name)
}

/// The first of the shown hashes that are not one's own; whatever is shown behind one's own is wrong.
fn first_other(own: &[Digest], shown: &[Digest]) -> Option<usize> {
    (0..shown.len()).find(|at| own.get(*at) != shown.get(*at))
}

impl<'a> Story<'a> {
    /// The move that shows what a tile reads.
    #[must_use]
    pub fn show(&self, block: u32, op: OpIndex, tile: u32) -> Option<Move> {
        self.operands(&self.block(block)?, op, tile).map(Move::Operands)
    }

    /// Root of its first entries; zeros of none, `None` where it has not so many.
    pub(crate) fn log_root(&self, entries: u32) -> Option<Digest> {
        let entries = self.entries().get(..usize::try_from(entries).ok()?)?;
        Some(
            Edge::over(&self.nodes(), entries.iter().copied())
                .root(&self.nodes())
                .unwrap_or_default(),
        )
    }

    fn parts_of(&self, block: u32, op: OpIndex) -> Option<super::story::OpParts> {
        let block: Block<'a> = self.block(block)?;
        let site = &block.sites[block.op(op)?];
        Some(self.parts(block.position, site))
    }

    /// What stands below a subtree of a tree with these leaves.
    fn children(&self, leaves: &[Digest], at: Subtree) -> Option<Vec<Digest>> {
        at.children().into_iter().map(|child| self.subtree(leaves, child)).collect()
    }

    fn subtree(&self, leaves: &[Digest], at: Subtree) -> Option<Digest> {
        let range = usize::try_from(at.start).ok()?..usize::try_from(at.end()).ok()?;
        Edge::over(&self.nodes(), leaves.get(range)?.iter().copied()).root(&self.nodes())
    }

    /// The first of the revealed subtrees that is not that of these leaves.
    fn first_other(&self, leaves: &[Digest], revealed: &Revealed<'_>) -> Option<u16> {
        let children = revealed.at.children().into_iter().zip(revealed.hashes);
        let other =
            |(at, hash): (Subtree, &Digest)| self.subtree(leaves, at).as_ref() != Some(hash);
        let first = children.map(other).position(|other| other)?;
        u16::try_from(first).ok()
    }
}
