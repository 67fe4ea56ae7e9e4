//! The grid of `sample`: counts, adjusted logits, two descents over the digits of (logit, id), and the draw
//! (`spec/sampling.md` section 7).
//!
//! Every stage is always there, whatever the job's parameters: a step that is neutral has tiles that change nothing, so
//! the grid depends on the vocabulary and the position only. Never part of a program's bytes.

use super::sample_tiles::Cut;
use crate::tile::{At, Data, Operand, Stage, Tile};
use core::ops::Range;

/// Token ids of one tile.
pub(crate) const CHUNK_IDS: u32 = 4096;
/// Tokens that one tile counts.
pub(crate) const TOKENS: u32 = 1024;
/// Chunks whose bins one tile adds.
pub(crate) const BINS_ADDED: u32 = 64;
/// Digits of six bits of a (logit, id).
const DIGITS: u8 = 9;
/// Bins of a digit.
const BINS: u64 = 64;

const COUNT: u8 = 0;
const ADJUST: u8 = 1;
const PEAK: u8 = 2;
const GREATEST: u8 = 3;
/// The last digit of top-k's threshold.
const TOP_K: u8 = GREATEST + 3 * DIGITS;
const WEIGH: u8 = TOP_K + 1;
const TOTAL: u8 = TOP_K + 2;
/// The last digit of top-p's threshold.
const TOP_P: u8 = TOTAL + 3 * DIGITS;
const REMAIN: u8 = TOP_P + 1;
const DRAW: u8 = TOP_P + 2;
const WALK: u8 = TOP_P + 3;
const STAGES: u8 = TOP_P + 5;

/// What the tiles of a stage do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// How often each id of a chunk occurs in a page of tokens and before it.
    Count,
    /// Penalties and biases of a chunk.
    Adjust,
    /// Greatest logit of a chunk.
    Peak,
    /// Greatest logit.
    Greatest,
    /// Amounts of a chunk by the next digit of their keys.
    Bins(Cut, u32),
    /// Bins of up to 64 chunks added.
    AddBins,
    /// The next digit of a threshold.
    Digit(Cut, u32),
    /// The weights of a chunk that top-k left.
    Weigh,
    /// Their sum.
    Total,
    /// The weights of a chunk that all cuts left.
    Remain,
    /// Their sum, the chunk the draw falls into, and what is left of it there.
    Draw,
    /// The id of a chunk, if the draw falls into it.
    Walk,
    /// The answer.
    Choose,
}

impl Part {
    /// The part of every stage, in order.
    pub(crate) fn all() -> Vec<Self> {
        (0..STAGES).map(Self::of).collect()
    }

    pub(crate) fn of(stage: u8) -> Self {
        match stage {
            COUNT => Self::Count,
            ADJUST => Self::Adjust,
            PEAK => Self::Peak,
            GREATEST => Self::Greatest,
            WEIGH => Self::Weigh,
            TOTAL => Self::Total,
            REMAIN => Self::Remain,
            DRAW => Self::Draw,
            WALK => Self::Walk,
            descent if descent <= TOP_P => {
                let (cut, first) = if descent <= TOP_K {
                    (Cut::TopK, GREATEST + 1)
                } else {
                    (Cut::TopP, TOTAL + 1)
                };
                let digit = u32::from((descent - first) / 3);
                match (descent - first) % 3 {
                    0 => Self::Bins(cut, digit),
                    1 => Self::AddBins,
                    _ => Self::Digit(cut, digit),
                }
            }
            _ => Self::Choose,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Adjust => "adjust",
            Self::Peak => "peak",
            Self::Greatest => "greatest",
            Self::Bins(..) => "bins",
            Self::AddBins => "add bins",
            Self::Digit(..) => "digit",
            Self::Weigh => "weigh",
            Self::Total => "total",
            Self::Remain => "remain",
            Self::Draw => "draw",
            Self::Walk => "walk",
            Self::Choose => "choose",
        }
    }

    /// Bytes of what a tile makes.
    fn output_bytes(self) -> u64 {
        match self {
            // The count, and whether the prompt has the id; the adjusted logit.
            Self::Count | Self::Adjust => 4 * u64::from(CHUNK_IDS),
            Self::Choose => 4,
            Self::Bins(..) | Self::AddBins => 8 * BINS,
            // The digits found so far, and what the need leaves.
            Self::Digit(..) => 16,
            // A key, a sum, an id and whether there is one.
            Self::Peak | Self::Greatest => 8,
            Self::Weigh | Self::Total | Self::Remain | Self::Walk => 8,
            Self::Draw => 20,
        }
    }
}

/// Bytes of what a tile of a stage makes.
pub(crate) fn output_bytes(stage: u8) -> u64 {
    Part::of(stage).output_bytes()
}

