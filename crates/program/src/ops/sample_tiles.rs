//! What the tiles of `sample` make of their operands (`spec/sampling.md`), by the pieces of `canon::reference`.
//!
//! Keys order the ids: `(logit + 2^31) * 2^20 + (2^20 - 1 - id)`, a greater key comes earlier. At temperature 0 the
//! greatest key has the weight 1 and all others 0, so that one grid serves every temperature. Never sees a mask.

use super::sample_grid::{BINS_ADDED, CHUNK_IDS, Part, TOKENS};
use crate::structure::{count, index};
use crate::tile::{At, Choice, Data, EvalError, Inputs, Tile};
use canon::reference::{self, GREATEST_WEIGHT};
use canon::sample::{Micro, Settings, noise};

/// Bits of a digit of a key.
const DIGIT_BITS: u32 = 6;
/// Bits of all digits of a key.
const KEY_BITS: u32 = 54;
/// Every key is below this.
const KEY_END: u64 = 1 << 52;
/// Every sum of weights is below this.
const AMOUNT_END: u64 = 1 << 53;
/// In a count: the prompt has the id.
const IN_PROMPT: u32 = 1 << 31;
/// Micro-units of one.
const MILLION: u128 = 1_000_000;

/// A tile of `sample` about to be evaluated.
pub(super) struct Eval<'a> {
    pub(super) data: Inputs<'a>,
    pub(super) at: At,
    pub(super) tile: Tile,
    pub(super) vocabulary: u32,
    pub(super) frac: u8,
}

/// What a descent finds the threshold of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    TopK,
    TopP,
}

