//! Random disputes on tiny models in which one side lies: the liar must lose, whatever the lie.
//!
//! A [`Game`] is a function of its seed: the model, the job, who lies and how. Never offline of the real thing: filings,
//! moves and proofs are what strangers would send, each move through its bytes. [`play`] says which side it was that
//! should have lost, if it did not.

use commit::{Blind, Salts};
use program::record::{Record, TileOutputs};
use program::reference::{Cell, RunError, Weights};
use program::tile::{At, Data, Tile, leaves};
use program::trace::Committer;
use program::{Op, Place, Site};
use thiserror::Error;

use super::answers::{Challenger, Claimant};
use super::liars::{Random, Slander, Slanderer, Trick, TrickyClaimant};
use super::setting::{Setting, Truth, count, text, wide};
use super::story::Lies;
use super::tamper::{Liar, cell_of, other_data, outputs_of};
use super::{Played, Watch};
use crate::block::Tiles;
use crate::operands::{number_of, tile_of};
use crate::subject::Claimed;
use crate::verdict::{Party, Verdict};

/// A game that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// Who lied.
    pub liar: Party,
    /// How.
    pub lie: String,
    /// What came of it.
    pub played: Played,
}

/// A game that should not be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("seed {seed}: {what}")]
pub struct Broken {
    /// Its seed.
    pub seed: u64,
    /// What went wrong.
    pub what: String,
}

/// Plays the game of a seed; `None` where its lie happened to be none.
///
/// # Errors
/// [`Broken`] where the honest side lost, or a lie that can be proved was not.
pub fn play(seed: u64) -> Result<Option<Game>, Broken> {
    watched(seed, &mut |_, _, _| {})
}

/// The same; `watch` sees every move's bytes before the referee does.
///
/// # Errors
/// As [`play`].
pub fn watched(seed: u64, watch: &mut Watch<'_>) -> Result<Option<Game>, Broken> {
    let mut random = Random::new(seed);
    let broken = |what: String| Broken { seed, what };
    let setting = Setting::random(&mut random);
    let run = setting.load(&setting.file).map_err(broken)?;
    let game = Table { setting: &setting, weights: &run, random, watch };
    game.play().map_err(|what| Broken { seed, what })
}

/// What a lying claimant's story is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Falsehood {
    /// Another token, all else true.
    Token,
    /// An entry of what one op made, and all that follows from it.
    Cell,
    /// What one tile made, and all that follows from it.
    Tile,
    /// A layer hands its input on.
    SkippedLayer,
    /// Other bytes of weights.
    Weights,
    /// Another seed.
    Seed,
    /// Salts of one op are made of another blind.
    Salts,
    /// An op is said to fault.
    FalseFault,
    /// A row of key and value is another one than it was.
    History,
}

impl Falsehood {
    const ALL: [Self; 9] = [
        Self::Token,
        Self::Cell,
        Self::Tile,
        Self::SkippedLayer,
        Self::Weights,
        Self::Seed,
        Self::Salts,
        Self::FalseFault,
        Self::History,
    ];
}

/// A game being set up.
struct Table<'s, 'w> {
    setting: &'s Setting,
    weights: &'s Weights<'s>,
    random: Random,
    watch: &'s mut Watch<'w>,
}

