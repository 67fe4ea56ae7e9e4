//! soft_cap: cap * tanh(x / cap), entry by entry (`spec/arithmetic.md` section 4.10).
//!
//! Takes a fixed row or the logits, and makes the same type. Never rounds the cap, which is an integer in units of the
//! row, and never faults.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, count};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};

/// Keeps every entry between -cap and cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftCap {
    /// A fixed row, or the logits.
    pub x: Value,
    /// In units of the row, 1 <= cap < 2^30: 30 stands for 30 * 2^-frac.
    pub cap: u32,
}

impl SoftCap {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u32(self.cap);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let x = Value::read(input)?;
        Ok(Self { x, cap: input.u32("soft_cap's cap")? })
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
        site::cap(self.cap)?;
        Ok(scope.types[self.x.index()])
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} at {}", site.show(self.x), self.cap)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "cap", tiles: chunks(site.entries(self.x).width) }]
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
        Ok(Data::Fixed(self.capped(data.fixed(0, entries)?)))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        Ok(match step.value(site, self.x) {
            Cell::Fixed(row) => Cell::Fixed(self.capped(row)),
            Cell::Logits(row) => Cell::Logits(self.capped(row)),
            Cell::Unsampled | Cell::A8(_) | Cell::A16(_) | Cell::Kv(_) => {
                unreachable!("a checked op reads the type it wants")
            }
        })
    }

    fn capped(&self, row: &[i32]) -> Vec<i32> {
        row.iter().map(|x| reference::soft_cap(*x, self.cap)).collect()
    }
}
