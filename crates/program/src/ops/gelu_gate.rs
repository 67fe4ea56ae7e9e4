//! gelu_gate: gelu(gate) * up, entry by entry (`spec/arithmetic.md` section 4.12).

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value, count};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Fixed, Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};

/// Gates one row by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeluGate {
    /// Goes through gelu; 2 to 12 fractional bits.
    pub gate: Value,
    /// Is multiplied.
    pub up: Value,
    /// Fractional bits of the output.
    pub frac: u8,
}

impl GeluGate {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.gate.0);
        out.u16(self.up.0);
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (gate, up) = (Value::read(input)?, Value::read(input)?);
        Ok(Self { gate, up, frac: input.u8("gelu_gate's frac")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.gate, self.up]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (gate, up) = (scope.fixed(self.gate)?, scope.fixed(self.up)?);
        let width = site::gate(gate, up)?;
        Ok(Type::Fixed(Fixed { width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("gate {} up {}", site.show(self.gate), site.show(self.up))
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "gate", tiles: chunks(site.fixed(self.gate).width) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = chunk_of(site.fixed(self.gate).width, tile.index);
        let part = |value| Operand::Entries { from: site.source(value), entries: entries.clone() };
        vec![part(self.gate), part(self.up)]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let entries = count(chunk_of(site.fixed(self.gate).width, tile.index).len());
        let (gate, up) = (data.fixed(0, entries)?, data.fixed(1, entries)?);
        Ok(Data::Fixed(self.gate_entries(site, gate, up)?))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let (gate, up) = (step.fixed(site, self.gate), step.fixed(site, self.up));
        self.gate_entries(site, gate, up).map(Cell::Fixed)
    }

    fn gate_entries(
        &self,
        site: &Site<'_>,
        gate: &[i32],
        up: &[i32],
    ) -> Result<Vec<i32>, Overflow> {
        let (gate_frac, up_frac) = (site.fixed(self.gate).frac, site.fixed(self.up).frac);
        let entry = |(gate, up): (&i32, &i32)| {
            reference::gelu_gate(*gate, *up, gate_frac, up_frac, self.frac)
        };
        gate.iter().zip(up).map(entry).collect()
    }
}
