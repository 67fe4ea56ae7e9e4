//! A whole sequence with everything its ops made: what an honest party gathers a tile's operands from.
//!
//! Either the plain interpreter ran all of it, or an engine did and gave what is committed at the layers' boundaries:
//! then a block's ops are run, plainly, when they are asked for.
//!
//! Never judges: [`Record::gather`] gives the true data of an operand; whether somebody else's is true is a matter of
//! its proof. Memory grows with positions times layers, and with the blocks that were looked into; meant for disputes
//! and tests, not for serving.

use crate::check::Checked;
use crate::ops::Op;
use crate::reference::{
    Alter, Boundary, Cell, Fault, Interpreter, KvRowsByHead, Made, RunError, Step, Weights,
};
use crate::site::{OpIndex, Place, Site, Source};
use crate::structure::{count, index};
use crate::tile::{At, Choice, Data, EvalError, KvRow, Operand, Tile, leaves};
use crate::trace::{Committer, cell_leaves};
use crate::types::Type;
use canon::sample::{Micro, Parameters};
use commit::Edge;
use core::cell::OnceCell;
use core::ops::Range;
use std::collections::BTreeMap;
use thiserror::Error;

/// Everything the ops of a sequence made.
#[derive(Debug)]
pub struct Record<'a> {
    weights: &'a Weights<'a>,
    tokens: Vec<u32>,
    blocks: Vec<Span<'a>>,
    /// By position, then by block.
    steps: Vec<Vec<Opened>>,
    kv: KvRowsByHead,
    choice: Option<Choice>,
    fault: Option<Fault>,
}

/// A block of a program: the prologue, a layer, the epilogue.
#[derive(Debug)]
struct Span<'a> {
    sites: Vec<Site<'a>>,
    /// Which of its ops makes the row it hands on; none of the epilogue's.
    output: Option<usize>,
}

/// A block at a position.
#[derive(Debug, Default)]
struct Opened {
    /// The row it hands on; none of the epilogue, and where it faults.
    residual: Option<Cell>,
    /// What its ops made, up to a fault.
    cells: OnceCell<Vec<Cell>>,
}

