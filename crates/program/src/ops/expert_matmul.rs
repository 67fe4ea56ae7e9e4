//! expert_matmul: the matrix of the expert in a slot of a routing, times a row (`spec/arithmetic.md` section 4.15).
//!
//! The grid has every expert: tiles of those that are not the slot's make zeros, so that operands depend on the program
//! alone (`docs/decisions/0007-experts-are-tiles-that-may-be-zero.md`). Whoever runs the op multiplies one expert's rows.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::limits;
use crate::ops::matmul::Rows;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, index};
use crate::tile::{
    At, CHUNK, Data, EvalError, Inputs, Operand, Stage, TILE_ROWS, Tile, chunk_of, chunks,
};
use crate::types::{Fixed, Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};
use core::ops::Range;

/// Rows of an expert come in multiples of this: an engine's groups of rows never straddle two.
const ROWS_TOGETHER: u32 = 32;

/// Multiplies one expert's matrix with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpertMatmul {
    /// The quantised row.
    pub x: Value,
    /// Which experts.
    pub routing: Value,
    /// Which of them.
    pub slot: u8,
    /// The rows of all experts, expert by expert.
    pub weight: TensorSlot,
    /// Fractional bits of the output.
    pub frac: u8,
}

/// The matrices of an op's experts.
#[derive(Clone, Copy)]
struct Experts<'a> {
    rows: Rows<'a>,
    /// How many there are.
    count: u32,
    /// Rows of each.
    each: u32,
    slot: usize,
}

impl ExpertMatmul {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.routing.0);
        out.u8(self.slot);
        out.u16(self.weight.0);
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            x: Value::read(input)?,
            routing: Value::read(input)?,
            slot: input.u8("expert_matmul's slot")?,
            weight: TensorSlot::read(input)?,
            frac: input.u8("expert_matmul's frac")?,
        })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x, self.routing]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        vec![(self.weight, Role::Matrix)]
    }

    pub(crate) fn attributes(&self) -> Vec<AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (columns, _) = scope.quantised(self.x)?;
        let routing = scope.routed(self.routing, self.slot)?;
        let rows = scope.matrix(self.weight, columns)?.rows;
        if !rows.is_multiple_of(routing.experts * ROWS_TOGETHER) {
            let (what, wanted) = ("the weight's rows", "a multiple of 32 for each expert");
            return Err(Reason::Number { what, found: u64::from(rows), wanted });
        }
        let width = rows / routing.experts;
        if width > limits::WIDTH_MAX {
            let (what, wanted) = ("the number of outputs", "at most 2^17");
            return Err(Reason::Number { what, found: u64::from(width), wanted });
        }
        Ok(Type::Fixed(Fixed { width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        let (all, experts) = (site.tensor(self.weight).1, self.experts(site));
        OpCost {
            multiply_adds: u64::from(experts.each) * u64::from(all.columns),
            weight_bytes: all.bytes() / u64::from(experts.count),
            ..OpCost::default()
        }
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        let (x, routing) = (site.show(self.x), site.show(self.routing));
        format!("{x} slot {} of {routing} weight {}", self.slot, site.show_tensor(self.weight))
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        let experts = self.experts(site);
        let groups = experts.each.div_ceil(TILE_ROWS);
        let round = groups * experts.count;
        vec![
            Stage { name: "sum", tiles: round * experts.chunks() },
            Stage { name: "round", tiles: round },
            Stage { name: "pick", tiles: groups },
            Stage { name: "collect", tiles: chunks(experts.each) },
        ]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let (from, experts) = (site.source(self.x), self.experts(site));
        let (tensor, chunks) = (experts.rows.id, experts.chunks());
        let routing = site.routing_operand(self.routing);
        match tile.stage {
            0 => {
                let rows = experts.rows_of(tile.index / chunks);
                let inputs = chunk_of(experts.rows.tensor.columns, tile.index % chunks);
                vec![
                    Operand::Weights { tensor, rows: rows.clone(), inputs: inputs.clone() },
                    Operand::Units { tensor, rows },
                    Operand::Entries { from, entries: inputs },
                    routing,
                ]
            }
            1 => {
                let first = tile.index * chunks;
                vec![
                    Operand::Outputs { stage: 0, tiles: first..first + chunks },
                    Operand::Units { tensor, rows: experts.rows_of(tile.index) },
                    Operand::Exponent { from },
                    routing,
                ]
            }
            2 => {
                let first = tile.index * experts.count;
                vec![Operand::Outputs { stage: 1, tiles: first..first + experts.count }, routing]
            }
            _ => {
                let outputs = chunk_of(experts.each, tile.index);
                let tiles = outputs.start / TILE_ROWS..outputs.end.div_ceil(TILE_ROWS);
                vec![Operand::Outputs { stage: 2, tiles }]
            }
        }
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let experts = self.experts(site);
        let slots = site.routing(self.routing).entries();
        match tile.stage {
            0 => {
                let number = tile.index / experts.chunks();
                let rows = experts.rows_of(number).len();
                let chosen = experts.is_chosen(number, data.fixed(3, slots)?);
                let sums = experts.rows.sum_of(rows, tile.index % experts.chunks(), data)?;
                Ok(if chosen { sums } else { Data::Sums(vec![0; rows]) })
            }
            1 => {
                let rows = experts.rows_of(tile.index).len();
                let chosen = experts.is_chosen(tile.index, data.fixed(3, slots)?);
                let read = experts.rows.read_round(rows, data)?;
                Ok(Data::Fixed(if chosen { read.finish(self.frac)? } else { vec![0; rows] }))
            }
            2 => experts.pick(data, data.fixed(1, slots)?),
            _ => {
                let groups = chunk_of(experts.each, tile.index).len().div_ceil(index(TILE_ROWS));
                let parts = data.outputs(0, groups)?;
                let mut row = Vec::with_capacity(index(CHUNK));
                for part in 0..groups {
                    row.extend(parts.fixed(part, TILE_ROWS)?);
                }
                Ok(Data::Fixed(row))
            }
        }
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let experts = self.experts(site);
        let Some(expert) = experts.chosen(step.fixed(site, self.routing)) else {
            return Ok(Cell::Fixed(vec![0; index(experts.each)]));
        };
        let (x, rows) = (step.value(site, self.x), experts.rows);
        let mut out = Vec::with_capacity(index(experts.each));
        for row in expert * experts.each..(expert + 1) * experts.each {
            let (bytes, unit) = step.weights().row(rows.id, row);
            let weights = (rows.tensor.format.blocks(bytes, unit))
                .expect("loading the weights read every row");
            let (sum, exponent) = x.inner_product(&weights);
            out.push(reference::finish_row(sum, unit, exponent, self.frac, None)?);
        }
        Ok(Cell::Fixed(out))
    }

    fn experts<'a>(&self, site: &Site<'a>) -> Experts<'a> {
        let (id, tensor) = site.tensor(self.weight);
        let count = site.routing(self.routing).experts;
        let kind = site.quantised(self.x).1;
        let rows = Rows { id, tensor, kind, bias: None, frac: self.frac };
        Experts { rows, count, each: tensor.rows / count, slot: index(u32::from(self.slot)) }
    }
}

