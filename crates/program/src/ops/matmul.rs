//! matmul: exact inner products, one rounding, a bias where there is one (`spec/arithmetic.md` section 4.3).
//!
//! Three stages: sums of 8 rows over a chunk of 1024 inputs, the chunks of 8 rows added and rounded, and 1024 outputs
//! collected into a leaf. Nothing is rounded inside a sum, so the cut never shows. `logits` shares these tiles.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::limits;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{Tensor, TensorId, TensorSlot, Value, count, index};
use crate::tile::{
    At, CHUNK, Data, EvalError, Inputs, Operand, Stage, TILE_ROWS, Tile, chunk_of, chunks,
};
use crate::types::{Fixed, InputKind, Role, Type};
use canon::quant;
use canon::{Format, Overflow, reference};
use commit::{Reader, WireError, Writer};
use core::ops::Range;

/// Multiplies a matrix with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matmul {
    /// The quantised row.
    pub x: Value,
    /// One row per output.
    pub weight: TensorSlot,
    /// Is added after rounding.
    pub bias: Option<TensorSlot>,
    /// Fractional bits of the output.
    pub frac: u8,
}

impl Matmul {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.weight.0);
        match self.bias {
            None => out.u8(0),
            Some(bias) => {
                out.u8(1);
                out.u16(bias.0);
            }
        }
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, weight) = (Value::read(input)?, TensorSlot::read(input)?);
        let what = "matmul's sign of a bias";
        let bias = match input.u8(what)? {
            0 => None,
            1 => Some(TensorSlot::read(input)?),
            found => return Err(WireError::Unknown { what, found: found.into() }),
        };
        Ok(Self { x, weight, bias, frac: input.u8("matmul's frac")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        let bias = self.bias.map(|slot| (slot, Role::Bias));
        [(self.weight, Role::Matrix)].into_iter().chain(bias).collect()
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (columns, _) = scope.quantised(self.x)?;
        let width = scope.matrix(self.weight, columns)?.rows;
        if width > limits::WIDTH_MAX {
            let (what, wanted) = ("the number of outputs", "at most 2^17");
            return Err(Reason::Number { what, found: u64::from(width), wanted });
        }
        if let Some(bias) = self.bias {
            scope.bias(bias, width)?;
        }
        Ok(Type::Fixed(Fixed { width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        let bias = self.bias.map_or(0, |bias| site.tensor(bias).1.bytes());
        let mut cost = self.rows(site).cost();
        cost.weight_bytes += bias;
        cost
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        let bias = self.bias.map(|bias| format!(" bias {}", site.show_tensor(bias)));
        let weight = site.show_tensor(self.weight);
        format!("{} weight {weight}{}", site.show(self.x), bias.unwrap_or_default())
    }

    fn rows<'a>(&self, site: &Site<'a>) -> Rows<'a> {
        let (id, tensor) = site.tensor(self.weight);
        let kind = site.quantised(self.x).1;
        let bias = self.bias.map(|bias| site.tensor(bias));
        Rows { id, tensor, kind, bias, frac: self.frac }
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        self.rows(site).stages()
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        self.rows(site).operands(site, self.x, tile)
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        self.rows(site).eval(tile, data)
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        self.rows(site).run(step, step.value(site, self.x)).map(Cell::Fixed)
    }
}

/// The rows of a weight matrix and what becomes of their sums.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) id: TensorId,
    pub(super) tensor: &'a Tensor,
    pub(super) kind: InputKind,
    pub(super) bias: Option<(TensorId, &'a Tensor)>,
    pub(super) frac: u8,
}

/// Greatest magnitude of an exact sum (`spec/arithmetic.md` section 2.4).
const SUM_MAX: u64 = 1 << 60;

/// What a round tile has read: sums, units and biases of up to 8 rows, and the exponent of the input.
pub(super) struct Round {
    totals: Vec<i64>,
    units: Vec<i16>,
    exponent: i32,
    bias: Option<Vec<i32>>,
}

impl Round {
    pub(super) fn finish(&self, frac: u8) -> Result<Vec<i32>, Overflow> {
        let rows = self.totals.iter().zip(&self.units).enumerate();
        let row = |(i, (total, unit)): (usize, (&i64, &i16))| {
            let bias = self.bias.as_ref().map(|bias| bias[i]);
            reference::finish_row(*total, i32::from(*unit), self.exponent, frac, bias)
        };
        rows.map(row).collect()
    }
}

impl Rows<'_> {
    pub(super) fn cost(&self) -> OpCost {
        let multiply_adds = u64::from(self.tensor.rows) * u64::from(self.tensor.columns);
        OpCost { multiply_adds, weight_bytes: self.tensor.bytes(), ..OpCost::default() }
    }

    pub(super) fn stages(&self) -> Vec<Stage> {
        let groups = self.tensor.rows.div_ceil(TILE_ROWS);
        vec![
            Stage { name: "sum", tiles: groups * chunks(self.tensor.columns) },
            Stage { name: "round", tiles: groups },
            Stage { name: "collect", tiles: chunks(self.tensor.rows) },
        ]
    }

    pub(super) fn operands(&self, site: &Site<'_>, x: Value, tile: Tile) -> Vec<Operand> {
        let (from, tensor) = (site.source(x), self.id);
        let per_group = chunks(self.tensor.columns);
        match tile.stage {
            0 => {
                let rows = self.group(tile.index / per_group);
                let inputs = chunk_of(self.tensor.columns, tile.index % per_group);
                vec![
                    Operand::Weights { tensor, rows: rows.clone(), inputs: inputs.clone() },
                    Operand::Units { tensor, rows },
                    Operand::Entries { from, entries: inputs },
                ]
            }
            1 => {
                let rows = self.group(tile.index);
                let first = tile.index * per_group;
                let mut operands = vec![
                    Operand::Outputs { stage: 0, tiles: first..first + per_group },
                    Operand::Units { tensor, rows: rows.clone() },
                    Operand::Exponent { from },
                ];
                if let Some((tensor, _)) = self.bias {
                    operands.push(Operand::Weights { tensor, rows: 0..1, inputs: rows });
                }
                operands
            }
            _ => {
                let outputs = chunk_of(self.tensor.rows, tile.index);
                let groups = outputs.start / TILE_ROWS..outputs.end.div_ceil(TILE_ROWS);
                vec![Operand::Outputs { stage: 1, tiles: groups }]
            }
        }
    }

    pub(super) fn eval(&self, tile: Tile, data: Inputs<'_>) -> Result<Data, EvalError> {
        match tile.stage {
            0 => {
                let per_group = chunks(self.tensor.columns);
                let rows = self.group(tile.index / per_group).len();
                self.sum_of(rows, tile.index % per_group, data)
            }
            1 => self.round_of(self.group(tile.index).len(), data),
            _ => {
                let outputs = chunk_of(self.tensor.rows, tile.index);
                let groups = outputs.len().div_ceil(index(TILE_ROWS));
                let parts = data.outputs(0, groups)?;
                let mut row = Vec::with_capacity(index(CHUNK));
                for part in 0..groups {
                    let group = outputs.start / TILE_ROWS + count(part);
                    row.extend(parts.fixed(part, count(self.group(group).len()))?);
                }
                Ok(Data::Fixed(row))
            }
        }
    }

    /// Sums of up to 8 rows over a chunk of the inputs.
    pub(super) fn sum_of(
        &self,
        rows: usize,
        chunk: u32,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let rows = count(rows);
        let inputs = chunk_of(self.tensor.columns, chunk).len();
        let (pieces, units) = (data.weights(0, rows)?, data.units(1, rows)?);
        let mut sums = Vec::with_capacity(pieces.len());
        for (piece, unit) in pieces.iter().zip(units) {
            let weights = (self.tensor.format.blocks(piece, i32::from(*unit)))
                .map_err(|reason| EvalError::Weights { operand: 0, reason })?;
            let short = weights.len() * canon::BLOCK != inputs;
            let wrong = |operand| EvalError::Operand { operand, wanted: "a whole chunk" };
            if short {
                return Err(wrong(0));
            }
            sums.push(match self.kind {
                InputKind::A8 => {
                    let (scales, quants) = data.a8(2)?;
                    if quants.len() != inputs || scales.len() * canon::BLOCK != inputs {
                        return Err(wrong(2));
                    }
                    reference::partial_a8(&weights, scales, quants)
                }
                InputKind::A16 => {
                    let values = data.a16(2)?;
                    if values.len() != inputs {
                        return Err(wrong(2));
                    }
                    reference::partial_a16(&weights, values)
                }
            });
        }
        Ok(Data::Sums(sums))
    }

    /// The chunks of up to 8 rows added and rounded.
    fn round_of(&self, rows: usize, data: Inputs<'_>) -> Result<Data, EvalError> {
        Ok(Data::Fixed(self.read_round(rows, data)?.finish(self.frac)?))
    }

    /// What up to 8 rows are rounded of.
    pub(super) fn read_round(&self, rows: usize, data: Inputs<'_>) -> Result<Round, EvalError> {
        let totals = self.totals(rows, data)?;
        let (units, exponent) = (data.units(1, count(rows))?.to_vec(), data.exponent(2)?);
        let bias = match self.bias {
            None => None,
            Some((_, tensor)) => {
                Some(self.bias_part(tensor.format, &data.weights(3, 1)?[0], rows)?)
            }
        };
        Ok(Round { totals, units, exponent, bias })
    }

    /// The sums of up to 8 rows over all chunks of the inputs.
    fn totals(&self, rows: usize, data: Inputs<'_>) -> Result<Vec<i64>, EvalError> {
        let parts = index(chunks(self.tensor.columns));
        let outputs = data.outputs(0, parts)?;
        let small = |sum: &i64| sum.unsigned_abs() < SUM_MAX;
        let wrong = EvalError::Operand { operand: 0, wanted: "sums below 2^60" };
        let mut totals = vec![0_i128; rows];
        for part in 0..parts {
            let sums = outputs.sums(part)?;
            if sums.len() != rows || !sums.iter().all(small) {
                return Err(wrong);
            }
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += i128::from(*sum);
            }
        }
        let whole = |total: i128| i64::try_from(total).ok().filter(small).ok_or(wrong.clone());
        totals.into_iter().map(whole).collect()
    }

    fn bias_part(&self, format: Format, bytes: &[u8], rows: usize) -> Result<Vec<i32>, EvalError> {
        let bias = quant::bias(format, bytes, self.frac)
            .map_err(|reason| EvalError::Weights { operand: 3, reason })?;
        if bias.len() == rows {
            return Ok(bias);
        }
        Err(EvalError::Operand { operand: 3, wanted: "one bias per row" })
    }

    pub(super) fn run(&self, step: &Step<'_>, x: &Cell) -> Result<Vec<i32>, Overflow> {
        let bias = self.bias.map(|(id, _)| step.weights().bias(id, self.frac));
        let mut out = Vec::with_capacity(index(self.tensor.rows));
        for row in 0..self.tensor.rows {
            let (bytes, unit) = step.weights().row(self.id, row);
            let weights = (self.tensor.format.blocks(bytes, unit))
                .expect("loading the weights read every row");
            let (sum, exponent) = x.inner_product(&weights);
            let bias = bias.as_ref().map(|bias| bias[index(row)]);
            out.push(reference::finish_row(sum, unit, exponent, self.frac, bias)?);
        }
        Ok(out)
    }

    /// The rows of a group.
    fn group(&self, group: u32) -> Range<u32> {
        let start = group * TILE_ROWS;
        start..(start + TILE_ROWS).min(self.tensor.rows)
    }
}
