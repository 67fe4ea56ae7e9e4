//! kv_append: a layer's key and value rows as int8, appended for this position (`spec/arithmetic.md` section 4.5).
//!
//! What it stores is a function of (layer, position, token prefix) only. Never changes an earlier row. A tile is a KV
//! head; besides the row, the referee checks that the head's tree grew by just this row (`crate::trace`).

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, KvRow, Operand, Stage, Tile};
use crate::types::{KvRows, Role, Type};
use canon::Overflow;
use canon::reference;
use commit::{Reader, WireError, Writer};
use core::ops::Range;

/// Keeps the key and value rows of this position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvAppend {
    /// The rotated key.
    pub k: Value,
    /// The value.
    pub v: Value,
    /// Entries of a head.
    pub head_width: u32,
}

impl KvAppend {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.k.0);
        out.u16(self.v.0);
        out.u32(self.head_width);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (k, v) = (Value::read(input)?, Value::read(input)?);
        Ok(Self { k, v, head_width: input.u32("kv_append's head width")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.k, self.v]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (k, v) = (scope.fixed(self.k)?, scope.fixed(self.v)?);
        if !matches!(scope.place, crate::Place::Layer { .. }) {
            return Err(Reason::Elsewhere { wanted: "a layer" });
        }
        site::same("the key's width", k.width, "the value's", v.width)?;
        let heads = site::heads(k, self.head_width)?;
        let head_width = self.head_width;
        Ok(Type::Kv(KvRows { heads, head_width, key_frac: k.frac, value_frac: v.frac }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        let width = u64::from(site.fixed(self.k).width);
        let heads = width / u64::from(self.head_width);
        OpCost { kv_bytes: 2 * (width + 2 * heads), ..OpCost::default() }
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("k {} v {} heads of {}", site.show(self.k), site.show(self.v), self.head_width)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        let heads = site.fixed(self.k).width / self.head_width;
        vec![Stage { name: "append", tiles: heads }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = self.entries(tile.index);
        let part = |value| Operand::Entries { from: site.source(value), entries: entries.clone() };
        vec![part(self.k), part(self.v), Operand::Edge { head: tile.index }]
    }

    pub(crate) fn eval(
        &self,
        _: &Site<'_>,
        _: At,
        _: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let (k, v) = (data.fixed(0, self.head_width)?, data.fixed(1, self.head_width)?);
        Ok(Data::Page(vec![row(k, v)]))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let heads =
            |value| step.fixed(site, value).chunks(crate::structure::index(self.head_width));
        Ok(Cell::Kv(heads(self.k).zip(heads(self.v)).map(|(k, v)| row(k, v)).collect()))
    }

    fn entries(&self, head: u32) -> Range<u32> {
        head * self.head_width..(head + 1) * self.head_width
    }
}

fn row(k: &[i32], v: &[i32]) -> KvRow {
    KvRow { key: reference::head_row(k), value: reference::head_row(v) }
}
