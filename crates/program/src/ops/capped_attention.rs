//! capped_attention: attention whose scores are capped softly before the softmax (`spec/arithmetic.md` section 4.13).
//!
//! The grid, the operands and everything after a score are attention's own. Never relies on the cap's being monotone:
//! maxima are those of the capped scores.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::ops::Attention;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile};
use crate::types::{Role, Type};
use canon::Overflow;
use commit::{Reader, WireError, Writer};

/// Attention with a cap on its scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CappedAttention {
    /// What is capped.
    pub attention: Attention,
    /// In units of a score, log2 with 16 fractional bits: 1 <= cap < 2^30.
    pub cap: u32,
}

impl CappedAttention {
    pub(crate) fn write(&self, out: &mut Writer) {
        self.attention.write(out);
        out.u32(self.cap);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let attention = Attention::read(input)?;
        Ok(Self { attention, cap: input.u32("capped_attention's cap")? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        self.attention.inputs()
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        self.attention.tensors()
    }

    pub(crate) fn attributes(&self) -> Vec<AttributeSlot> {
        self.attention.attributes()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        site::cap(self.cap)?;
        self.attention.shape(scope)
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        self.attention.cost(site)
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        format!("{} cap {}", self.attention.describe(site), self.cap)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, at: At) -> Vec<Stage> {
        self.attention.stages(site, at)
    }

    pub(crate) fn operands(&self, site: &Site<'_>, at: At, tile: Tile) -> Vec<Operand> {
        self.attention.operands(site, at, tile)
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let shape = self.attention.canonical(site, Some(self.cap));
        self.attention.eval_as(&shape, site, at, tile, data)
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        let shape = self.attention.canonical(site, Some(self.cap));
        self.attention.run_as(&shape, site, step)
    }
}
