//! Tiles: the smallest steps a referee executes (`spec/program.md` section 5).
//!
//! Every op is a grid of [`Stage`]s; a stage is a list of tiles that don't depend on one another, or only on the tile of
//! the page before. A tile names its [`Operand`]s and, given their [`Data`], computes its own with
//! `canon::reference`, never with a kernel. The tiles of the last stage are the leaves of the op's value.
//!
//! Never trusts the data: a piece of the wrong kind or length is [`EvalError::Operand`], not a panic. A value that does
//! not fit is [`EvalError::Fault`], the specified outcome.

use crate::site::{Site, Source};
use crate::structure::{TensorId, index};
use crate::types::Type;
use canon::reference::{HeadRow, NormScale, Peak, Sums};
use canon::sample::{Micro, Parameters};
use canon::{Overflow, Refused};
use core::ops::Range;
use thiserror::Error;

/// Entries of a row in one leaf, and inputs of one matmul tile.
pub const CHUNK: u32 = 1024;
/// Weight rows of one matmul tile.
pub const TILE_ROWS: u32 = 8;
/// Positions of a page of key and value rows.
pub const PAGE: u32 = 64;
/// Most bytes of a tile's operands with their proofs.
pub const TILE_BYTES_MAX: u64 = 64 << 10;

/// Greatest magnitude of an exponent, a unit or a norm's shift that a tile reads.
const EXPONENT_MAX: u32 = 256;

/// What a tile's operands may depend on besides the program: where it is, and the token there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Position in the sequence.
    pub position: u32,
    /// The committed token at this position.
    pub token: u32,
}

/// A tile of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Index in the op's list of stages.
    pub stage: u8,
    /// Index in the stage.
    pub index: u32,
}

/// Tiles of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What its tiles do.
    pub name: &'static str,
    /// How many there are.
    pub tiles: u32,
}

/// Something a tile reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The committed token.
    Token,
    /// Inputs of some rows of a tensor, as bytes of the upstream file.
    Weights { tensor: TensorId, rows: Range<u32>, inputs: Range<u32> },
    /// Unit exponents from the package's derived part; of a gain, its only one.
    Units { tensor: TensorId, rows: Range<u32> },
    /// Entries of an earlier row at this position.
    Entries { from: Source, entries: Range<u32> },
    /// The exponent of an earlier quantised row at this position.
    Exponent { from: Source },
    /// Key and value rows of a page, made by a kv_append up to this position.
    Page { from: Source, head: u32, positions: Range<u32> },
    /// The right edge of the tree that a kv_append of this position goes on from.
    Edge { head: u32 },
    /// Committed tokens of prompt and output.
    Tokens { positions: Range<u32> },
    /// The job's sampling parameters but its biases, its prompt's length, and the seed.
    Sampling,
    /// The job's logit biases.
    Biases,
    /// Outputs of earlier tiles of the same op.
    Outputs { stage: u8, tiles: Range<u32> },
}

/// A key and a value row of one (layer, KV head, position).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvRow {
    /// The rotated key.
    pub key: HeadRow,
    /// The value.
    pub value: HeadRow,
}

/// What an operand holds and what a tile makes. Its bytes are a leaf of the trace ([`Data::write`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A token id.
    Token(u32),
    /// Part of a fixed row or of logits.
    Fixed(Vec<i32>),
    /// Part of an A8 row: a scale per block, and the quants.
    A8 { scales: Vec<u8>, quants: Vec<i8> },
    /// Part of an A16 row.
    A16(Vec<i16>),
    /// A quantised row's exponent.
    Exponent(i32),
    /// Bytes of the upstream file, one piece per row.
    Weights(Vec<Vec<u8>>),
    /// Unit exponents.
    Units(Vec<i16>),
    /// Key and value rows of consecutive positions.
    Page(Vec<KvRow>),
    /// The hashes at the right edge of a tree, largest subtree first.
    Edge(Vec<[u8; 32]>),
    /// A partial sum of squares.
    Squares(u128),
    /// What a norm multiplies with.
    Scale(NormScale),
    /// A partial maximum.
    Greatest(u32),
    /// Partial sums of a few rows of a matmul.
    Sums(Vec<i64>),
    /// Running maxima of attention.
    Peak(Peak),
    /// Running sums of attention.
    Attended(Sums),
    /// Committed tokens.
    Tokens(Vec<u32>),
    /// What a job says of a choice, without its biases.
    Sampling(Box<Choice>),
    /// A job's biases, in ascending order of tokens.
    Biases(Vec<(u32, Micro)>),
    /// How often each id of a chunk is in the output; the top bit: it is in the prompt.
    Counts(Vec<u32>),
    /// A greatest (logit, id).
    Key(u64),
    /// Amounts by a digit of six bits.
    Bins(Vec<u64>),
    /// The digits of a threshold found so far, and what of the need is left to them (0: nothing is cut).
    Digits { prefix: u64, left: u64 },
    /// A sum of weights.
    Amount(u64),
    /// The sum of all weights, the chunk the draw falls into, and what is left of it there.
    Drawn { total: u64, rest: u64, chunk: u32 },
    /// The id the draw falls on, if it falls into this chunk.
    Found(Option<u32>),
    /// Outputs of earlier tiles.
    Outputs(Vec<Data>),
}

