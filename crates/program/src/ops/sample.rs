//! sample: the next token from the logits (`spec/sampling.md`), by parameters of the job, not of the program.
//!
//! This release fixes the op's place and types. Its whole evaluation is the sampler's (`spec/sampling.md`); its tiles
//! are not evaluated yet, and asking for one says so ([`EvalError::NotYet`]).

use crate::check::Reason;
use crate::cost::OpCost;
use crate::encoding::{DecodeError, Reader, Writer};
use crate::reference::{Cell, Step};
use crate::site::{Scope, Site};
use crate::structure::{TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile};
use crate::types::{Role, Type};
use canon::Overflow;

/// Chooses a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// One logit per token id.
    pub logits: Value,
}

/// Logits of one tile.
const SAMPLE_CHUNK: u32 = 4096;

impl Sample {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.value(self.logits);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { logits: input.value()? })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.logits]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<crate::AttributeSlot> {
        Vec::new()
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        scope.logits(self.logits)?;
        Ok(Type::Token)
    }

    pub(crate) fn cost(&self, _: &Site<'_>) -> OpCost {
        OpCost::default()
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        site.show(self.logits)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, _: At) -> Vec<Stage> {
        let tiles = site.logits(self.logits).width.div_ceil(SAMPLE_CHUNK);
        vec![Stage { name: "chunk", tiles }]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, _: At, tile: Tile) -> Vec<Operand> {
        let width = site.logits(self.logits).width;
        let start = tile.index * SAMPLE_CHUNK;
        let entries = start..(start + SAMPLE_CHUNK).min(width);
        vec![Operand::Entries { from: site.source(self.logits), entries }]
    }

    pub(crate) fn eval(
        &self,
        _: &Site<'_>,
        _: At,
        _: Tile,
        _: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        Err(EvalError::NotYet)
    }

    pub(crate) fn run(&self, _: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        // The sequence is given: the token at the next position is the caller's.
        Ok(Cell::Token(step.at().token))
    }
}
