//! One tile of a model that nobody need have: operands of its shapes, and roots that they lead to.
//!
//! For measuring the referee at shapes whose weights fit no test. Never a true tile: the data is of the right form, so that
//! it is executed to its end, and nothing was opened that it makes.

use canon::reference::{HeadRow, NormScale, Peak, Sums};
use canon::sample::{Micro, Parameters, Settings};
use commit::{Network, Writer};
use program::tile::{At, Choice, Data, KvRow, Operand, Tile};
use program::types::InputKind;
use program::{Checked, Op, OpIndex, Site, Type};
use receipt::JobLeaf;

use super::forged::{Pieces, SALT, Said, Which, block_of, forged};
use crate::block::Block;
use crate::moves::Move;
use crate::operands::{leaf_range, weight_ranges};
use crate::slice::Part;

/// Tokens of the prompt, if the step is not before its end; the rest of the context is output.
const PROMPT_MAX: u32 = 100;
/// Entries of a chunk that a sample is drawn from.
const DRAW_CHUNK: u32 = 4096;
/// Levels of a job's tree.
const JOB_LEVELS: usize = 3;

/// A step of a referee that has to be done yet.
#[derive(Clone, Debug)]
pub struct Invented {
    /// The network that its hashes are of.
    pub network: Network,
    /// Files and units of the model.
    pub files: Vec<Part>,
    /// Its units.
    pub units: Part,
    /// The referee's state.
    pub state: Vec<u8>,
    /// The move with the tile's operands.
    pub operands: Vec<u8>,
}

/// The step that executes a tile at a position; none where the op has no such tile.
#[must_use]
pub fn invented(checked: &Checked, op: OpIndex, at: At, tile: Tile) -> Option<Invented> {
    let block = block_of(checked, op, at)?;
    let site = block.sites[block.op(op)?];
    let operands = site.operands(at, tile).ok()?;
    let pieces: Option<Vec<Pieces>> =
        operands.iter().map(|operand| pieces(&block, &site, at, operand)).collect();
    let said = Said { choice: choice(PROMPT_MAX), biases: biases(), faults: false };
    let made = forged(checked, Which { op, at, tile }, &pieces?, said)?;
    let operands = Move::Operands(made.operands).encode();
    let (files, units, state) = (made.files, made.units, made.state);
    Some(Invented { network: made.network, files, units, state, operands })
}

/// Bytes of an operand.
fn pieces(block: &Block<'_>, site: &Site<'_>, at: At, operand: &Operand) -> Option<Pieces> {
    let token = at.token.to_le_bytes().to_vec();
    let tensors = &site.checked.program().tensors;
    Some(match operand {
        Operand::Token => vec![token],
        Operand::Tokens { positions } => vec![token; positions.len()],
        Operand::Weights { tensor, rows, inputs } => {
            let (_, ranges) = weight_ranges(site.checked, *tensor, rows, inputs);
            let row = |range: &core::ops::Range<u64>| usize::try_from(range.end - range.start);
            ranges.iter().map(|range| Some(vec![0x11; row(range).ok()?])).collect::<Option<_>>()?
        }
        Operand::Units { tensor, rows } => {
            let one = &tensors[tensor.index()];
            let row = vec![0x11; usize::try_from(one.row_bytes()).ok()?];
            let unit = i16::try_from(one.format.unit(&row).ok()?).ok()?;
            vec![rows.clone().flat_map(|_| unit.to_le_bytes()).collect()]
        }
        Operand::Entries { from, entries } => {
            let kind = block.type_of(*from)?;
            leaf_range(kind, entries).map(|leaf| value_leaf(kind, leaf)).collect()
        }
        Operand::Exponent { .. } => vec![0_i32.to_le_bytes().to_vec()],
        Operand::Page { from, positions, .. } => {
            let Type::Kv(kv) = block.type_of(*from)? else { return None };
            vec![bytes_of(&Data::Page(vec![kv_row(kv.head_width)])); positions.len()]
        }
        Operand::Outputs { stage, tiles } => {
            let made = |tile| bytes_of(&output(site, at, (*stage, tile)));
            tiles.clone().map(made).collect()
        }
        Operand::Edge { .. } | Operand::Sampling | Operand::Biases => Pieces::new(),
    })
}

/// Some numbers of the size that rows have.
fn noise(count: u32) -> impl Iterator<Item = i32> {
    let mut state = 1_u32;
    (0..count).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i32::from_le_bytes(state.to_le_bytes()) >> 12
    })
}

fn quants(count: u32) -> Vec<i8> {
    noise(count).map(|value| i8::try_from(value % 100).unwrap_or(0)).collect()
}

