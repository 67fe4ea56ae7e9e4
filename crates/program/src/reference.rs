//! A program run by plain loops, one position after the other: the oracle of engines and of tiles.
//!
//! Never fast, and never anything but `canon::reference`. Failure: [`RunError`], of which [`Fault`] is a specified
//! outcome: the least (position, op) in position-major order, for nothing here runs out of order.

use crate::check::Checked;
use crate::site::{OpIndex, Place, Site, Source};
use crate::structure::{TensorId, Value, count, entries_bytes, index};
use crate::tile::{At, KvRow};
use crate::types::{Role, Type};
use canon::quant::{self, Block};
use canon::reference::{A8Row, A16Row, partial_a8, partial_a16};
use canon::{Format, Overflow, Refused};
use core::ops::Range;
use std::collections::BTreeMap;
use thiserror::Error;

/// The answer ends here: a value did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("fault at position {position}, op {}", op.0)]
pub struct Fault {
    /// Position in the sequence.
    pub position: u32,
    /// The op's number in the unrolled program.
    pub op: OpIndex,
}

/// Why a sequence has no logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the token at position {position} is not below the vocabulary")]
    Token { position: u32 },
    #[error("the sequence is longer than the program's greatest context")]
    TooLong,
}

/// Why weights can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LoadError {
    #[error("tensor {name:?}: its bytes are not in the files")]
    Bytes { name: String },
    #[error("tensor {name:?}, row {row}: {reason}")]
    Row { name: String, row: u32, reason: Refused },
}

/// The tensors of a program in the bytes of its upstream files, every row read once.
#[derive(Debug)]
pub struct Weights<'a> {
    checked: &'a Checked,
    tensors: Vec<Loaded<'a>>,
}

#[derive(Debug)]
struct Loaded<'a> {
    bytes: &'a [u8],
    units: Vec<i16>,
    gain: Vec<i32>,
}