impl Experts<'_> {
    fn chunks(&self) -> u32 {
        chunks(self.rows.tensor.columns)
    }

    /// The rows of a round tile: of a group, expert by expert.
    fn rows_of(&self, number: u32) -> Range<u32> {
        let (group, expert) = (number / self.count, number % self.count);
        let start = expert * self.each + group * TILE_ROWS;
        start..start + TILE_ROWS
    }

    /// Whether a round tile is of the slot's expert. A liar's routing may name none: then no tile is.
    fn is_chosen(&self, number: u32, routing: &[i32]) -> bool {
        self.chosen(routing) == Some(number % self.count)
    }

    /// The slot's expert; `None` where a liar's routing names one that is not there.
    fn chosen(&self, routing: &[i32]) -> Option<u32> {
        u32::try_from(routing[self.slot]).ok().filter(|expert| *expert < self.count)
    }

    /// The slot's expert's outputs of all experts'.
    fn pick(&self, data: Inputs<'_>, routing: &[i32]) -> Result<Data, EvalError> {
        let outputs = data.outputs(0, index(self.count))?;
        let (chosen, mut picked) = (self.chosen(routing), vec![0; index(TILE_ROWS)]);
        for expert in 0..self.count {
            let made = outputs.fixed(index(expert), TILE_ROWS)?;
            if chosen == Some(expert) {
                picked = made.to_vec();
            }
        }
        Ok(Data::Fixed(picked))
    }
}

const _: () = assert!(ROWS_TOGETHER.is_multiple_of(TILE_ROWS));
