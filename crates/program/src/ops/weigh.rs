//! weigh: a row times the weight of a slot of a routing (`spec/arithmetic.md` section 4.16).
//!
//! Never faults: an honest weight is at most one. A weight that no routing has is no operand.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, count, index};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile, chunk_of, chunks};
use crate::types::{Role, Type};
use canon::{Overflow, reference};
use commit::{Reader, WireError, Writer};

/// The weight one.
const WEIGHT_MAX: i32 = 1 << 16;

/// Weighs a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weigh {
    /// What the expert made.
    pub x: Value,
    /// Whose weight.
    pub routing: Value,
    /// Which of them.
    pub slot: u8,
}

impl Weigh {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.routing.0);
        out.u8(self.slot);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, routing) = (Value::read(input)?, Value::read(input)?);
        Ok(Self { x, routing, slot: input.u8("weigh's slot")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x, self.routing]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        scope.routed(self.routing, self.slot)?;
        Ok(Type::Fixed(scope.fixed(self.x)?))
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} by slot {} of {}", site.show(self.x), self.slot, site.show(self.routing))
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "weigh", tiles: chunks(site.fixed(self.x).width) }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let entries = chunk_of(site.fixed(self.x).width, tile.index);
        vec![
            Operand::Entries { from: site.source(self.x), entries },
            site.routing_operand(self.routing),
        ]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let entries = count(chunk_of(site.fixed(self.x).width, tile.index).len());
        let routing = data.fixed(1, site.routing(self.routing).entries())?;
        let weight = self.weight(routing);
        if !(0..=WEIGHT_MAX).contains(&weight) {
            return Err(EvalError::Operand { operand: 1, wanted: "weights of at most one" });
        }
        Ok(Data::Fixed(weighed(data.fixed(0, entries)?, weight)))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let weight = self.weight(step.fixed(site, self.routing));
        Ok(Cell::Fixed(weighed(step.fixed(site, self.x), weight)))
    }

    /// The weights stand behind as many ids.
    fn weight(&self, routing: &[i32]) -> i32 {
        routing[routing.len() / 2 + index(u32::from(self.slot))]
    }
}

fn weighed(row: &[i32], weight: i32) -> Vec<i32> {
    row.iter().map(|x| reference::weigh(*x, weight)).collect()
}