impl<'a> Weights<'a> {
    /// Finds every tensor in the files (by [`crate::Location::file`]) and reads its units.
    ///
    /// # Errors
    /// [`LoadError`] names the tensor.
    pub fn load(checked: &'a Checked, files: &[&'a [u8]]) -> Result<Self, LoadError> {
        let mut tensors = Vec::with_capacity(checked.program().tensors.len());
        for (id, tensor) in (0..).map(TensorId).zip(&checked.program().tensors) {
            let place = usize::try_from(tensor.location.offset).ok().and_then(|start| {
                let end = start.checked_add(usize::try_from(tensor.bytes()).ok()?)?;
                files.get(usize::from(tensor.location.file))?.get(start..end)
            });
            let bytes = place.ok_or_else(|| LoadError::Bytes { name: tensor.name.clone() })?;
            let refused = |row, reason| LoadError::Row { name: tensor.name.clone(), row, reason };
            let loaded = match checked.role(id) {
                Role::Matrix => {
                    let row_bytes = bytes.len() / index(tensor.rows);
                    let rows = (0..).zip(bytes.chunks_exact(row_bytes));
                    let unit =
                        |(row, bytes)| unit(tensor.format, bytes).map_err(|r| refused(row, r));
                    let units = rows.map(unit).collect::<Result<_, _>>()?;
                    Loaded { bytes, units, gain: Vec::new() }
                }
                Role::Gain => {
                    let (unit, gain) =
                        quant::gain(tensor.format, bytes).map_err(|reason| refused(0, reason))?;
                    Loaded { bytes, units: vec![narrow(unit)], gain }
                }
                Role::Bias => Loaded { bytes, units: Vec::new(), gain: Vec::new() },
            };
            tensors.push(loaded);
        }
        let weights = Self { checked, tensors };
        weights.check_biases()?;
        Ok(weights)
    }

    /// A bias becomes fixed in its matmul's frac, so only there it can be refused.
    fn check_biases(&self) -> Result<(), LoadError> {
        for site in self.checked.sites() {
            let crate::Op::Matmul(matmul) = site.op else { continue };
            let Some(bias) = matmul.bias else { continue };
            let (id, tensor) = site.tensor(bias);
            quant::bias(tensor.format, self.tensors[id.index()].bytes, matmul.frac)
                .map_err(|reason| LoadError::Row { name: tensor.name.clone(), row: 0, reason })?;
        }
        Ok(())
    }

    /// The program these are the weights of.
    #[must_use]
    pub fn checked(&self) -> &'a Checked {
        self.checked
    }

    /// Bytes of some inputs of a row.
    #[must_use]
    pub fn piece(&self, tensor: TensorId, row: u32, inputs: &Range<u32>) -> &'a [u8] {
        let known = &self.checked.program().tensors[tensor.index()];
        let bytes = |entries| {
            usize::try_from(entries_bytes(known.format, entries)).expect("the file is in memory")
        };
        let start = index(row) * bytes(known.columns);
        &self.tensors[tensor.index()].bytes[start + bytes(inputs.start)..start + bytes(inputs.end)]
    }

    /// Unit exponents of some rows: the package's derived part.
    #[must_use]
    pub fn units(&self, tensor: TensorId, rows: &Range<u32>) -> &[i16] {
        &self.tensors[tensor.index()].units[index(rows.start)..index(rows.end)]
    }

    /// Bytes of the units part: the units of every matrix's rows and of every gain, in the program's order.
    #[must_use]
    pub fn units_part(&self) -> Vec<u8> {
        self.tensors
            .iter()
            .flat_map(|tensor| &tensor.units)
            .flat_map(|unit| unit.to_le_bytes())
            .collect()
    }

    /// A row of a matrix and its unit.
    #[must_use]
    pub fn row(&self, tensor: TensorId, row: u32) -> (&'a [u8], i32) {
        let columns = self.checked.program().tensors[tensor.index()].columns;
        let unit = self.tensors[tensor.index()].units[index(row)];
        (self.piece(tensor, row, &(0..columns)), i32::from(unit))
    }

    /// A norm's gain and its unit.
    #[must_use]
    pub fn gain(&self, tensor: TensorId) -> (i32, &[i32]) {
        let loaded = &self.tensors[tensor.index()];
        (i32::from(loaded.units[0]), &loaded.gain)
    }

    /// A bias in the fixed form of its matmul's output.
    #[must_use]
    pub fn bias(&self, tensor: TensorId, frac: u8) -> Vec<i32> {
        let format = self.checked.program().tensors[tensor.index()].format;
        quant::bias(format, self.tensors[tensor.index()].bytes, frac)
            .expect("loading read every bias")
    }
}

fn unit(format: Format, row: &[u8]) -> Result<i16, Refused> {
    format.unit(row).map(narrow)
}

fn narrow(unit: i32) -> i16 {
    i16::try_from(unit).expect("a unit lies in -140..=64")
}

/// What an op made at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The next token: the job's parameters choose it, and they are not here.
    Unsampled,
    /// A fixed row.
    Fixed(Vec<i32>),
    /// A row as int8 in blocks.
    A8(A8Row),
    /// A row as 16-bit integers.
    A16(A16Row),
    /// This position's key and value row of every KV head.
    Kv(Vec<KvRow>),
    /// One logit per token id.
    Logits(Vec<i32>),
}

impl Cell {
    /// The exact inner product with a row of weights, and this row's exponent.
    pub(crate) fn inner_product(&self, weights: &[Block]) -> (i64, i32) {
        match self {
            Self::A8(row) => (partial_a8(weights, &row.scales, &row.quants), row.exponent),
            Self::A16(row) => (partial_a16(weights, &row.values), row.exponent),
            Self::Unsampled | Self::Fixed(_) | Self::Kv(_) | Self::Logits(_) => {
                unreachable!("a checked matmul reads a quantised row")
            }
        }
    }
}

/// The rows of every kv_append, by KV head and position.
pub type KvRowsByHead = BTreeMap<OpIndex, Vec<Vec<KvRow>>>;

