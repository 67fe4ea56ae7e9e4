//! embed: the token's row of a table, as a fixed row (`spec/arithmetic.md` section 4.1).
//!
//! Its operands depend on the committed token. Never reads another row.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Fixed, Role, Type};
use canon::{BLOCK, Format, Overflow, reference};
use commit::{Reader, WireError, Writer};

/// Looks up the token's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embed {
    /// The token.
    pub token: Value,
    /// One row per token id.
    pub table: TensorSlot,
    /// Fractional bits of the output.
    pub frac: u8,
}

impl Embed {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.token.0);
        out.u16(self.table.0);
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (token, table) = (Value::read(input)?, TensorSlot::read(input)?);
        Ok(Self { token, table, frac: input.u8("embed's frac")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.token]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        vec![(self.table, Role::Matrix)]
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        scope.token(self.token)?;
        if scope.place != crate::Place::Prologue {
            return Err(Reason::Elsewhere { wanted: "the prologue" });
        }
        let width = scope.table(self.table)?.columns;
        Ok(Type::Fixed(Fixed { width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        let weight_bytes = site.tensor(self.table).1.row_bytes();
        OpCost { weight_bytes, ..OpCost::default() }
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} table {}", site.show(self.token), site.show_tensor(self.table))
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "look up", tiles: chunks(site.tensor(self.table).1.columns) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, at: At, tile: Tile) -> Vec<Operand> {
        let (id, table) = site.tensor(self.table);
        let rows = at.token..at.token + 1;
        let inputs = chunk_of(table.columns, tile.index);
        vec![
            Operand::Token,
            Operand::Weights { tensor: id, rows: rows.clone(), inputs },
            Operand::Units { tensor: id, rows },
        ]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        at: At,
        _: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        if data.token(0)? != at.token {
            return Err(EvalError::Operand { operand: 0, wanted: "the token of the tile" });
        }
        let bytes = &data.weights(1, 1)?[0];
        let unit = i32::from(data.units(2, 1)?[0]);
        let format = site.tensor(self.table).1.format;
        let row = self.look_up(format, bytes, unit);
        let row = row.map_err(|reason| EvalError::Weights { operand: 1, reason })?;
        Ok(Data::Fixed(row?))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let (id, table) = site.tensor(self.table);
        let token = step.at().token;
        let (bytes, unit) = step.weights().row(id, token);
        let row = self.look_up(table.format, bytes, unit);
        Ok(Cell::Fixed(row.expect("loading the weights read every row")?))
    }

    fn look_up(
        &self,
        format: Format,
        bytes: &[u8],
        unit: i32,
    ) -> Result<Result<Vec<i32>, Overflow>, canon::Refused> {
        let blocks = format.blocks(bytes, unit)?;
        let mut row = Vec::with_capacity(blocks.len() * BLOCK);
        for block in blocks {
            match reference::embed(&block, unit, self.frac) {
                Ok(entries) => row.extend(entries),
                Err(overflow) => return Ok(Err(overflow)),
            }
        }
        Ok(Ok(row))
    }
}
