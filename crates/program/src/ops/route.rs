//! route: which experts a row goes to, and what each is worth (`spec/arithmetic.md` section 4.14).
//!
//! One tile, for the row is short. Never faults, and never names an expert twice.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::limits;
use crate::reference::{Cell, Step};
use crate::site::{Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, index};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile};
use crate::types::{Role, Routing, Type};
use canon::Overflow;
use canon::reference::{self, Over};
use commit::{Reader, WireError, Writer};

/// Chooses experts by a row with an entry for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// An entry per expert.
    pub x: Value,
    /// How many are chosen.
    pub slots: u8,
    /// What the weights are shares of.
    pub over: Over,
}

impl Route {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u8(self.slots);
        out.u8(match self.over {
            Over::Chosen => 1,
            Over::All => 2,
        });
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, slots) = (Value::read(input)?, input.u8("route's slots")?);
        let what = "what route's weights are shares of";
        let over = match input.u8(what)? {
            1 => Over::Chosen,
            2 => Over::All,
            found => return Err(WireError::Unknown { what, found: found.into() }),
        };
        Ok(Self { x, slots, over })
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
        let (experts, slots) = (scope.fixed(self.x)?.width, u32::from(self.slots));
        if experts > limits::EXPERTS_MAX {
            let (what, wanted) = ("the number of experts", "at most 256");
            return Err(Reason::Number { what, found: u64::from(experts), wanted });
        }
        if !(1..=experts).contains(&slots) {
            let (what, wanted) = ("the number of slots", "1 to the number of experts");
            return Err(Reason::Number { what, found: u64::from(slots), wanted });
        }
        Ok(Type::Routing(Routing { slots, experts }))
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} {} over {:?}", site.show(self.x), self.slots, self.over)
    }

    pub(crate) fn stages(&self, _: &Site<'_>, _: At) -> Vec<Stage> {
        vec![Stage { name: "choose", tiles: 1 }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, _: Tile) -> Vec<Operand> {
        vec![Operand::Entries { from: site.source(self.x), entries: 0..site.fixed(self.x).width }]
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        _: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let row = data.fixed(0, site.fixed(self.x).width)?;
        Ok(Data::Fixed(self.chosen(site, row)))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        Ok(Cell::Fixed(self.chosen(site, step.fixed(site, self.x))))
    }

    fn chosen(&self, site: &Site<'_>, row: &[i32]) -> Vec<i32> {
        let slots = index(u32::from(self.slots));
        reference::route(row, site.fixed(self.x).frac, slots, self.over)
    }
}