impl Eval<'_> {
    pub(super) fn run(&self, part: Part) -> Result<Data, EvalError> {
        match part {
            Part::Count => self.count(),
            Part::Adjust => self.adjust(),
            Part::Peak => {
                let logits = self.adjusted()?;
                let keys = self.ids().zip(logits).map(|(id, logit)| key(*logit, id));
                Ok(Data::Key(keys.max().unwrap_or(0)))
            }
            Part::Greatest => {
                let mut greatest = 0;
                let keys = self.every_chunk()?;
                for chunk in 0..keys.len() {
                    greatest = greatest.max(self.known_key(keys, chunk)?);
                }
                Ok(Data::Key(greatest))
            }
            Part::Bins(cut, digit) => self.bins(cut, digit),
            Part::AddBins => {
                let mut added = vec![0; BINS];
                let first = self.tile.index * BINS_ADDED;
                let chunks = (self.chunks() - first).min(BINS_ADDED);
                let chunks = self.data.outputs(0, index(chunks))?;
                for chunk in 0..chunks.len() {
                    add(&mut added, chunks.bins(chunk)?)?;
                }
                Ok(Data::Bins(added))
            }
            Part::Digit(cut, digit) => self.digit(cut, digit),
            Part::Weigh => self.sum_weights(1),
            Part::Total => Ok(Data::Amount(total(self.every_chunk()?)?)),
            Part::Remain => self.sum_weights(2),
            Part::Draw => self.draw(),
            Part::Walk => self.walk(),
            Part::Choose => {
                let chunks = self.every_chunk()?;
                for chunk in 0..chunks.len() {
                    if let Some(id) = chunks.found(chunk)? {
                        return Ok(Data::Token(id));
                    }
                }
                Err(EvalError::Operand { operand: 0, wanted: "a chunk the draw falls into" })
            }
        }
    }

    fn chunks(&self) -> u32 {
        self.vocabulary.div_ceil(CHUNK_IDS)
    }

    /// The first operand, where it is an output of every chunk.
    fn every_chunk(&self) -> Result<Inputs<'_>, EvalError> {
        self.data.outputs(0, index(self.chunks()))
    }

    /// The ids of the tile's chunk; of the counting stage, whose tiles go page by page, too.
    fn ids(&self) -> core::ops::Range<u32> {
        let start = self.tile.index % self.chunks() * CHUNK_IDS;
        start..(start + CHUNK_IDS).min(self.vocabulary)
    }

    fn count(&self) -> Result<Data, EvalError> {
        let ids = self.ids();
        let page = self.tile.index / self.chunks() * TOKENS;
        let end = (page + TOKENS).min(self.at.position + 1);
        let (tokens, prompt) = (self.data.tokens(0, end - page)?, self.data.choice(1)?.prompt);
        let mut counts = match page {
            0 => vec![0; ids.len()],
            _ => self.counts(2)?.to_vec(),
        };
        for (position, token) in (page..end).zip(tokens).filter(|(_, token)| ids.contains(token)) {
            let known = &mut counts[index(token - ids.start)];
            *known = if position < prompt { *known | IN_PROMPT } else { *known + 1 };
        }
        Ok(Data::Counts(counts))
    }

    fn counts(&self, operand: usize) -> Result<&[u32], EvalError> {
        let counts = self.data.outputs(operand, 1)?.counts(0)?;
        let few = counts.iter().all(|known| known & !IN_PROMPT <= crate::limits::CONTEXT_MAX);
        if counts.len() == self.ids().len() && few {
            return Ok(counts);
        }
        Err(EvalError::Operand { operand, wanted: "the counts of this chunk" })
    }

    fn adjust(&self) -> Result<Data, EvalError> {
        let logits = self.data.fixed(0, count(self.ids().len()))?;
        let counts = self.counts(1)?;
        let (settings, biases) = (self.settings(2)?, self.data.biases(3)?);
        let seen = |known: u32| (known > 0).then_some(known & !IN_PROMPT);
        let bias = |id: u32| {
            let found = biases.binary_search_by_key(&id, |(token, _)| *token).ok();
            found.map(|at| biases[at].1)
        };
        let entries = self.ids().zip(logits).zip(counts).map(|((id, logit), known)| {
            reference::adjust(*logit, self.frac, seen(*known), bias(id), settings)
        });
        Ok(Data::Fixed(entries.collect()))
    }

    fn settings(&self, operand: usize) -> Result<&Settings, EvalError> {
        Ok(self.data.choice(operand)?.parameters.settings())
    }

    /// The adjusted logits of the tile's chunk, always its first operand.
    fn adjusted(&self) -> Result<&[i32], EvalError> {
        let logits = self.data.outputs(0, 1)?.any_fixed(0)?;
        if logits.len() == self.ids().len() {
            return Ok(logits);
        }
        Err(EvalError::Operand { operand: 0, wanted: "the adjusted logits of this chunk" })
    }

    fn known_key(&self, outputs: Inputs<'_>, chunk: usize) -> Result<u64, EvalError> {
        match outputs.key(chunk)? {
            key if key < KEY_END => Ok(key),
            _ => Err(EvalError::Operand { operand: 0, wanted: "keys of 52 bits" }),
        }
    }

    /// Key and weight of every id of the chunk; operands 1 and 2 are the greatest key and the choice.
    fn weights(&self) -> Result<Vec<(u64, u64)>, EvalError> {
        let greatest = self.known_key(self.data.outputs(1, 1)?, 0)?;
        let temperature = self.settings(2)?.temperature;
        let inverse =
            (temperature != Micro::ZERO).then(|| reference::inverse_temperature(temperature));
        let most = i64::try_from(greatest >> 20).expect("a key has 52 bits") - (1 << 31);
        let entry = |(id, logit): (u32, &i32)| {
            let own = key(*logit, id);
            if own > greatest {
                let wanted = "the greatest key of all";
                return Err(EvalError::Operand { operand: 1, wanted });
            }
            let weight = match inverse {
                None => u64::from(own == greatest),
                Some(inverse) => {
                    let below = most.abs_diff(i64::from(*logit));
                    let below = u32::try_from(below).unwrap_or(u32::MAX);
                    u64::from(reference::weight(below, inverse, self.frac))
                }
            };
            Ok((own, weight))
        };
        self.ids().zip(self.adjusted()?).map(entry).collect()
    }

    /// The greatest of the thresholds that begin at operand 3.
    fn threshold(&self, cuts: usize) -> Result<u64, EvalError> {
        let mut greatest = 0;
        for operand in 3..3 + cuts {
            greatest = greatest.max(self.digits(operand)?.0);
        }
        Ok(greatest)
    }

    /// The digits so far and what is left of the need; they begin a key, so they are no greater than one.
    fn digits(&self, operand: usize) -> Result<(u64, u64), EvalError> {
        match self.data.outputs(operand, 1)?.digits(0)? {
            (prefix, left) if prefix < KEY_END => Ok((prefix, left)),
            _ => Err(EvalError::Operand { operand, wanted: "digits of a key" }),
        }
    }

    fn bins(&self, cut: Cut, digit: u32) -> Result<Data, EvalError> {
        let found = |operand| match digit {
            0 => Ok(0),
            _ => self.digits(operand).map(|(prefix, _)| prefix),
        };
        let (amounts, least, prefix) = match cut {
            Cut::TopK => {
                let ids = self.ids().zip(self.adjusted()?);
                (ids.map(|(id, logit)| (key(*logit, id), 1)).collect(), 0, found(1)?)
            }
            Cut::TopP => (self.weights()?, self.threshold(1)?, found(4)?),
        };
        let shift = KEY_BITS - DIGIT_BITS * digit;
        let mut bins = vec![0; BINS];
        for (key, amount) in amounts {
            if key >= least && key >> shift == prefix {
                let bin = (key >> (shift - DIGIT_BITS)) & 63;
                bins[usize::try_from(bin).expect("six bits")] += amount;
            }
        }
        Ok(Data::Bins(bins))
    }

    /// Goes down from the last bin until the need is reached; a need of 0 cuts nothing.
    fn digit(&self, cut: Cut, digit: u32) -> Result<Data, EvalError> {
        let mut bins = vec![0; BINS];
        let parts = self.chunks().div_ceil(BINS_ADDED);
        let added = self.data.outputs(0, index(parts))?;
        for part in 0..added.len() {
            add(&mut bins, added.bins(part)?)?;
        }
        let (prefix, need) = match (cut, digit) {
            (Cut::TopK, 0) => (0, u64::from(self.settings(1)?.top_k)),
            (Cut::TopP, 0) => (0, self.need()?),
            (Cut::TopK | Cut::TopP, _) => self.digits(1)?,
        };
        let mut left = need;
        for (bin, amount) in (0..64_u32).zip(&bins).rev() {
            if left > 0 && *amount >= left {
                return Ok(Data::Digits { prefix: (prefix << DIGIT_BITS) | u64::from(bin), left });
            }
            left = left.saturating_sub(*amount);
            if left == 0 {
                break;
            }
        }
        Ok(Data::Digits { prefix: 0, left: 0 })
    }

    /// top-p's share of what top-k left.
    fn need(&self) -> Result<u64, EvalError> {
        let total = u128::from(amount(self.data.outputs(1, 1)?.amount(0)?)?);
        let share = u128::from(self.settings(2)?.top_p.get().unsigned_abs());
        Ok(u64::try_from((share * total).div_ceil(MILLION)).unwrap_or(u64::MAX).max(1))
    }

    /// The weights of the chunk at or above the thresholds and, after both cuts, min-p's bound.
    fn remaining(&self, cuts: usize) -> Result<Vec<(u64, u64)>, EvalError> {
        let least = self.threshold(cuts)?;
        let settings = self.settings(2)?;
        let zero = settings.temperature == Micro::ZERO;
        let most = if zero { 1 } else { u128::from(GREATEST_WEIGHT) };
        let share = u128::from(settings.min_p.get().unsigned_abs());
        let floor = if cuts == 2 { share * most } else { 0 };
        let keep =
            |(key, weight): &(u64, u64)| *key >= least && u128::from(*weight) * MILLION >= floor;
        let weights = self.weights()?.into_iter();
        Ok(weights.map(|entry| if keep(&entry) { entry } else { (entry.0, 0) }).collect())
    }

    fn sum_weights(&self, cuts: usize) -> Result<Data, EvalError> {
        // 4,096 weights below 2^32.
        Ok(Data::Amount(self.remaining(cuts)?.iter().map(|(_, weight)| weight).sum()))
    }

    fn draw(&self) -> Result<Data, EvalError> {
        let chunks = self.every_chunk()?;
        let total = total(chunks)?;
        let Choice { seed, choice, .. } = self.data.choice(1)?;
        let noise = noise(seed, *choice, u64::from(self.at.position) + 1);
        let r = (u128::from(noise) * u128::from(total)) >> 64;
        let mut rest = u64::try_from(r).expect("below the total");
        for chunk in 0..chunks.len() {
            let sum = chunks.amount(chunk)?;
            if rest < sum {
                return Ok(Data::Drawn { total, rest, chunk: count(chunk) });
            }
            rest -= sum;
        }
        Err(EvalError::Operand { operand: 0, wanted: "weights that are not all 0" })
    }

    fn walk(&self) -> Result<Data, EvalError> {
        let (weights, (mut rest, chunk)) = (self.remaining(2)?, self.data.outputs(5, 1)?.drawn(0)?);
        if chunk != self.tile.index {
            return Ok(Data::Found(None));
        }
        for (id, (_, weight)) in self.ids().zip(weights) {
            if rest < weight {
                return Ok(Data::Found(Some(id)));
            }
            rest -= weight;
        }
        Err(EvalError::Operand { operand: 5, wanted: "a draw that falls into its chunk" })
    }
}

/// Bins of a digit.
const BINS: usize = 64;

fn key(logit: i32, id: u32) -> u64 {
    let high = u64::from(logit.unsigned_abs());
    let high = if logit < 0 { (1 << 31) - high } else { (1 << 31) + high };
    high << 20 | u64::from((1 << 20) - 1 - id)
}

fn amount(found: u64) -> Result<u64, EvalError> {
    if found < AMOUNT_END {
        return Ok(found);
    }
    Err(EvalError::Operand { operand: 0, wanted: "amounts below 2^53" })
}

/// The sum of every chunk's amount.
fn total(chunks: Inputs<'_>) -> Result<u64, EvalError> {
    let mut total = 0;
    for chunk in 0..chunks.len() {
        total = amount(total + amount(chunks.amount(chunk)?)?)?;
    }
    Ok(total)
}

fn add(bins: &mut [u64], more: &[u64]) -> Result<(), EvalError> {
    if more.len() != bins.len() {
        return Err(EvalError::Operand { operand: 0, wanted: "64 bins" });
    }
    for (bin, more) in bins.iter_mut().zip(more) {
        *bin = amount(*bin + amount(*more)?)?;
    }
    Ok(())
}
