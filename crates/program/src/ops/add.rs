//! add: two rows of one type, entry by entry (`spec/arithmetic.md` section 4.8). It never rounds.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value, count};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};

/// Adds two rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    /// One row.
    pub a: Value,
    /// The other, of the same width and fractional bits.
    pub b: Value,
}

impl Add {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.a.0);
        out.u16(self.b.0);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { a: Value::read(input)?, b: Value::read(input)? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.a, self.b]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (a, b) = (scope.fixed(self.a)?, scope.fixed(self.b)?);
        site::same("one width", a.width, "the other", b.width)?;
        site::same("one frac", u32::from(a.frac), "the other", u32::from(b.frac))?;
        Ok(Type::Fixed(a))
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} {}", site.show(self.a), site.show(self.b))
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "add", tiles: chunks(site.fixed(self.a).width) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = chunk_of(site.fixed(self.a).width, tile.index);
        let part = |value| Operand::Entries { from: site.source(value), entries: entries.clone() };
        vec![part(self.a), part(self.b)]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let entries = count(chunk_of(site.fixed(self.a).width, tile.index).len());
        Ok(Data::Fixed(add(data.fixed(0, entries)?, data.fixed(1, entries)?)?))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        add(step.fixed(site, self.a), step.fixed(site, self.b)).map(Cell::Fixed)
    }
}

fn add(a: &[i32], b: &[i32]) -> Result<Vec<i32>, Overflow> {
    a.iter().zip(b).map(|(a, b)| reference::add(*a, *b)).collect()
}
