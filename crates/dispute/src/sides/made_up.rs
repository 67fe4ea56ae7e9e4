//! Tiles whose operands were changed after they were opened: whatever two sides that collude may agree on.
//!
//! Never judges. All of it comes from a seed: true operands of a model of the seed, of which bytes, lengths and places are
//! changed, and to which everything that is agreed on is fitted. So what is changed leads there, and a referee has to say
//! what comes of it.

use canon::sample::{Micro, Parameters, Settings};
use program::Site;
use program::tile::{At, Operand, Tile};
use receipt::JobLeaf;

use super::forged::{Forged, Pieces, SALT, Said, Which, forged};
use super::liars::Random;
use super::setting::{Setting, text};
use super::story::Story;
use crate::block::Block;
use crate::game::Dispute;
use crate::model::{Model, units_range};
use crate::moves::{Leaves, Move, Supplied};
use crate::operands::{number_of, weight_ranges};
use crate::state::{Shown, State};
use crate::verdict::Party;

/// Tiles of a setting that are changed, and how often each is.
const TILES: u32 = 24;
const CHANGES: u32 = 4;
/// Words that mean something: infinities and numbers that are none of f32 and f16, and the greatest f16.
const FLOATS: [u64; 7] = [0x7f80_0000, 0x7fc0_0000, 0xff80_0000, 0x7c00, 0xfc00, 0x7e00, 0x7bff];
/// Bytes at the ends of what shifts, mantissas and quants may be.
const BYTES: [u8; 8] = [0, 1, 30, 31, 127, 128, 254, 255];

/// Sees a dispute about to be judged, and the bytes of the move.
pub(super) type See<'s> = dyn FnMut(&Dispute<'_>, Party, &[u8]) + 's;

/// Shows every changed tile of a seed's model.
///
/// # Errors
/// Where the model can't be run.
pub(super) fn made_up(seed: u64, see: &mut See<'_>) -> Result<(), String> {
    let mut random = Random::new(seed ^ 0x6d61_6465);
    let setting = Setting::of_any_shape(&mut random);
    let weights = setting.load(&setting.file)?;
    let truth = setting.truth(&weights)?;
    let record = setting.record(&weights, truth.positions)?;
    let court = setting.court(&weights, truth.positions, truth.claimed)?;
    let story = court.honest(record);
    let last = court.subject()?.entries(&setting.checked);
    let model = court.model()?;
    let sites: Vec<Site<'_>> = setting.checked.sites().collect();
    for _ in 0..TILES {
        // The last op has more stages than all others.
        let which = if random.below(4) == 0 { sites.len() - 1 } else { random.below(sites.len()) };
        let first = random.under(last + 1);
        let stands = |index: &u32| {
            story.block(*index).is_some_and(|block| block.op(sites[which].index).is_some())
        };
        let Some(index) = (first..=last).chain(0..first).find(stands) else { continue };
        let block = story.block(index).ok_or("the block is there")?;
        let found = opened(&setting, &story, &model, (&block, &sites[which]), &mut random);
        let Some(true_one) = found else { continue };
        for _ in 0..CHANGES {
            show(&setting, &true_one, &mut random, see)?;
        }
    }
    Ok(())
}

/// A true tile: where, what it reads, in bytes, and the leaf of the biases.
struct True<'o> {
    which: Which,
    operands: Vec<Operand>,
    pieces: Vec<Pieces>,
    said: &'o Setting,
    biases: JobLeaf,
}

fn opened<'o>(
    setting: &'o Setting,
    story: &Story<'_>,
    model: &Model<'_>,
    (block, site): (&Block<'_>, &Site<'_>),
    random: &mut Random,
) -> Option<True<'o>> {
    let token = *setting.tokens.get(usize::try_from(block.position).ok()?)?;
    let at = At { position: block.position, token };
    let stages = site.stages(at);
    let stage = random.below(stages.len());
    let tile =
        Tile { stage: u8::try_from(stage).ok()?, index: random.under(stages.get(stage)?.tiles) };
    let number = number_of(site, at, tile);
    let Move::Operands(given) = story.show(block.index, site.index, number)? else { return None };
    let operands = site.operands(at, tile).ok()?;
    let pairs = operands.iter().zip(&given);
    let pieces: Option<_> = pairs.map(|(one, given)| pieces(model, one, given)).collect();
    let which = Which { op: site.index, at, tile };
    Some(True { which, operands, pieces: pieces?, said: setting, biases: story.job.biases.clone() })
}

