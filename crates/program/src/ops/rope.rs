//! rope: rotates each head by the position (`spec/arithmetic.md` section 4.4).
//!
//! A tile is a leaf of the output; its operands are the whole heads the leaf touches.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, count, index};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Role, Type};
use canon::Overflow;
use canon::reference::{self, Layout};
use commit::{Reader, WireError, Writer};
use core::ops::Range;

/// Rotates each head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rope {
    /// The row.
    pub x: Value,
    /// Index of the rope table: one frequency per pair.
    pub table: AttributeSlot,
    /// Entries of a head.
    pub head_width: u32,
    /// Entries of a head that turn; the others pass.
    pub rotary: u32,
    /// Which entries make a pair.
    pub layout: Layout,
}

impl Rope {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.table.0);
        out.u32(self.head_width);
        out.u32(self.rotary);
        out.u8(match self.layout {
            Layout::Interleaved => 1,
            Layout::Half => 2,
        });
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, table) = (Value::read(input)?, AttributeSlot::read(input)?);
        let head_width = input.u32("rope's head width")?;
        let rotary = input.u32("rope's rotary width")?;
        let what = "rope's layout";
        let layout = match input.u8(what)? {
            1 => Layout::Interleaved,
            2 => Layout::Half,
            found => return Err(WireError::Unknown { what, found: found.into() }),
        };
        Ok(Self { x, table, head_width, rotary, layout })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<AttributeSlot> {
        vec![self.table]
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let row = scope.fixed(self.x)?;
        site::heads(row, self.head_width)?;
        if self.rotary == 0 || !self.rotary.is_multiple_of(2) || self.rotary > self.head_width {
            let (what, wanted) = ("the rotary width", "even and at most the head width");
            return Err(Reason::Number { what, found: u64::from(self.rotary), wanted });
        }
        let pairs = count(scope.rope_table(self.table)?.len());
        site::same("the rope table's pairs", pairs, "half the rotary width", self.rotary / 2)?;
        Ok(Type::Fixed(row))
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        let layout = match self.layout {
            Layout::Interleaved => "interleaved",
            Layout::Half => "half",
        };
        let (x, table) = (site.show(self.x), site.show_attribute(self.table));
        format!("{x} table {table} heads of {} rotary {} {layout}", self.head_width, self.rotary)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "rotate", tiles: chunks(site.fixed(self.x).width) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = chunk_of(site.fixed(self.x).width, tile.index);
        vec![Operand::Entries { from: site.source(self.x), entries: self.whole_heads(&entries) }]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let leaf = chunk_of(site.fixed(self.x).width, tile.index);
        let whole = self.whole_heads(&leaf);
        let mut row = data.fixed(0, count(whole.len()))?.to_vec();
        let keep = index(leaf.start - whole.start)..index(leaf.end - whole.start);
        // A fault in a part of a head that lies in the next leaf is that leaf's; it faults all the same.
        self.rotate(site, &mut row, at.position)?;
        Ok(Data::Fixed(row[keep].to_vec()))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let mut row = step.fixed(site, self.x).to_vec();
        self.rotate(site, &mut row, step.at().position)?;
        Ok(Cell::Fixed(row))
    }

    fn rotate(&self, site: &Site<'_>, row: &mut [i32], position: u32) -> Result<(), Overflow> {
        let frequencies = site.rope_table(self.table);
        for head in row.chunks_mut(index(self.head_width)) {
            reference::rope(head, frequencies, position, self.layout)?;
        }
        Ok(())
    }

    /// Entries of all heads that a leaf touches.
    fn whole_heads(&self, leaf: &Range<u32>) -> Range<u32> {
        let end = leaf.end.div_ceil(self.head_width) * self.head_width;
        leaf.start / self.head_width * self.head_width..end
    }
}