impl<'s> Table<'s, '_> {
    fn play(mut self) -> Result<Option<Game>, String> {
        let truth = self.setting.truth(self.weights)?;
        if self.random.below(3) == 0 { self.slander(&truth) } else { self.lie() }
    }

    fn sites(&self) -> Vec<Site<'s>> {
        self.setting.checked.sites().collect()
    }

    /// A challenger without a case against a true claim.
    fn slander(mut self, truth: &Truth) -> Result<Option<Game>, String> {
        let slander = match self.random.below(8) {
            0..=2 => Slander::Names,
            3 | 4 => Slander::OwnRoot,
            5 => Slander::Operands,
            6 => Slander::Blind,
            _ => Slander::Silence(self.random.under(6)),
        };
        let court = self.setting.court(self.weights, truth.positions, truth.claimed)?;
        let story = court.honest(self.setting.record(self.weights, truth.positions)?);
        let random = self.random.clone();
        let mut challenger = Slanderer { story: &story, slander, random, asked: 0 };
        let played =
            court.play(&mut Claimant(&story), &mut challenger, &mut self.random, self.watch)?;
        match played.verdict {
            Some(Verdict::ChallengerRefuted | Verdict::ChallengerTimedOut) => {}
            other => return Err(format!("{slander:?} against the truth ended in {other:?}")),
        }
        let (liar, lie) = (Party::Challenger, format!("{slander:?}"));
        Ok(Some(Game { liar, lie, played }))
    }

    /// A false claim against an honest challenger.
    fn lie(mut self) -> Result<Option<Game>, String> {
        let falsehood = Falsehood::ALL[self.random.below(Falsehood::ALL.len())];
        let trick = match self.random.below(12) {
            0 => Trick::OpRoot,
            1 => Trick::TileTree,
            2 => Trick::ValueLeaf,
            3 => Trick::Silence(self.random.under(6)),
            _ => Trick::Straight,
        };
        let mut other = self.setting.file.clone();
        if falsehood == Falsehood::Weights {
            for _ in 0..64 {
                let at = self.random.below(other.len());
                other[at] ^= 1;
            }
        }
        let Ok(weights) = self.setting.load(&other) else { return Ok(None) };
        let Some((positions, claimed, record, lies)) = self.false_story(falsehood, &weights)?
        else {
            return Ok(None);
        };
        let record_of_step = self.setting.record(self.weights, positions)?;
        let truth = self.setting.outcome(&record_of_step, positions)?;
        if (positions, claimed) == (truth.positions, truth.claimed) {
            return Ok(None);
        }
        let court = self.setting.court(self.weights, positions, claimed)?;
        let honest = court.honest(record_of_step);
        let story = court.told(record, lies);
        let random = self.random.clone();
        let inner = Claimant(&story);
        let mut claimant = TrickyClaimant { inner, trick, random, asked: 0 };
        let played =
            court.play(&mut claimant, &mut Challenger(&honest), &mut self.random, self.watch)?;
        let lie = format!("{falsehood:?} {trick:?}");
        match (played.verdict, trick) {
            (Some(Verdict::ClaimantRefuted(_)), _) => {}
            (Some(Verdict::ClaimantTimedOut), trick) if trick != Trick::Straight => {}
            (other, _) => return Err(format!("{lie} about {claimed:?} ended in {other:?}")),
        }
        Ok(Some(Game { liar: Party::Claimant, lie, played }))
    }

    /// Positions, claim, record and lies of a false story; `None` where there is none of this kind.
    fn false_story<'w>(
        &mut self,
        falsehood: Falsehood,
        weights: &'w Weights<'w>,
    ) -> Result<Option<(u32, Claimed, Record<'w>, Lies)>, String> {
        let setting = self.setting;
        let (position, site) = self.place(count(setting.tokens.len()));
        let Some((changed, mut lies)) = self.lies(falsehood, position, &site)? else {
            return Ok(None);
        };
        let positions = match lies.fault {
            Some((at, _, _)) => at + 1,
            None => count(setting.tokens.len()),
        };
        let mut choice = setting.choice.clone();
        if falsehood == Falsehood::Seed {
            choice.seed = self.random.digest();
        }
        let mut liar = Liar {
            falsehood,
            target: (position, site),
            changed,
            random: &mut self.random,
            handed: None,
            outputs: outputs_of(&setting.checked),
        };
        let mut alter =
            |at: At, here: &Site<'_>, made: Result<Cell, _>| Ok(liar.alter(at, here, made.ok()));
        let tokens = &setting.tokens[..wide(positions)];
        let drawn = positions.max(setting.choice.prompt);
        let record = match Record::until(weights, tokens, drawn, &mut alter) {
            Ok(record) => record.with_choice(choice),
            Err(RunError::Fault(_) | RunError::Token { .. } | RunError::TooLong) => {
                return Ok(None);
            }
        };
        let claimed = match lies.fault {
            Some((_, op, _)) => Claimed::Fault(op),
            None => {
                let own = lies.token.or_else(|| record.drawn(&self.setting.committer()));
                let truth = self
                    .setting
                    .outcome(&self.setting.record(self.weights, positions)?, positions)?
                    .claimed;
                let token = match own.map(Claimed::Token).filter(|own| *own != truth) {
                    Some(Claimed::Token(token)) => token,
                    Some(Claimed::Fault(_)) | None => self.other_token(truth),
                };
                lies.token = Some(token);
                Claimed::Token(token)
            }
        };
        Ok(Some((positions, claimed, record, lies)))
    }

    /// What is said at an op beside the record, and what the record has there.
    fn lies(
        &mut self,
        falsehood: Falsehood,
        position: u32,
        site: &Site<'_>,
    ) -> Result<Option<(Option<Cell>, Lies)>, String> {
        let (mut lies, op) = (Lies::default(), site.index);
        match falsehood {
            Falsehood::Tile => {
                let Some((cell, token, outputs)) = self.other_tile(position, site)? else {
                    return Ok(None);
                };
                lies.token = token;
                lies.outputs = Some((position, op, outputs));
                return Ok(Some((cell, lies)));
            }
            Falsehood::FalseFault => {
                let tile = self.random.under(Tiles::of(site, position).all());
                lies.fault = Some((position, op, tile));
            }
            Falsehood::Salts => {
                let blind = Blind(self.random.digest());
                let committer = Committer(Salts { blind, ..self.setting.salts });
                lies.salts = Some((position, op, committer));
            }
            Falsehood::History => {
                let append = |site: &Site<'_>| matches!(site.op, Op::KvAppend(_));
                let appends: Vec<Site<'_>> = self.sites().into_iter().filter(append).collect();
                let site = appends[self.random.below(appends.len())];
                let (row, more) = (self.random.under(position.max(1)), self.random.under(3));
                let head = self.random.under(leaves(site.output()));
                lies.history = Some((site.index, head, row, row + 1 + more));
            }
            Falsehood::Token
            | Falsehood::Cell
            | Falsehood::SkippedLayer
            | Falsehood::Weights
            | Falsehood::Seed => {}
        }
        Ok(Some((None, lies)))
    }

    /// A token that is not the true one.
    fn other_token(&mut self, truth: Claimed) -> u32 {
        let vocabulary = self.setting.checked.program().vocabulary;
        let token = self.random.under(vocabulary);
        if Claimed::Token(token) == truth { (token + 1) % vocabulary } else { token }
    }

    /// An op that stands somewhere.
    fn place(&mut self, positions: u32) -> (u32, Site<'s>) {
        let sites = self.sites();
        loop {
            let position = self.random.under(positions);
            let site = sites[self.random.below(sites.len())];
            let drawn = position + 1 >= self.setting.choice.prompt;
            // Of the epilogues only the last one is part of the step; a fault may end any.
            if site.place != Place::Epilogue || (drawn && position + 1 == positions) {
                return (position, site);
            }
        }
    }

    /// What an op would have made, had one of its tiles made something else.
    #[allow(clippy::type_complexity, reason = "a cell, a token, the outputs")]
    fn other_tile(
        &mut self,
        position: u32,
        site: &Site<'_>,
    ) -> Result<Option<(Option<Cell>, Option<u32>, TileOutputs)>, String> {
        let record = self.setting.record(self.weights, count(self.setting.tokens.len()))?;
        if record.cell(position, site.index).is_none() {
            return Ok(None);
        }
        let (at, committer) = (record.at(position), self.setting.committer());
        let chosen = self.random.under(Tiles::of(site, position).all());
        let honest = text(record.tiles(site, at, &committer))?;
        let mut outputs = TileOutputs::new();
        for (tile, true_data) in &honest {
            let made = record.tile(site, at, *tile, &outputs, &committer);
            let mut made = made.unwrap_or_else(|_| true_data.clone());
            if number_of(site, at, *tile) == chosen {
                made = other_data(made);
            }
            outputs.insert(*tile, made);
        }
        let first = tile_of(site, at, Tiles::of(site, position).early);
        let values: Vec<&Data> = outputs
            .iter()
            .filter(|(tile, _)| first.is_some_and(|first: Tile| **tile >= first))
            .map(|(_, data)| data)
            .collect();
        if let [Data::Token(token)] = *values {
            return Ok(Some((None, Some(*token), outputs)));
        }
        debug_assert_eq!(count(values.len()), leaves(site.output()));
        Ok(cell_of(&values).map(|cell| (Some(cell), None, outputs)))
    }
}