/// What an op sees when it runs.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    pub(crate) at: At,
    pub(crate) weights: &'a Weights<'a>,
    pub(crate) made: Made<'a>,
    pub(crate) kv: &'a KvRowsByHead,
}

/// What the ops before one made at its position.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made<'a> {
    /// All of them, from the program's first.
    All(&'a [Cell]),
    /// Those of its block, whose first op has this number, and the row handed to the block.
    Block { first: OpIndex, handed: &'a Cell, cells: &'a [Cell] },
}

impl<'a> Step<'a> {
    pub(crate) fn at(&self) -> At {
        self.at
    }

    pub(crate) fn weights(&self) -> &'a Weights<'a> {
        self.weights
    }

    pub(crate) fn value(&self, site: &Site<'_>, value: Value) -> &'a Cell {
        match (site.source(value), self.made) {
            (Source::Op { op, .. }, Made::All(cells)) => &cells[index(op.0)],
            (Source::Op { boundary: true, .. }, Made::Block { handed, .. }) => handed,
            (Source::Op { op, boundary: false }, Made::Block { first, cells, .. }) => {
                &cells[index(op.0 - first.0)]
            }
            (Source::Token, _) => {
                unreachable!("only embed reads the token, and takes it from `at`")
            }
        }
    }

    pub(crate) fn fixed(&self, site: &Site<'_>, value: Value) -> &'a [i32] {
        match self.value(site, value) {
            Cell::Fixed(row) | Cell::Logits(row) => row,
            Cell::Unsampled | Cell::A8(_) | Cell::A16(_) | Cell::Kv(_) => {
                unreachable!("a checked op reads the type it wants")
            }
        }
    }

    pub(crate) fn kv(&self, site: &Site<'_>, value: Value, head: usize) -> &'a [KvRow] {
        match site.source(value) {
            // Rows of later positions may be there: they are none of this step's.
            Source::Op { op, .. } => &self.kv[&op][head][..=index(self.at.position)],
            Source::Token => unreachable!("a token is no key and value rows"),
        }
    }
}

/// Runs one sequence, a position at a time.
#[derive(Debug)]
pub struct Interpreter<'a> {
    weights: &'a Weights<'a>,
    position: u32,
    kv: KvRowsByHead,
}

impl<'a> Interpreter<'a> {
    /// At the start of a sequence.
    #[must_use]
    pub fn new(weights: &'a Weights<'a>) -> Self {
        Self { weights, position: 0, kv: KvRowsByHead::new() }
    }

    /// In the middle of a sequence, after these rows.
    pub(crate) fn resumed(weights: &'a Weights<'a>, position: u32, kv: KvRowsByHead) -> Self {
        Self { weights, position, kv }
    }

    /// The rows appended so far, for whoever goes on without it.
    pub(crate) fn into_kv(self) -> KvRowsByHead {
        self.kv
    }

    /// The rows appended so far.
    #[must_use]
    pub fn kv(&self) -> &KvRowsByHead {
        &self.kv
    }

    /// What every op that stands makes of the next token, by [`OpIndex`]. The epilogue's stand where a token is
    /// `drawn` from this position, so only there; elsewhere the list ends before them.
    ///
    /// # Errors
    /// [`RunError`]; the sequence can't go on after one.
    pub fn step(&mut self, token: u32, drawn: bool) -> Result<Vec<Cell>, RunError> {
        match self.step_until(token, drawn, &mut |_, _, made| made)? {
            (cells, None) => Ok(cells),
            (_, Some(fault)) => Err(fault.into()),
        }
    }

    /// The same up to a fault, each op's output put through `alter`: the truth leaves it as it is.
    ///
    /// # Errors
    /// [`RunError`] but a fault, which stands beside what was made before it.
    pub fn step_until(
        &mut self,
        token: u32,
        drawn: bool,
        alter: &mut Alter<'_>,
    ) -> Result<(Vec<Cell>, Option<Fault>), RunError> {
        let program = self.weights.checked.program();
        let position = self.position;
        if position >= program.context_max {
            return Err(RunError::TooLong);
        }
        if token >= program.vocabulary {
            return Err(RunError::Token { position });
        }
        let at = At { position, token };
        let mut cells = Vec::new();
        let stands = |site: &Site<'_>| drawn || site.place != Place::Epilogue;
        for site in self.weights.checked.sites().take_while(stands) {
            let made = Made::All(&cells);
            let step = Step { at, weights: self.weights, made, kv: &self.kv };
            let made = alter(at, &site, site.op.run(&site, &step));
            let Ok(cell) = made else {
                return Ok((cells, Some(Fault { position, op: site.index })));
            };
            if let Cell::Kv(rows) = &cell {
                let heads =
                    self.kv.entry(site.index).or_insert_with(|| vec![Vec::new(); rows.len()]);
                heads.iter_mut().zip(rows).for_each(|(head, row)| head.push(row.clone()));
            }
            cells.push(cell);
        }
        self.position += 1;
        Ok((cells, None))
    }
}

/// What a liar says that an op made, for tests of disputes.
pub type Alter<'f> =
    dyn FnMut(At, &Site<'_>, Result<Cell, Overflow>) -> Result<Cell, Overflow> + 'f;

/// What a sequence gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Logits by position.
    pub logits: Vec<Vec<i32>>,
    /// By position, the row that they are made of.
    pub rows: Vec<Vec<i32>>,
    /// By position, where asked for: after the prologue, then after every layer.
    pub boundaries: Vec<Vec<Boundary>>,
}

/// What is committed between layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The row handed on.
    pub residual: Vec<i32>,
    /// The key and value rows the layer appended, by KV head.
    pub kv: Vec<KvRow>,
}

/// Logits of every position of a sequence and the rows they are made of, as if a token were drawn from each, and its boundaries if
/// asked for.
///
/// # Errors
/// [`RunError`] of the first position that has none.
pub fn run_reference(
    weights: &Weights<'_>,
    tokens: &[u32],
    boundaries: bool,
) -> Result<Run, RunError> {
    let mut interpreter = Interpreter::new(weights);
    let mut run = Run::default();
    let last_row = weights.checked.last_row();
    for token in tokens {
        let cells = interpreter.step(*token, true)?;
        if let Cell::Fixed(row) = &cells[index(last_row.op.0)] {
            run.rows.push(row.clone());
        }
        if boundaries {
            run.boundaries.push(boundaries_of(weights.checked, &cells));
        }
        let mut logits = cells.into_iter().filter_map(|cell| match cell {
            Cell::Logits(row) => Some(row),
            Cell::Unsampled | Cell::Fixed(_) | Cell::A8(_) | Cell::A16(_) | Cell::Kv(_) => None,
        });
        run.logits.extend(logits.next_back());
    }
    Ok(run)
}

fn boundaries_of(checked: &Checked, cells: &[Cell]) -> Vec<Boundary> {
    let mut boundaries = Vec::new();
    let mut start = 0;
    for (place, group, _) in checked.program().layers() {
        if place == Place::Epilogue {
            break;
        }
        let ops = count(group.template.ops.len());
        let output = start + u32::from(group.template.output.0) - 1;
        let kv = cells[index(start)..index(start + ops)].iter().find_map(|cell| match cell {
            Cell::Kv(rows) => Some(rows.clone()),
            Cell::Unsampled | Cell::Fixed(_) | Cell::A8(_) | Cell::A16(_) | Cell::Logits(_) => None,
        });
        if let Cell::Fixed(residual) = &cells[index(output)] {
            let kv = kv.unwrap_or_default();
            boundaries.push(Boundary { residual: residual.clone(), kv });
        }
        start += ops;
    }
    boundaries
}

/// The residual row's width, for readers of boundaries.
#[must_use]
pub fn residual_width(checked: &Checked) -> u32 {
    match checked.residual() {
        Type::Fixed(row) => row.width,
        Type::Token | Type::Quantised { .. } | Type::Kv(_) | Type::Logits(_) | Type::Routing(_) => {
            0
        }
    }
}
