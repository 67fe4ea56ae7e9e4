//! A whole sequence with everything its ops made: what an honest party gathers a tile's operands from.
//!
//! Never judges: [`Record::gather`] gives the true data of an operand; whether somebody else's is true is a matter of
//! its proof. Memory grows with positions times program; meant for disputes and tests, not for serving.

use crate::reference::{Alter, Cell, Fault, Interpreter, KvRowsByHead, RunError, Weights};
use crate::site::{OpIndex, Site, Source};
use crate::structure::{count, index};
use crate::tile::{At, Choice, Data, EvalError, Operand, Tile, leaves};
use crate::trace::{Committer, cell_leaves};
use crate::types::Type;
use canon::sample::{Micro, Parameters};
use commit::Edge;
use core::ops::Range;
use std::collections::BTreeMap;

/// Everything the ops of a sequence made.
#[derive(Debug)]
pub struct Record<'a> {
    weights: &'a Weights<'a>,
    tokens: Vec<u32>,
    /// By position, then by op.
    cells: Vec<Vec<Cell>>,
    kv: KvRowsByHead,
    choice: Option<Choice>,
    fault: Option<Fault>,
}

/// Outputs of the tiles of one op at one position.
pub type TileOutputs = BTreeMap<Tile, Data>;

impl<'a> Record<'a> {
    /// Runs a sequence, of which the first `prompt` tokens are the prompt, and keeps everything. Tokens are drawn
    /// from the prompt's last position and from every one after it, so the epilogue's ops stand there only.
    ///
    /// # Errors
    /// [`RunError`] of the first position that has one.
    pub fn of(weights: &'a Weights<'a>, tokens: &[u32], prompt: u32) -> Result<Self, RunError> {
        let record = Self::until(weights, tokens, prompt, &mut |_, _, made| made)?;
        record.fault.map_or(Ok(record), |fault| Err(fault.into()))
    }

    /// The same up to a fault, each op's output put through `alter`: the truth leaves it as it is.
    ///
    /// # Errors
    /// [`RunError`] but a fault: see [`Self::fault`].
    pub fn until(
        weights: &'a Weights<'a>,
        tokens: &[u32],
        prompt: u32,
        alter: &mut Alter<'_>,
    ) -> Result<Self, RunError> {
        let mut interpreter = Interpreter::new(weights);
        let (mut cells, mut fault) = (Vec::with_capacity(tokens.len()), None);
        for (position, token) in (0u32..).zip(tokens) {
            let (made, faulted) = interpreter.step_until(*token, position + 1 >= prompt, alter)?;
            cells.push(made);
            fault = faulted;
            if fault.is_some() {
                break;
            }
        }
        let kv = interpreter.kv().clone();
        Ok(Self { weights, tokens: tokens.to_vec(), cells, kv, choice: None, fault })
    }

    /// The fault in which it ends.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// With what the job says of the choice, which `sample` needs.
    #[must_use]
    pub fn with_choice(self, choice: Choice) -> Self {
        Self { choice: Some(choice), ..self }
    }

    /// What an op made at a position; `None` where it does not stand there.
    #[must_use]
    pub fn cell(&self, position: u32, op: OpIndex) -> Option<&Cell> {
        self.cells.get(index(position))?.get(index(op.0))
    }

    /// A position of this sequence, as tiles name it.
    #[must_use]
    pub fn at(&self, position: u32) -> At {
        At { position, token: self.tokens[index(position)] }
    }

    /// Every tile of an op, evaluated in order from gathered operands only.
    ///
    /// # Errors
    /// [`EvalError`] of the first tile that has no output.
    pub fn tiles(
        &self,
        site: &Site<'_>,
        at: At,
        committer: &Committer,
    ) -> Result<TileOutputs, EvalError> {
        match self.tiles_until(site, at, committer) {
            (outputs, None) => Ok(outputs),
            (_, Some(error)) => Err(error),
        }
    }

    /// The same up to the first tile that has no output, and why it has none.
    #[must_use]
    pub fn tiles_until(
        &self,
        site: &Site<'_>,
        at: At,
        committer: &Committer,
    ) -> (TileOutputs, Option<EvalError>) {
        let mut outputs = TileOutputs::new();
        for (number, stage) in (0..).zip(site.stages(at)) {
            for tile in (0..stage.tiles).map(|index| Tile { stage: number, index }) {
                match self.tile(site, at, tile, &outputs, committer) {
                    Ok(data) => outputs.insert(tile, data),
                    Err(error) => return (outputs, Some(error)),
                };
            }
        }
        (outputs, None)
    }

    /// A tile, given the outputs of those before it.
    ///
    /// # Errors
    /// [`EvalError`] where it has no output.
    pub fn tile(
        &self,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        outputs: &TileOutputs,
        committer: &Committer,
    ) -> Result<Data, EvalError> {
        let operands = site.operands(at, tile)?;
        let data: Vec<Data> = operands
            .iter()
            .map(|operand| self.gather(site, at, operand, outputs, committer))
            .collect::<Result<_, _>>()?;
        site.eval(at, tile, &data)
    }

