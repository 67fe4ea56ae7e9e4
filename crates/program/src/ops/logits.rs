//! logits: a matmul with one output per token id (`spec/arithmetic.md` section 4.3), in tiles of `matmul`.

use super::matmul::Rows;
use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile};
use crate::types::{Fixed, Role, Type};
use canon::Overflow;
use commit::{Reader, WireError, Writer};

/// Gives every token id its logit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logits {
    /// The quantised row.
    pub x: Value,
    /// One row per token id; may be the embedding's table.
    pub weight: TensorSlot,
    /// Fractional bits of the logits.
    pub frac: u8,
}

impl Logits {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.x.0);
        out.u16(self.weight.0);
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (x, weight) = (Value::read(input)?, TensorSlot::read(input)?);
        Ok(Self { x, weight, frac: input.u8("logits' frac")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.x]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        vec![(self.weight, Role::Matrix)]
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (columns, _) = scope.quantised(self.x)?;
        if scope.place != crate::Place::Epilogue {
            return Err(Reason::Elsewhere { wanted: "the epilogue" });
        }
        let width = scope.matrix(self.weight, columns)?.rows;
        site::same("the number of logits", width, "the vocabulary", scope.program.vocabulary)?;
        Ok(Type::Logits(Fixed { width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        self.rows(site).cost()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} weight {}", site.show(self.x), site.show_tensor(self.weight))
    }

    fn rows<'a>(&self, site: &Site<'a>) -> Rows<'a> {
        let (id, tensor) = site.tensor(self.weight);
        Rows { id, tensor, kind: site.quantised(self.x).1, bias: None, frac: self.frac }
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        self.rows(site).stages()
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        self.rows(site).operands(site, self.x, tile)
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        _: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        self.rows(site).eval(tile, data)
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        self.rows(site).run(step, step.value(site, self.x)).map(Cell::Logits)
    }
}
