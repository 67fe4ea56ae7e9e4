//! hadamard: the Hadamard transform of each block of a row (`spec/arithmetic.md` section 4.9).
//!
//! Spreads a head's outliers over its entries before they become int8. A tile is a leaf of the output: leaves hold
//! whole blocks, for both are powers of two up to 1024.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, index};
use crate::tile::{At, CHUNK, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};

/// Transforms each block of `width` entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hadamard {
    /// The row.
    pub x: Value,
    /// Entries of a block: a power of two.
    pub width: u32,
}

impl Hadamard {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u32(self.width);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let x = Value::read(input)?;
        Ok(Self { x, width: input.u32("hadamard's width")? })
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
        let row = scope.fixed(self.x)?;
        if !self.width.is_power_of_two() || !(2..=CHUNK).contains(&self.width) {
            let (what, wanted) = ("the block's width", "a power of two from 2 to 1024");
            return Err(Reason::Number { what, found: u64::from(self.width), wanted });
        }
        if !row.width.is_multiple_of(self.width) {
            let (what, wanted) = ("the row's width", "whole blocks");
            return Err(Reason::Number { what, found: u64::from(row.width), wanted });
        }
        Ok(Type::Fixed(row))
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} blocks of {}", site.show(self.x), self.width)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "transform", tiles: chunks(site.fixed(self.x).width) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = chunk_of(site.fixed(self.x).width, tile.index);
        vec![Operand::Entries { from: site.source(self.x), entries }]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let leaf = chunk_of(site.fixed(self.x).width, tile.index);
        let row = data.fixed(0, leaf.end - leaf.start)?;
        Ok(Data::Fixed(self.transform(row)?))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        Ok(Cell::Fixed(self.transform(step.fixed(site, self.x))?))
    }

    fn transform(&self, row: &[i32]) -> Result<Vec<i32>, Overflow> {
        let blocks = row.chunks_exact(index(self.width)).map(reference::hadamard);
        Ok(blocks.collect::<Result<Vec<_>, _>>()?.concat())
    }
}