/// What a job says of one choice's sampling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Parameters of the distribution.
    pub parameters: Parameters,
    /// The seed of the noise.
    pub seed: [u8; 32],
    /// Index of the answer among the job's answers.
    pub choice: u32,
    /// Tokens of the prompt.
    pub prompt: u32,
}

impl Choice {
    /// Little endian: the parameters' own encoding, seed, choice, length of the prompt.
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.parameters.encode());
        out.extend(self.seed);
        out.extend(self.choice.to_le_bytes());
        out.extend(self.prompt.to_le_bytes());
    }
}

/// Why a tile has no output.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvalError {
    #[error("fault: {0}")]
    Fault(#[from] Overflow),
    #[error("operand {operand} is not {wanted}")]
    Operand { operand: usize, wanted: &'static str },
    #[error("operand {operand}: {reason}")]
    Weights { operand: usize, reason: Refused },
    #[error("the op has no such tile")]
    NoSuchTile,
    #[error("no token is drawn at this position, so the op does not stand there")]
    NotDrawn,
    #[error("sample needs what the job says of the choice")]
    NoChoice,
    #[error("a job with a grammar is checked by replay, not by tiles")]
    Grammar,
}

impl Site<'_> {
    /// The op's grid at a position; empty where the program has no such position or token.
    #[must_use]
    pub fn stages(&self, at: At) -> Vec<Stage> {
        let program = self.checked.program();
        if at.position >= program.context_max || at.token >= program.vocabulary {
            return Vec::new();
        }
        self.op.stages(self, at)
    }

    /// What a tile reads, in the order its evaluation takes them.
    ///
    /// # Errors
    /// [`EvalError::NoSuchTile`].
    pub fn operands(&self, at: At, tile: Tile) -> Result<Vec<Operand>, EvalError> {
        self.known(at, tile)?;
        Ok(self.op.operands(self, at, tile))
    }

    /// What a tile makes of its operands' data.
    ///
    /// # Errors
    /// [`EvalError`]: a fault, or data that does not fit the operands.
    pub fn eval(&self, at: At, tile: Tile, data: &[Data]) -> Result<Data, EvalError> {
        self.known(at, tile)?;
        let wanted = self.op.operands(self, at, tile).len();
        if data.len() != wanted {
            return Err(EvalError::Operand { operand: wanted.min(data.len()), wanted: "there" });
        }
        self.op.eval(self, at, tile, Inputs(data))
    }

    fn known(&self, at: At, tile: Tile) -> Result<(), EvalError> {
        match self.stages(at).get(usize::from(tile.stage)) {
            Some(stage) if tile.index < stage.tiles => Ok(()),
            Some(_) | None => Err(EvalError::NoSuchTile),
        }
    }
}

/// Whether an exponent, a unit or a shift is one that anything can have: what lies beyond is nobody's.
fn is_exponent(found: i32) -> bool {
    found.unsigned_abs() <= EXPONENT_MAX
}

/// Entries of chunk `chunk` of a row of `width`.
#[must_use]
pub fn chunk_of(width: u32, chunk: u32) -> Range<u32> {
    let start = (chunk * CHUNK).min(width);
    start..(start + CHUNK).min(width)
}

/// Chunks of a row of `width`.
#[must_use]
pub fn chunks(width: u32) -> u32 {
    width.div_ceil(CHUNK)
}

/// Leaves of a value of a type: a quantised row has its exponent in a leaf of its own, before its chunks.
#[must_use]
pub fn leaves(kind: Type) -> u32 {
    match kind {
        Type::Token | Type::Routing(_) => 1,
        Type::Fixed(row) | Type::Logits(row) => chunks(row.width),
        Type::Quantised { width, .. } => 1 + chunks(width),
        Type::Kv(rows) => rows.heads,
    }
}

