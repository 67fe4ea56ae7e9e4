//! scale: every entry times one constant (`spec/arithmetic.md` section 4.11).
//!
//! Takes a fixed row or the logits, and makes the same type. Never changes frac: where the product leaves the row's
//! range, that is a fault.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, count};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};

/// Multiplies a row by `mantissa * 2^exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// A fixed row, or the logits.
    pub x: Value,
    /// 2^14 <= mantissa < 2^15.
    pub mantissa: u16,
    /// Of two.
    pub exponent: i32,
}

impl Scale {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.mantissa);
        out.i32(self.exponent);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, mantissa) = (Value::read(input)?, input.u16("scale's mantissa")?);
        Ok(Self { x, mantissa, exponent: input.i32("scale's exponent")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        scope.entries(self.x)?;
        site::scale(self.mantissa, self.exponent)?;
        Ok(scope.types[self.x.index()])
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} by {} * 2^{}", site.show(self.x), self.mantissa, self.exponent)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "scale", tiles: chunks(site.entries(self.x).width) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = chunk_of(site.entries(self.x).width, tile.index);
        vec![Operand::Entries { from: site.source(self.x), entries }]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let entries = count(chunk_of(site.entries(self.x).width, tile.index).len());
        Ok(Data::Fixed(self.scaled(data.fixed(0, entries)?)?))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        match step.value(site, self.x) {
            Cell::Fixed(row) => self.scaled(row).map(Cell::Fixed),
            Cell::Logits(row) => self.scaled(row).map(Cell::Logits),
            Cell::Unsampled | Cell::A8(_) | Cell::A16(_) | Cell::Kv(_) => {
                unreachable!("a checked op reads the type it wants")
            }
        }
    }

    fn scaled(&self, row: &[i32]) -> Result<Vec<i32>, Overflow> {
        row.iter().map(|x| reference::scale(*x, self.mantissa, self.exponent)).collect()
    }
}