    /// The true data of an operand.
    ///
    /// # Errors
    /// [`EvalError::NotDrawn`] where the op does not stand; [`EvalError::NoChoice`] and [`EvalError::Grammar`] for
    /// operands of `sample`.
    pub fn gather(
        &self,
        site: &Site<'_>,
        at: At,
        operand: &Operand,
        outputs: &TileOutputs,
        committer: &Committer,
    ) -> Result<Data, EvalError> {
        let faulted = self.fault == Some(Fault { position: at.position, op: site.index });
        if self.cell(at.position, site.index).is_none() && !faulted {
            return Err(EvalError::NotDrawn);
        }
        Ok(match operand {
            Operand::Token => Data::Token(at.token),
            Operand::Weights { tensor, rows, inputs } => {
                let piece = |row| self.weights.piece(*tensor, row, inputs).to_vec();
                Data::Weights(rows.clone().map(piece).collect())
            }
            Operand::Units { tensor, rows } => {
                Data::Units(self.weights.units(*tensor, rows).to_vec())
            }
            Operand::Entries { from, entries } => self.entries(at, *from, entries),
            Operand::Exponent { from } => self.exponent(at, *from),
            Operand::Page { from, head, positions } => {
                let rows = &self.kv[&made_by(*from)][index(*head)];
                Data::Page(rows[index(positions.start)..index(positions.end)].to_vec())
            }
            Operand::Edge { head } => {
                Data::Edge(self.edge(committer, site.index, *head, at.position).peaks().to_vec())
            }
            Operand::Tokens { positions } => {
                Data::Tokens(self.tokens[index(positions.start)..index(positions.end)].to_vec())
            }
            Operand::Sampling => Data::Sampling(Box::new(self.choice()?.1)),
            Operand::Biases => Data::Biases(self.choice()?.0),
            Operand::Outputs { stage, tiles } => {
                let output = |index| outputs[&Tile { stage: *stage, index }].clone();
                Data::Outputs(tiles.clone().map(output).collect())
            }
        })
    }

    /// The tree of a head's rows before `position`.
    #[must_use]
    pub fn edge(&self, committer: &Committer, op: OpIndex, head: u32, position: u32) -> Edge {
        let rows = self.kv[&op][index(head)].iter().take(index(position));
        let leaf = |(p, row)| committer.kv_leaf(count(p), op, head, row);
        Edge::over(committer, rows.enumerate().map(leaf))
    }

    /// The job's biases, and the rest of what it says.
    fn choice(&self) -> Result<(Vec<(u32, Micro)>, Choice), EvalError> {
        let choice = self.choice.as_ref().ok_or(EvalError::NoChoice)?;
        let mut settings = choice.parameters.settings().clone();
        if settings.grammar.is_some() {
            return Err(EvalError::Grammar);
        }
        let biases = core::mem::take(&mut settings.bias);
        let parameters = Parameters::new(settings).expect("without biases they stay in range");
        Ok((biases, Choice { parameters, ..choice.clone() }))
    }

    /// What an op before one that stands made.
    fn standing(&self, at: At, from: Source) -> &Cell {
        self.cell(at.position, made_by(from)).expect("it stands where a later op does")
    }

    fn entries(&self, at: At, from: Source, entries: &Range<u32>) -> Data {
        let (start, end) = (index(entries.start), index(entries.end));
        match self.standing(at, from) {
            Cell::Fixed(row) | Cell::Logits(row) => Data::Fixed(row[start..end].to_vec()),
            Cell::A8(row) => Data::A8 {
                scales: row.scales[start / canon::BLOCK..end / canon::BLOCK].to_vec(),
                quants: row.quants[start..end].to_vec(),
            },
            Cell::A16(row) => Data::A16(row.values[start..end].to_vec()),
            Cell::Unsampled | Cell::Kv(_) => unreachable!("no op asks for entries of these"),
        }
    }

    fn exponent(&self, at: At, from: Source) -> Data {
        match self.standing(at, from) {
            Cell::A8(row) => Data::Exponent(row.exponent),
            Cell::A16(row) => Data::Exponent(row.exponent),
            Cell::Unsampled | Cell::Fixed(_) | Cell::Kv(_) | Cell::Logits(_) => {
                unreachable!("only quantised rows have an exponent")
            }
        }
    }
}

fn made_by(from: Source) -> OpIndex {
    match from {
        Source::Op { op, .. } => op,
        Source::Token => unreachable!("the token is an operand of its own"),
    }
}

/// The leaves of an op's value as its tiles made them: the last stage, before it a quantised row's exponent.
///
/// `None` where tiles are missing or there are too many.
#[must_use]
pub fn assemble(kind: Type, outputs: &TileOutputs) -> Option<Vec<Data>> {
    let last = outputs.keys().next_back()?.stage;
    let of = |stage| outputs.iter().filter(move |(tile, _)| tile.stage == stage);
    let exponent = match kind {
        Type::Quantised { .. } => of(1).map(|(_, data)| data.clone()).collect(),
        Type::Token | Type::Fixed(_) | Type::Kv(_) | Type::Logits(_) => Vec::new(),
    };
    let made: Vec<Data> =
        exponent.into_iter().chain(of(last).map(|(_, data)| data.clone())).collect();
    (made.len() == index(leaves(kind))).then_some(made)
}

/// The leaves of a value as the whole op made it.
#[must_use]
pub fn whole(cell: &Cell) -> Vec<Data> {
    match cell {
        Cell::Kv(rows) => rows.iter().map(|row| Data::Page(vec![row.clone()])).collect(),
        Cell::Unsampled => Vec::new(),
        Cell::Fixed(_) | Cell::A8(_) | Cell::A16(_) | Cell::Logits(_) => {
            cell_leaves(cell).expect("rows have leaves of their own")
        }
    }
}