/// The bytes of an operand that was opened.
fn pieces(model: &Model<'_>, operand: &Operand, given: &Supplied) -> Option<Pieces> {
    let bytes = |leaves: &Leaves| -> Pieces {
        leaves.leaves.iter().map(|leaf| leaf.bytes.clone()).collect()
    };
    Some(match (operand, given) {
        (Operand::Weights { tensor, rows, inputs }, Supplied::Slice(slice)) => {
            let (file, ranges) = weight_ranges(model.checked(), *tensor, rows, inputs);
            model.files.get(file)?.open(&ranges, slice)?
        }
        (Operand::Units { tensor, rows }, Supplied::Slice(slice)) => {
            model.units.open(&[units_range(model.checked(), *tensor, rows)], slice)?
        }
        (_, Supplied::Tokens { prompt, output }) => [bytes(prompt), bytes(output)].concat(),
        (_, Supplied::Leaves { opened, .. }) => bytes(opened),
        (_, Supplied::Page { rows, .. }) => bytes(rows),
        (_, Supplied::Slice(_) | Supplied::Known | Supplied::Edge { .. } | Supplied::Biases(_)) => {
            Pieces::new()
        }
    })
}

/// Changes a tile, fits everything to it, and shows it.
fn show(
    setting: &Setting,
    one: &True<'_>,
    random: &mut Random,
    see: &mut See<'_>,
) -> Result<(), String> {
    let (mut which, mut pieces) = (one.which, one.pieces.clone());
    for _ in 0..random.below(4) {
        change(&one.operands, &mut pieces, random);
    }
    if let (Some(Operand::Token), Some(piece)) = (one.operands.first(), pieces.first()) {
        let token = piece.first().and_then(|bytes| bytes.as_slice().try_into().ok());
        let token = token.map_or(u32::MAX, u32::from_le_bytes);
        if token < setting.checked.program().vocabulary {
            which.at.token = token;
        }
    }
    let said = said(one, random);
    let Some(forged) = forged(&setting.checked, which, &pieces, said) else { return Ok(()) };
    let Forged { network, files, units, state, operands } = forged;
    let model = text(Model::new(&setting.checked, SALT, files, units))?;
    let mut dispute = text(Dispute::decode(&model, network, &state))?;
    let hash = dispute.true_hash(&operands, &SALT);
    if let State::Prove { opened: Some(Shown { hash: opened, .. }), .. } = &mut dispute.state {
        *opened = hash.unwrap_or(*opened);
    }
    let mut bytes = Move::Operands(operands).encode();
    if random.below(8) == 0 {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
    see(&dispute, Party::Challenger, &bytes);
    Ok(())
}

/// What the job says, true or not.
fn said(one: &True<'_>, random: &mut Random) -> Said {
    let (mut choice, mut biases) = (one.said.choice.clone(), one.biases.clone());
    let settings = match random.below(2) {
        0 => ends(random),
        // Biases come as an operand.
        _ => Settings { bias: Vec::new(), ..choice.parameters.settings().clone() },
    };
    choice.parameters = Parameters::new(settings).expect("they are in range");
    if random.below(8) == 0 {
        let at = random.below(biases.bytes.len());
        biases.bytes[at] ^= 1 << random.below(8);
    }
    Said { choice, biases, faults: random.below(4) == 0 }
}

/// Parameters at the ends of what they may be.
fn ends(random: &mut Random) -> Settings {
    let top_k = [0, 1, 3, 1 << 20][random.below(4)];
    let mut one = |values: &[i64]| Micro::new(values[random.below(values.len())]);
    Settings {
        temperature: one(&[0, 10_000, 1_000_000, 100_000_000]),
        top_p: one(&[0, 1, 500_000, 1_000_000]),
        min_p: one(&[0, 1, 500_000, 1_000_000]),
        repetition: one(&[10_000, 1_000_000, 1_300_000, 100_000_000]),
        presence: one(&[-2_000_000, 0, 2_000_000]),
        frequency: one(&[-2_000_000, 0, 2_000_000]),
        top_k,
        ..Settings::default()
    }
}

/// One change of some operand's bytes.
fn change(operands: &[Operand], pieces: &mut [Pieces], random: &mut Random) {
    let some: Vec<usize> = (0..pieces.len()).filter(|at| !pieces[*at].is_empty()).collect();
    if some.is_empty() {
        return;
    }
    let at = some[random.below(some.len())];
    let other = some[random.below(some.len())];
    let other = pieces[other][random.below(pieces[other].len())].clone();
    // A file has the length it has.
    let fixed = matches!(operands.get(at), Some(Operand::Weights { .. } | Operand::Units { .. }));
    let count = pieces[at].len();
    let piece = &mut pieces[at][random.below(count)];
    match random.below(12) {
        0..=4 => put_word(piece, random),
        5 => put_byte(piece, random),
        6 => fill(piece, random),
        7 => exchange(piece, random),
        8 if !fixed || other.len() == piece.len() => *piece = other,
        9 if !fixed => piece.truncate(random.below(piece.len())),
        10 if !fixed => piece.extend(vec![0; 1 + random.below(9)]),
        _ => pieces[at].iter_mut().for_each(|piece| put_word(piece, random)),
    }
}

/// A word that something may end at: a power of two with its neighbours, of both signs, or a float.
fn word(random: &mut Random, width: usize) -> u128 {
    if random.below(6) == 0 {
        return FLOATS[random.below(FLOATS.len())].into();
    }
    let power = 1_u128 << random.below(8 * width);
    let near = power.wrapping_add([0, 1, u128::MAX][random.below(3)]);
    if random.below(2) == 0 { near } else { near.wrapping_neg() }
}

fn put_word(piece: &mut [u8], random: &mut Random) {
    let width = [1, 2, 4, 4, 4, 8, 8, 16][random.below(8)];
    if piece.len() >= width {
        let at = random.below(piece.len() / width) * width;
        piece[at..at + width].copy_from_slice(&word(random, width).to_le_bytes()[..width]);
    }
}

fn put_byte(piece: &mut [u8], random: &mut Random) {
    let at = random.below(piece.len());
    if let Some(byte) = piece.get_mut(at) {
        *byte = BYTES[random.below(BYTES.len())];
    }
}

/// Numbers of some size, all over.
fn fill(piece: &mut [u8], random: &mut Random) {
    let width = [2, 4, 4, 8][random.below(4)];
    // Rows of the greatest entries, so that something faults, or of any size.
    let bits = if random.below(2) == 0 { 30 } else { 1 + random.below(8 * width) };
    for word in piece.chunks_exact_mut(width) {
        let value = u128::from(random.draw()) & ((1 << bits) - 1);
        let value = if random.below(2) == 0 { value } else { value.wrapping_neg() };
        word.copy_from_slice(&value.to_le_bytes()[..width]);
    }
}

/// Two words trade places.
fn exchange(piece: &mut [u8], random: &mut Random) {
    let width = [1, 4, 8][random.below(3)];
    let words = piece.len() / width;
    let (one, other) = (random.below(words) * width, random.below(words) * width);
    for at in 0..width.min(piece.len()) {
        piece.swap(one + at, other + at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{FaultKind, Verdict};
    use std::collections::BTreeSet;

    #[test]
    fn a_referee_comes_to_every_verdict_of_made_up_operands() {
        let mut found = BTreeSet::new();
        for seed in 0..6 {
            made_up(seed, &mut |dispute, party, bytes| {
                let mut judged = dispute.clone();
                let taken = Move::decode(bytes).map(|made| judged.take(party, &made, 0).is_ok());
                found.insert(match judged.verdict() {
                    None => {
                        assert_ne!(taken, Ok(true), "operands are the last move");
                        "refused"
                    }
                    Some(Verdict::ChallengerRefuted) => "challenger refuted",
                    Some(Verdict::ClaimantRefuted(fault)) => match fault.kind {
                        FaultKind::ConcealedFault => "concealed fault",
                        FaultKind::FalseFault => "false fault",
                        FaultKind::Unreadable => "unreadable",
                        FaultKind::Output | FaultKind::Salt => panic!("{:?}", fault.kind),
                    },
                    Some(Verdict::ClaimantTimedOut | Verdict::ChallengerTimedOut) => {
                        panic!("nobody was late")
                    }
                });
            })
            .unwrap();
        }
        assert_eq!(found.len(), 5, "{found:?}");
    }
}