/// Boundaries that are not those of a run of these tokens by this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the boundaries are not those of a run of these tokens by this program")]
pub struct ForeignRun;

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
        let blocks = spans(weights.checked());
        let mut interpreter = Interpreter::new(weights);
        let (mut steps, mut fault) = (Vec::with_capacity(tokens.len()), None);
        for (position, token) in (0u32..).zip(tokens) {
            let (made, faulted) = interpreter.step_until(*token, position + 1 >= prompt, alter)?;
            steps.push(by_block(&blocks, made));
            fault = faulted;
            if fault.is_some() {
                break;
            }
        }
        let kv = interpreter.kv().clone();
        Ok(Self { weights, tokens: tokens.to_vec(), blocks, steps, kv, choice: None, fault })
    }

    /// The same of what an engine gave at a sequence's boundaries, and the fault it ended in. The position of a fault has
    /// no boundaries: it is run here, up to the fault.
    ///
    /// # Errors
    /// [`ForeignRun`] where this is no run of these tokens by this program.
    pub fn of_boundaries(
        weights: &'a Weights<'a>,
        tokens: &[u32],
        prompt: u32,
        boundaries: Vec<Vec<Boundary>>,
        fault: Option<Fault>,
    ) -> Result<Self, ForeignRun> {
        let blocks = spans(weights.checked());
        let given = fault.map_or(tokens.len(), |fault| index(fault.position));
        let rows = blocks.len() - 1;
        let whole = |at: &Vec<Boundary>| at.len() == rows;
        if boundaries.len() != given || given > tokens.len() || !boundaries.iter().all(whole) {
            return Err(ForeignRun);
        }
        let drawn = |position| position + 1 >= prompt;
        let mut kv = KvRowsByHead::new();
        let mut steps = Vec::with_capacity(tokens.len());
        for (position, boundaries) in (0u32..).zip(boundaries) {
            let mut step = handed_on(&blocks, boundaries, &mut kv);
            step.extend(drawn(position).then(Opened::default));
            steps.push(step);
        }
        if let Some(fault) = fault {
            let token = *tokens.get(given).ok_or(ForeignRun)?;
            let mut interpreter = Interpreter::resumed(weights, fault.position, kv);
            let drawn = drawn(fault.position);
            let step = interpreter.step_until(token, drawn, &mut |_, _, made| made);
            let (made, found) = step.map_err(|_| ForeignRun)?;
            if found != Some(fault) {
                return Err(ForeignRun);
            }
            steps.push(by_block(&blocks, made));
            kv = interpreter.into_kv();
        }
        Ok(Self { weights, tokens: tokens.to_vec(), blocks, steps, kv, choice: None, fault })
    }

    /// Forgets what can be made again of what is committed at boundaries. Of what a liar altered, the truth is made.
    pub fn forget(&mut self) {
        for opened in self.steps.iter_mut().flatten().filter(|opened| opened.residual.is_some()) {
            opened.cells.take();
        }
    }

    /// The token drawn from its last position; `None` where none is, or where nothing says how.
    #[must_use]
    pub fn drawn(&self, committer: &Committer) -> Option<u32> {
        let last = count(self.tokens.len()).checked_sub(1)?;
        let sample =
            self.weights.checked().sites().find(|site| matches!(site.op, Op::Sample(_)))?;
        let outputs = self.tiles(&sample, self.at(last), committer).ok()?;
        if let Data::Token(token) = outputs.values().next_back()? { Some(*token) } else { None }
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
        let after = self.blocks.partition_point(|block| block.first() <= op);
        let at = after.checked_sub(1)?;
        let opened = self.steps.get(index(position))?.get(at)?;
        let cells = opened.cells.get_or_init(|| self.open(position, at));
        cells.get(index(op.0 - self.blocks[at].first().0))
    }

    /// The row that a block hands on at a position, 0 being the prologue; `None` of a block that does not stand there
    /// whole, and of the epilogue.
    #[must_use]
    pub fn handed_on(&self, position: u32, block: u32) -> Option<&Cell> {
        self.steps.get(index(position))?.get(index(block))?.residual.as_ref()
    }

    /// The rows that a `kv_append` has appended for a head, from position 0 on.
    #[must_use]
    pub fn kv_rows(&self, op: OpIndex, head: u32) -> &[KvRow] {
        let heads = self.kv.get(&op).map_or(&[][..], Vec::as_slice);
        heads.get(index(head)).map_or(&[], Vec::as_slice)
    }

    /// Runs a block at a position, up to a fault.
    fn open(&self, position: u32, block: usize) -> Vec<Cell> {
        let span = &self.blocks[block];
        let handed = block
            .checked_sub(1)
            .and_then(|before| self.steps[index(position)][before].residual.as_ref());
        let mut cells = Vec::new();
        for site in &span.sites {
            // The prologue is handed nothing, and reads nothing of it.
            let handed = handed.unwrap_or(&Cell::Unsampled);
            let made = Made::Block { first: span.first(), handed, cells: &cells };
            let step = Step { at: self.at(position), weights: self.weights, made, kv: &self.kv };
            let Ok(cell) = site.op.run(site, &step) else { break };
            cells.push(cell);
        }
        cells
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
                let rows = self.kv_rows(made_by(*from), *head);
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
        let rows = self.kv_rows(op, head).iter().take(index(position));
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

impl Span<'_> {
    fn first(&self) -> OpIndex {
        self.sites[0].index
    }
}

/// The blocks of a program, in order of execution.
fn spans(checked: &Checked) -> Vec<Span<'_>> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    for site in checked.sites() {
        if site.op_number == 0 {
            let output = index(u32::from(site.group().template.output.0)) - 1;
            let hands_on = site.place != Place::Epilogue;
            spans.push(Span { sites: Vec::new(), output: hands_on.then_some(output) });
        }
        spans.last_mut().expect("every block begins with its op 0").sites.push(site);
    }
    spans
}

/// What an interpreter made at a position.
fn by_block(blocks: &[Span<'_>], made: Vec<Cell>) -> Vec<Opened> {
    let mut made = made.into_iter().peekable();
    let mut steps = Vec::new();
    for block in blocks {
        if made.peek().is_none() {
            break;
        }
        let cells: Vec<Cell> = made.by_ref().take(block.sites.len()).collect();
        let whole = cells.len() == block.sites.len();
        let residual = block.output.filter(|_| whole).map(|output| cells[output].clone());
        steps.push(Opened { residual, cells: cells.into() });
    }
    steps
}

/// What an engine gave at a position; its key and value rows join the others.
fn handed_on(blocks: &[Span<'_>], given: Vec<Boundary>, kv: &mut KvRowsByHead) -> Vec<Opened> {
    let opened = |(block, boundary): (&Span<'_>, Boundary)| {
        let append = block.sites.iter().find(|site| matches!(site.op, Op::KvAppend(_)));
        if let Some(append) = append {
            let heads = kv.entry(append.index).or_default();
            heads.resize_with(boundary.kv.len(), Vec::new);
            heads.iter_mut().zip(boundary.kv).for_each(|(head, row)| head.push(row));
        }
        let residual = Some(Cell::Fixed(boundary.residual));
        Opened { residual, cells: OnceCell::new() }
    };
    blocks.iter().zip(given).map(opened).collect()
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
        Type::Token | Type::Fixed(_) | Type::Kv(_) | Type::Logits(_) | Type::Routing(_) => {
            Vec::new()
        }
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
