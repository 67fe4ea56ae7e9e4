//! norm: RMS norm of a row or of each of its heads (`spec/arithmetic.md` section 4.2).
//!
//! Three stages: sums of squares per chunk, one scale per normalised row, entries per chunk. Sums are exact, so their
//! cut into chunks never shows.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::limits;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value, count, index};
use crate::tile::{At, CHUNK, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Fixed, Role, Type};
use canon::Overflow;
use canon::quant;
use canon::reference;
use commit::{Reader, WireError, Writer};
use core::ops::Range;

/// Normalises a row, or each head of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Norm {
    /// The row.
    pub x: Value,
    /// One factor per entry of a normalised row.
    pub gain: TensorSlot,
    /// Is added to the sum of squares; at least 1.
    pub eps: u64,
    /// Entries that are normalised together: the whole row, or a head.
    pub width: u32,
    /// Fractional bits of the output.
    pub frac: u8,
}

/// No sum of squares of 2^17 entries below 2^30 reaches this.
const SQUARES_MAX: u128 = 1 << 78;

impl Norm {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.gain.0);
        out.u64(self.eps);
        out.u32(self.width);
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, gain) = (Value::read(input)?, TensorSlot::read(input)?);
        let (eps, width) = (input.u64("norm's eps")?, input.u32("norm's width")?);
        Ok(Self { x, gain, eps, width, frac: input.u8("norm's frac")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        vec![(self.gain, Role::Gain)]
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let row = scope.fixed(self.x)?;
        if self.width != row.width {
            site::heads(row, self.width)?;
        }
        if row.width > limits::WIDTH_MAX {
            let (what, found) = ("the row's width", u64::from(row.width));
            return Err(Reason::Number { what, found, wanted: "at most 2^17" });
        }
        scope.gain(self.gain, self.width)?;
        if self.eps == 0 {
            return Err(Reason::Number { what: "eps", found: 0, wanted: "at least 1" });
        }
        Ok(Type::Fixed(Fixed { width: row.width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        let weight_bytes = site.tensor(self.gain).1.bytes();
        OpCost { weight_bytes, ..OpCost::default() }
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        let (x, gain) = (site.show(self.x), site.show_tensor(self.gain));
        format!("{x} gain {gain} eps {} over {}", self.eps, self.width)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        let width = site.fixed(self.x).width;
        let rows = width / self.width;
        vec![
            Stage { name: "squares", tiles: rows * chunks(self.width) },
            Stage { name: "scale", tiles: rows },
            Stage { name: "apply", tiles: chunks(width) },
        ]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let from = site.source(self.x);
        let per_row = chunks(self.width);
        match tile.stage {
            0 => vec![Operand::Entries { from, entries: self.part(tile.index) }],
            1 => {
                let first = tile.index * per_row;
                vec![Operand::Outputs { stage: 0, tiles: first..first + per_row }]
            }
            _ => {
                let entries = chunk_of(site.fixed(self.x).width, tile.index);
                let tensor = site.tensor(self.gain).0;
                vec![
                    Operand::Outputs { stage: 1, tiles: self.rows_of(&entries) },
                    Operand::Units { tensor, rows: 0..1 },
                    Operand::Weights { tensor, rows: 0..1, inputs: self.gains_of(&entries) },
                    Operand::Entries { from, entries },
                ]
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
        match tile.stage {
            0 => {
                let part = data.fixed(0, count(self.part(tile.index).len()))?;
                Ok(Data::Squares(reference::sum_of_squares(part)))
            }
            1 => self.combine(data),
            _ => self.apply(site, tile, data),
        }
    }

    fn combine(&self, data: Inputs<'_>) -> Result<Data, EvalError> {
        let parts = chunks(self.width);
        let squares = data.outputs(0, index(parts))?;
        let mut total = u128::from(self.eps);
        for part in 0..index(parts) {
            let sum = squares.squares(part)?;
            if sum >= SQUARES_MAX {
                let wanted = "a sum of squares below 2^78";
                return Err(EvalError::Operand { operand: 0, wanted });
            }
            total += sum;
        }
        Ok(Data::Scale(reference::norm_scale(total, index(self.width))))
    }

    fn apply(&self, site: &Site<'_>, tile: Tile, data: Inputs<'_>) -> Result<Data, EvalError> {
        let entries = chunk_of(site.fixed(self.x).width, tile.index);
        let (rows, gains) = (self.rows_of(&entries), self.gains_of(&entries));
        let scales = data.scales(0, rows.len())?;
        let unit = i32::from(data.units(1, 1)?[0]);
        let bytes = &data.weights(2, 1)?[0];
        let gain = quant::gain_part(site.tensor(self.gain).1.format, bytes, unit)
            .map_err(|reason| EvalError::Weights { operand: 2, reason })?;
        if gain.len() != gains.len() {
            return Err(EvalError::Operand { operand: 2, wanted: "one gain per entry" });
        }
        let row = data.fixed(3, count(entries.len()))?;
        let mut out = Vec::with_capacity(row.len());
        for (entry, h) in entries.zip(row) {
            let scale = scales[index(entry / self.width - rows.start)];
            let gain = gain[index(entry % self.width - gains.start)];
            out.push(reference::norm_apply(*h, scale, gain, unit, self.frac)?);
        }
        Ok(Data::Fixed(out))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let (unit, gain) = step.weights().gain(site.tensor(self.gain).0);
        let row = step.fixed(site, self.x);
        let mut out = Vec::with_capacity(row.len());
        for part in row.chunks(index(self.width)) {
            out.extend(reference::norm(part, self.eps, gain, unit, self.frac)?);
        }
        Ok(Cell::Fixed(out))
    }

    /// Entries whose squares a tile of the first stage adds.
    fn part(&self, tile: u32) -> Range<u32> {
        let (row, chunk) = (tile / chunks(self.width), tile % chunks(self.width));
        let part = chunk_of(self.width, chunk);
        row * self.width + part.start..row * self.width + part.end
    }

    /// The normalised rows that some entries belong to.
    fn rows_of(&self, entries: &Range<u32>) -> Range<u32> {
        entries.start / self.width..(entries.end - 1) / self.width + 1
    }

    /// The gains that some entries need: a head's are few, so all of them.
    fn gains_of(&self, entries: &Range<u32>) -> Range<u32> {
        if self.width <= CHUNK { 0..self.width } else { entries.clone() }
    }
}
