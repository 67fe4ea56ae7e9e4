//! sample: the next token from the logits (`spec/sampling.md`), by parameters of the job, not of the program.
//!
//! Its grid is in `sample_grid`, what its tiles make in `sample_tiles`. The plain interpreter takes the sequence as given
//! and samples nothing: the whole op is `canon::reference::sample`.

use super::sample_grid::{CHUNK_IDS, Grid, Part};
use super::sample_tiles::Eval;
use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{Scope, Site};
use crate::structure::{TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile};
use crate::types::{Role, Type};
use canon::Overflow;
use commit::{Reader, WireError, Writer};

/// Chooses a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// One logit per token id.
    pub logits: Value,
}

impl Sample {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.logits.0);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { logits: Value::read(input)? })
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

    pub(crate) fn stages(&self, site: &Site<'_>, at: At) -> Vec<Stage> {
        let grid = self.grid(site, at);
        Part::all().into_iter().map(|part| grid.stage(part)).collect()
    }

    pub(crate) fn operands(&self, site: &Site<'_>, at: At, tile: Tile) -> Vec<Operand> {
        let start = tile.index * CHUNK_IDS;
        let entries = start..(start + CHUNK_IDS).min(site.logits(self.logits).width);
        let logits = Operand::Entries { from: site.source(self.logits), entries };
        self.grid(site, at).operands(at, tile, logits)
    }

    fn grid(&self, site: &Site<'_>, at: At) -> Grid {
        Grid::of(site.logits(self.logits).width, at.position)
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let row = site.logits(self.logits);
        let eval = Eval { data, at, tile, vocabulary: row.width, frac: row.frac };
        eval.run(Part::of(tile.stage))
    }

    pub(crate) fn run(&self, _: &Site<'_>, _: &Step<'_>) -> Result<Cell, Overflow> {
        Ok(Cell::Unsampled)
    }
}