/// What a tile of a stage made, of its bytes; `None` where they are no such thing, or no tile reads it.
#[must_use]
pub fn read_output(stage: u8, bytes: &[u8]) -> Option<Data> {
    let words = || bytes.as_chunks::<8>().0.iter().copied().map(u64::from_le_bytes);
    let halves = || bytes.as_chunks::<4>().0.iter().copied().map(u32::from_le_bytes);
    let whole = |width: usize| bytes.len().is_multiple_of(width);
    let one = || u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let is = |length: usize| bytes.len() == length;
    let signed = |half: u32| i32::from_le_bytes(half.to_le_bytes());
    match Part::of(stage) {
        Part::Count => whole(4).then(|| Data::Counts(halves().collect())),
        Part::Adjust => whole(4).then(|| Data::Fixed(halves().map(signed).collect())),
        Part::Peak | Part::Greatest => is(8).then(|| Data::Key(one())),
        Part::Bins(..) | Part::AddBins => whole(8).then(|| Data::Bins(words().collect())),
        Part::Weigh | Part::Total | Part::Remain => is(8).then(|| Data::Amount(one())),
        Part::Digit(..) => match *words().collect::<Vec<_>>() {
            [prefix, left] if is(16) => Some(Data::Digits { prefix, left }),
            _ => None,
        },
        Part::Draw => match (&*words().collect::<Vec<_>>(), halves().next_back()) {
            ([total, rest], Some(chunk)) if is(20) => {
                Some(Data::Drawn { total: *total, rest: *rest, chunk })
            }
            _ => None,
        },
        Part::Walk => match *halves().collect::<Vec<_>>() {
            [0, 0] if is(8) => Some(Data::Found(None)),
            [1, id] if is(8) => Some(Data::Found(Some(id))),
            _ => None,
        },
        Part::Choose => None,
    }
}

/// How many chunks of ids and pages of tokens there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    chunks: u32,
    pages: u32,
}

impl Grid {
    pub(crate) fn of(vocabulary: u32, position: u32) -> Self {
        Self { chunks: vocabulary.div_ceil(CHUNK_IDS), pages: position / TOKENS + 1 }
    }

    pub(crate) fn stage(self, part: Part) -> Stage {
        let tiles = match part {
            Part::Count => self.pages * self.chunks,
            Part::Adjust
            | Part::Peak
            | Part::Bins(..)
            | Part::Weigh
            | Part::Remain
            | Part::Walk => self.chunks,
            Part::AddBins => self.chunks.div_ceil(BINS_ADDED),
            Part::Greatest | Part::Digit(..) | Part::Total | Part::Draw | Part::Choose => 1,
        };
        Stage { name: part.name(), tiles }
    }

    pub(crate) fn operands(self, at: At, tile: Tile, logits: Operand) -> Vec<Operand> {
        let outputs = |stage, tiles: Range<u32>| Operand::Outputs { stage, tiles };
        let only = |stage| outputs(stage, 0..1);
        let adjusted = outputs(ADJUST, tile.index..tile.index + 1);
        let weighed = |more: &[u8]| {
            let weights = [adjusted.clone(), only(GREATEST), Operand::Sampling];
            weights.into_iter().chain(more.iter().map(|stage| only(*stage))).collect()
        };
        let before = tile.stage.saturating_sub(1);
        match Part::of(tile.stage) {
            Part::Count => self.count(at, tile),
            Part::Adjust => {
                let counted = (self.pages - 1) * self.chunks + tile.index;
                let counts = outputs(COUNT, counted..counted + 1);
                vec![logits, counts, Operand::Sampling, Operand::Biases]
            }
            Part::Peak => vec![adjusted],
            Part::Bins(Cut::TopK, 0) => vec![adjusted],
            Part::Bins(Cut::TopK, _) => vec![adjusted, only(before)],
            Part::Bins(Cut::TopP, 0) => weighed(&[TOP_K]),
            Part::Bins(Cut::TopP, _) => weighed(&[TOP_K, before]),
            Part::AddBins => {
                let first = tile.index * BINS_ADDED;
                vec![outputs(before, first..(first + BINS_ADDED).min(self.chunks))]
            }
            Part::Digit(cut, digit) => {
                let added = outputs(before, 0..self.chunks.div_ceil(BINS_ADDED));
                match (cut, digit) {
                    (Cut::TopK, 0) => vec![added, Operand::Sampling],
                    (Cut::TopP, 0) => vec![added, only(TOTAL), Operand::Sampling],
                    (Cut::TopK | Cut::TopP, _) => vec![added, only(tile.stage - 3)],
                }
            }
            Part::Greatest | Part::Total => vec![outputs(before, 0..self.chunks)],
            Part::Weigh => weighed(&[TOP_K]),
            Part::Remain => weighed(&[TOP_K, TOP_P]),
            Part::Draw => vec![outputs(before, 0..self.chunks), Operand::Sampling],
            Part::Walk => weighed(&[TOP_K, TOP_P, DRAW]),
            Part::Choose => vec![outputs(before, 0..self.chunks)],
        }
    }

    /// A page of tokens, and the counts of the pages before.
    fn count(self, at: At, tile: Tile) -> Vec<Operand> {
        let start = tile.index / self.chunks * TOKENS;
        let end = (start + TOKENS).min(at.position + 1);
        let mut operands = vec![Operand::Tokens { positions: start..end }, Operand::Sampling];
        if let Some(before) = tile.index.checked_sub(self.chunks) {
            operands.push(Operand::Outputs { stage: COUNT, tiles: before..before + 1 });
        }
        operands
    }
}
