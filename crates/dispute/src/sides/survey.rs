//! Every tile of a model's step disputed in turn: each can be proved, fits its bound, and is true.
//!
//! Never chooses: a survey covers all tiles of all ops of the blocks it is given, by a challenger that goes straight to
//! the tile.

use commit::{Blind, Digest, Salts};
use program::OpIndex;
use program::tile::{At, Tile};
use program::trace::Committer;

use super::answers::{Challenger, Claimant};
use super::liars::Random;
use super::setting::Setting;
use super::story::Lies;
use super::{Side, Story, Watch, play_watched};
use crate::block::{Block, Tiles};
use crate::game::Dispute;
use crate::moves::Move;
use crate::operands::tile_of;
use crate::sizes::operands_bytes_max;
use crate::state::{Asked, Tree};
use crate::subject::Claimed;
use crate::tree::Subtree;
use crate::verdict::Verdict;

/// What a survey found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Tiles disputed.
    pub tiles: u32,
    /// Bytes of the greatest move with operands.
    pub bytes_max: usize,
    /// The most rounds.
    pub rounds_max: u32,
}

/// Disputes every tile of the last block and of one block of each position, in the setting of a seed.
///
/// # Errors
/// What went wrong, of the first tile that is not proved right, or is greater than its bound.
pub fn survey(seed: u64) -> Result<Survey, String> {
    survey_watched(seed, &mut |_, _, _| {})
}

/// The same; `watch` sees the bytes of every move before the referee does.
///
/// # Errors
/// As [`survey`].
pub(super) fn survey_watched(seed: u64, watch: &mut Watch<'_>) -> Result<Survey, String> {
    let setting = Setting::random(&mut Random::new(seed));
    let weights = setting.load(&setting.file)?;
    let truth = setting.truth(&weights)?;
    let (positions, claimed) = (truth.positions, truth.claimed);
    let record = setting.record(&weights, positions)?;
    let court = setting.court(&weights, positions, claimed)?;
    let story = court.honest(record);
    let mut survey = Survey::default();
    let subject = court.subject()?;
    let last = subject.entries(&setting.checked);
    let mut random = Random::new(seed);
    let step = last / positions.min(4) + 1;
    let blocks = (0..last).step_by(usize::try_from(step).unwrap_or(1)).chain([last]);
    for index in blocks {
        let block = story.block(index).ok_or("the block is there")?;
        for site in &block.sites {
            let at = At { position: block.position, token: 0 };
            let ends = matches!(claimed, Claimed::Fault(op) if index == last && op <= site.index);
            for tile in (0..Tiles::of(site, block.position).all()).filter(|_| !ends) {
                let mut directed = Directed { story: &story, block: index, op: site.index, tile };
                let played =
                    court.play(&mut Claimant(&story), &mut directed, &mut random, watch)?;
                let place = format!("{} tile {tile} of block {index}", site.op.name());
                if played.verdict != Some(Verdict::ChallengerRefuted) {
                    return Err(format!("{place}: {:?}", played.verdict));
                }
                let shown =
                    story.show(index, site.index, tile).map_or(0, |made| made.encode().len());
                let which = tile_of(site, at, tile).unwrap_or(Tile { stage: 0, index: 0 });
                let bound = operands_bytes_max(site, at, which).unwrap_or(0);
                if u64::try_from(shown).unwrap_or(u64::MAX) > bound {
                    return Err(format!("{place}: {shown} bytes are above {bound}"));
                }
                survey.tiles += 1;
                survey.bytes_max = survey.bytes_max.max(shown);
                survey.rounds_max = survey.rounds_max.max(played.moves.div_ceil(2));
            }
        }
    }
    Ok(survey)
}