impl Data {
    /// The bytes of a leaf: little endian, no lengths, for the program says what is where.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Token(token) => out.extend(token.to_le_bytes()),
            Self::Fixed(row) => row.iter().for_each(|v| out.extend(v.to_le_bytes())),
            Self::A8 { scales, quants } => {
                for (scale, block) in scales.iter().zip(quants.chunks(canon::BLOCK)) {
                    out.push(*scale);
                    out.extend(block.iter().map(|q| q.to_le_bytes()[0]));
                }
            }
            Self::A16(row) => row.iter().for_each(|v| out.extend(v.to_le_bytes())),
            Self::Exponent(exponent) => out.extend(exponent.to_le_bytes()),
            Self::Weights(rows) => rows.iter().for_each(|row| out.extend(row)),
            Self::Units(units) => units.iter().for_each(|unit| out.extend(unit.to_le_bytes())),
            Self::Page(rows) => rows.iter().for_each(|row| row.write(out)),
            Self::Edge(hashes) => hashes.iter().for_each(|hash| out.extend(hash)),
            Self::Squares(sum) => out.extend(sum.to_le_bytes()),
            Self::Scale(scale) => {
                out.extend(scale.inverse.to_le_bytes());
                out.extend(scale.shift.to_le_bytes());
            }
            Self::Greatest(greatest) => out.extend(greatest.to_le_bytes()),
            Self::Sums(sums) => sums.iter().for_each(|sum| out.extend(sum.to_le_bytes())),
            Self::Peak(peak) => {
                out.extend(peak.score.to_le_bytes());
                out.push(peak.shift);
            }
            Self::Attended(sums) => {
                out.extend(sums.probability.to_le_bytes());
                sums.value.iter().for_each(|sum| out.extend(sum.to_le_bytes()));
            }
            Self::Tokens(tokens) | Self::Counts(tokens) => {
                tokens.iter().for_each(|token| out.extend(token.to_le_bytes()));
            }
            Self::Sampling(choice) => choice.write(out),
            Self::Biases(biases) => {
                for (token, bias) in biases {
                    out.extend(token.to_le_bytes());
                    // A checked bias has 28 bits.
                    out.extend(&bias.get().to_le_bytes()[..4]);
                }
            }
            Self::Key(key) => out.extend(key.to_le_bytes()),
            Self::Bins(bins) => bins.iter().for_each(|bin| out.extend(bin.to_le_bytes())),
            Self::Digits { prefix, left } => {
                out.extend(prefix.to_le_bytes());
                out.extend(left.to_le_bytes());
            }
            Self::Amount(amount) => out.extend(amount.to_le_bytes()),
            Self::Drawn { total, rest, chunk } => {
                out.extend(total.to_le_bytes());
                out.extend(rest.to_le_bytes());
                out.extend(chunk.to_le_bytes());
            }
            Self::Found(id) => {
                out.extend(u32::from(id.is_some()).to_le_bytes());
                out.extend(id.unwrap_or(0).to_le_bytes());
            }
            Self::Outputs(outputs) => outputs.iter().for_each(|output| output.write(out)),
        }
    }
}

impl KvRow {
    /// Key quants, mantissa, shift; then the same of the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        for row in [&self.key, &self.value] {
            out.extend(row.quants.iter().map(|q| q.to_le_bytes()[0]));
            out.push(row.mantissa);
            out.push(row.shift);
        }
    }
}

/// The data of a tile's operands, read with a check of kind and length.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a>(&'a [Data]);

/// Makes an accessor that gives the contents of one kind of [`Data`].
macro_rules! accessor {
    ($name:ident, $pattern:pat => $value:expr, $made:ty, $wanted:literal) => {
        pub(crate) fn $name(self, operand: usize) -> Result<$made, EvalError> {
            match self.0.get(operand) {
                Some($pattern) => Ok($value),
                Some(_) | None => Err(EvalError::Operand { operand, wanted: $wanted }),
            }
        }
    };
}