fn kv_row(width: u32) -> KvRow {
    let row = || HeadRow { quants: quants(width), mantissa: 200, shift: 4 };
    KvRow { key: row(), value: row() }
}

fn choice(prompt: u32) -> Choice {
    let settings = Settings {
        temperature: Micro::new(700_000),
        top_k: 40,
        top_p: Micro::new(950_000),
        repetition: Micro::new(1_100_000),
        ..Settings::default()
    };
    let parameters = Parameters::new(settings).expect("they are in range");
    Choice { parameters, seed: [5; 32], choice: 0, prompt }
}

/// As many as there may be.
fn biases() -> JobLeaf {
    let mut out = Writer::new();
    out.u32(1024);
    for token in 0..1024 {
        out.u32(token);
        out.i32(5);
    }
    JobLeaf { leaf: 4, bytes: out.finish(), salt: SALT, path: [[6; 32]; JOB_LEVELS] }
}

/// A leaf of an earlier value.
fn value_leaf(kind: Type, leaf: u32) -> Vec<u8> {
    let chunk = |width: u32, chunk: u32| program::tile::chunk_of(width, chunk).len();
    let count = |length: usize| u32::try_from(length).unwrap_or(0);
    match kind {
        Type::Fixed(row) | Type::Logits(row) => {
            bytes_of(&Data::Fixed(noise(count(chunk(row.width, leaf))).collect()))
        }
        Type::Quantised { width, kind } => {
            let entries = count(chunk(width, leaf.saturating_sub(1)));
            match kind {
                InputKind::A8 => {
                    let scales = vec![100; usize::try_from(entries / 32).unwrap_or(0)];
                    bytes_of(&Data::A8 { scales, quants: quants(entries) })
                }
                InputKind::A16 => {
                    let values = noise(entries).map(|v| i16::try_from(v >> 5).unwrap_or(0));
                    bytes_of(&Data::A16(values.collect()))
                }
            }
        }
        Type::Routing(routing) => bytes_of(&Data::Fixed(vec![0; count_of(routing.entries())])),
        Type::Token => vec![0; 4],
        Type::Kv(kv) => bytes_of(&Data::Page(vec![kv_row(kv.head_width)])),
    }
}

fn count_of(entries: u32) -> usize {
    usize::try_from(entries).unwrap_or(0)
}

fn bytes_of(data: &Data) -> Vec<u8> {
    let mut bytes = Vec::new();
    data.write(&mut bytes);
    bytes
}

/// What a tile of an earlier stage may have made.
fn output(site: &Site<'_>, at: At, (stage, tile): (u8, u32)) -> Data {
    let stages = site.stages(at);
    let name = stages.get(usize::from(stage)).map_or("", |stage| stage.name);
    // Of a sample's stages that go by chunks of the vocabulary.
    let vocabulary = site.checked.program().vocabulary;
    let chunk = tile % vocabulary.div_ceil(DRAW_CHUNK);
    let rest = vocabulary - chunk * DRAW_CHUNK;
    let entries = rest.min(DRAW_CHUNK);
    match (site.op, name) {
        (Op::Norm(_), "squares") => Data::Squares(1 << 50),
        (Op::Norm(_), _) => Data::Scale(NormScale { inverse: 1 << 30, shift: 60 }),
        (Op::Quantise(_), "greatest") => Data::Greatest(1 << 20),
        (Op::Quantise(_), _) => Data::Exponent(0),
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), "sum") => {
            Data::Sums(vec![1 << 40; 8])
        }
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), _) => Data::Fixed(vec![1000; 8]),
        (Op::Attention(_) | Op::CappedAttention(_), "peak") => {
            Data::Peak(Peak { score: i32::MAX >> 2, shift: 30 })
        }
        (Op::Attention(_) | Op::CappedAttention(_), _) => {
            Data::Attended(Sums { probability: 1 << 20, value: vec![1; 128] })
        }
        (_, "count") => Data::Counts(vec![1; count_of(entries)]),
        (_, "adjust") => Data::Fixed(noise(entries).collect()),
        (_, "peak" | "greatest") => Data::Key(((1 << 31) + (1 << 19)) << 20),
        (_, "bins" | "add bins") => Data::Bins(vec![1; 64]),
        (_, "digit") => Data::Digits { prefix: 0, left: 1 },
        (_, "draw") => Data::Drawn { total: 1, rest: 0, chunk: 0 },
        (_, "walk") => Data::Found(Some(1)),
        _ => Data::Amount(1 << 30),
    }
}