/// Every state that a true claim comes to before a challenger that goes to the first tile of every op of a block in the
/// middle and of the last one, and a claim under a false salt before an honest challenger; and the bytes of the move that
/// follows. Leaks the setting: for fuzzing, once per process.
///
/// # Errors
/// What went wrong.
pub fn states(seed: u64) -> Result<Vec<(Dispute<'static>, Vec<u8>)>, String> {
    let setting: &'static Setting = Box::leak(Box::new(Setting::random(&mut Random::new(seed))));
    let weights = Box::leak(Box::new(setting.load(&setting.file)?));
    let truth = setting.truth(weights)?;
    let court = Box::leak(Box::new(setting.court(weights, truth.positions, truth.claimed)?));
    let model = Box::leak(Box::new(court.model()?));
    let subject = court.subject()?;
    let last = subject.entries(&setting.checked);
    let story = court.honest(setting.record(weights, truth.positions)?);
    let mut states = Vec::new();
    let mut play = |claimant: &mut dyn Side, challenger: &mut dyn Side| {
        let mut dispute = Dispute::open(model, subject.clone(), 1, 0);
        play_watched(&mut dispute, claimant, challenger, &mut |dispute, _, bytes| {
            states.push((dispute.clone(), bytes.to_vec()));
        });
    };
    for index in [last / 2, last] {
        for site in story.block(index).ok_or("the block is there")?.sites {
            let mut directed = Directed { story: &story, block: index, op: site.index, tile: 0 };
            play(&mut Claimant(&story), &mut directed);
        }
    }
    let block = story.block(last / 2).ok_or("the block is there")?;
    let blind = Blind([0; 32]);
    let other = Committer(Salts { blind, ..setting.salts });
    let salts = Some((block.position, block.sites[block.output].index, other));
    let record = setting.record(weights, truth.positions)?;
    let salted = court.told(record, Lies { salts, ..Lies::default() });
    play(&mut Claimant(&salted), &mut Challenger(&story));
    Ok(states)
}

/// Goes straight to a tile.
struct Directed<'s, 'a> {
    story: &'s Story<'a>,
    block: u32,
    op: OpIndex,
    tile: u32,
}

impl Directed<'_, '_> {
    fn child(&self, children: &[Subtree], leaf: u32) -> Option<Move> {
        let at = children.iter().position(|child| (child.start..child.end()).contains(&leaf))?;
        u16::try_from(at).ok().map(Move::Name)
    }
}

impl Side for Directed<'_, '_> {
    fn answer(&mut self, asked: &Asked<'_>) -> Option<Move> {
        let number = |at: usize| u16::try_from(at).ok().map(Move::Name);
        match asked {
            Asked::OwnRoot { entries } => {
                let other: Digest = [1; 32];
                let root = match self.block == *entries {
                    true => self.story.log_root(*entries)?,
                    false => other,
                };
                Some(Move::OwnRoot { entries: *entries, root })
            }
            Asked::NameChild { tree: Tree::Log, revealed } => {
                self.child(&revealed.at.children(), self.block)
            }
            Asked::NameChild { tree: Tree::Tiles { .. }, revealed } => {
                self.child(&revealed.at.children(), self.tile)
            }
            Asked::NameOp { block, .. } => {
                let block: Block<'_> = self.story.block(*block)?;
                number(block.op(self.op)?)
            }
            Asked::NamePart { early, parts, .. } => {
                let early_tiles = early.map_or(0, |early| early.leaves);
                match self.tile.checked_sub(early_tiles) {
                    None => self.child(&(*early)?.children(), self.tile),
                    Some(leaf) => number(parts.children.len() + usize::try_from(leaf).ok()?),
                }
            }
            Asked::Prove { block, op, tile, .. } => self.story.show(*block, *op, *tile),
            Asked::Root { .. }
            | Asked::Children { .. }
            | Asked::Ops { .. }
            | Asked::Parts { .. }
            | Asked::Open { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_every_kind_of_move_are_given() {
        let mut numbers = std::collections::BTreeSet::new();
        for seed in 0..4 {
            for (_, bytes) in states(seed).unwrap() {
                numbers.insert(bytes[2]);
            }
        }
        assert_eq!(numbers.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