impl<'a> Inputs<'a> {
    accessor!(token, Data::Token(token) => *token, u32, "a token");
    accessor!(any_exponent, Data::Exponent(exponent) => *exponent, i32, "an exponent");
    accessor!(any_fixed, Data::Fixed(row) => row, &'a [i32], "part of a fixed row");
    accessor!(any_weights, Data::Weights(rows) => rows, &'a [Vec<u8>], "weights");
    accessor!(any_units, Data::Units(units) => units, &'a [i16], "units");
    accessor!(any_page, Data::Page(rows) => rows, &'a [KvRow], "key and value rows");
    accessor!(any_outputs, Data::Outputs(outputs) => outputs, &'a [Data], "outputs of tiles");

    /// Part of a fixed row with the given number of entries, all of them below the limit.
    pub(crate) fn fixed(self, operand: usize, entries: u32) -> Result<&'a [i32], EvalError> {
        let row = self.any_fixed(operand)?;
        let small = row.iter().all(|v| i64::from(v.unsigned_abs()) < canon::LIMIT);
        if row.len() == index(entries) && small {
            return Ok(row);
        }
        Err(EvalError::Operand { operand, wanted: "a fixed row of this length" })
    }

    /// Pieces of weight rows.
    pub(crate) fn weights(self, operand: usize, rows: u32) -> Result<&'a [Vec<u8>], EvalError> {
        let pieces = self.any_weights(operand)?;
        let wanted = "one piece per row";
        if pieces.len() == index(rows) {
            Ok(pieces)
        } else {
            Err(EvalError::Operand { operand, wanted })
        }
    }

    /// Unit exponents.
    pub(crate) fn units(self, operand: usize, rows: u32) -> Result<&'a [i16], EvalError> {
        let units = self.any_units(operand)?;
        if units.len() == index(rows) && units.iter().all(|unit| is_exponent((*unit).into())) {
            return Ok(units);
        }
        Err(EvalError::Operand { operand, wanted: "one unit per row" })
    }

    /// The exponent of a quantised row.
    pub(crate) fn exponent(self, operand: usize) -> Result<i32, EvalError> {
        let exponent = self.any_exponent(operand)?;
        if is_exponent(exponent) {
            return Ok(exponent);
        }
        Err(EvalError::Operand { operand, wanted: "an exponent a row can have" })
    }

    /// What so many heads of a norm are multiplied with.
    pub(crate) fn scales(self, operand: usize, heads: usize) -> Result<Vec<NormScale>, EvalError> {
        let outputs = self.outputs(operand, heads)?;
        let scale = |head| match outputs.scale(head)? {
            scale if is_exponent(scale.shift) => Ok(scale),
            _ => Err(EvalError::Operand { operand, wanted: "a shift a norm can have" }),
        };
        (0..heads).map(scale).collect()
    }

    /// Key and value rows of a page, whole and in range.
    pub(crate) fn page(
        self,
        operand: usize,
        positions: &Range<u32>,
        head_width: u32,
    ) -> Result<&'a [KvRow], EvalError> {
        let rows = self.any_page(operand)?;
        let whole = |row: &HeadRow| {
            row.quants.len() == index(head_width) && row.mantissa >= 1 && row.shift <= 30
        };
        let fits = rows.iter().all(|row| whole(&row.key) && whole(&row.value));
        if rows.len() == positions.len() && fits {
            return Ok(rows);
        }
        Err(EvalError::Operand { operand, wanted: "the rows of these positions" })
    }

    /// Outputs of a given number of tiles, as operands of their own.
    pub(crate) fn outputs(self, operand: usize, tiles: usize) -> Result<Inputs<'a>, EvalError> {
        let outputs = self.any_outputs(operand)?;
        if outputs.len() == tiles {
            return Ok(Inputs(outputs));
        }
        Err(EvalError::Operand { operand, wanted: "the outputs of these tiles" })
    }

    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    /// Committed tokens of a page.
    pub(crate) fn tokens(self, operand: usize, tokens: u32) -> Result<&'a [u32], EvalError> {
        let page = self.any_tokens(operand)?;
        if page.len() == index(tokens) {
            return Ok(page);
        }
        Err(EvalError::Operand { operand, wanted: "the tokens of this page" })
    }

    accessor!(any_tokens, Data::Tokens(tokens) => tokens, &'a [u32], "tokens");
    accessor!(choice, Data::Sampling(choice) => choice, &'a Choice, "what the job says of the choice");
    accessor!(biases, Data::Biases(biases) => biases, &'a [(u32, Micro)], "biases");
    accessor!(counts, Data::Counts(counts) => counts, &'a [u32], "counts");
    accessor!(key, Data::Key(key) => *key, u64, "a key");
    accessor!(bins, Data::Bins(bins) => bins, &'a [u64], "bins");
    accessor!(digits, Data::Digits { prefix, left } => (*prefix, *left), (u64, u64), "digits");
    accessor!(amount, Data::Amount(amount) => *amount, u64, "a sum of weights");
    accessor!(drawn, Data::Drawn { rest, chunk, .. } => (*rest, *chunk), (u64, u32), "a draw");
    accessor!(found, Data::Found(id) => *id, Option<u32>, "what a chunk found");
    accessor!(squares, Data::Squares(sum) => *sum, u128, "a sum of squares");
    accessor!(scale, Data::Scale(scale) => *scale, NormScale, "a norm's scale");
    accessor!(greatest, Data::Greatest(greatest) => *greatest, u32, "a greatest magnitude");
    accessor!(sums, Data::Sums(sums) => sums, &'a [i64], "partial sums");
    accessor!(peak, Data::Peak(peak) => *peak, Peak, "running maxima");
    accessor!(attended, Data::Attended(sums) => sums, &'a Sums, "running sums");
    accessor!(a8, Data::A8 { scales, quants } => (scales, quants), (&'a [u8], &'a [i8]), "part of an A8 row");
    accessor!(a16, Data::A16(row) => row, &'a [i16], "part of an A16 row");
}
