//! One row of a batch: a token at a position of a sequence, and its values on the way through.
//!
//! Rows share nothing, so any thread may work on any row.

use canon::reference::HeadRow;
use canon::{InputRow, Kernels, NormOp, functions};
use program::OpIndex;
use program::reference::Boundary;
use program::tile::KvRow;

use crate::plan::{Plan, RowOp, Slot};
use crate::weights::Weights;

/// What is wanted of a row beside its keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    /// What its logits would be made of.
    Row,
    Logits,
}

/// The values of a row. Memory is kept between batches.
pub(crate) struct Row {
    /// Index of the feed it belongs to.
    pub(crate) feed: usize,
    pub(crate) token: u32,
    pub(crate) position: usize,
    pub(crate) wants: Wants,
    /// What logits are made of, where it is wanted.
    pub(crate) kept: Option<Vec<i32>>,
    /// By [`Slot`]; empty until first used.
    pub(crate) values: Vec<Vec<i32>>,
    pub(crate) inputs: Vec<InputRow>,
    pub(crate) queries: Vec<HeadRow>,
    pub(crate) kv: Vec<(HeadRow, HeadRow)>,
    /// Whether `kv` was made since the last boundary.
    kv_is_new: bool,
    /// Sines and cosines per rope table.
    angles: Vec<(Vec<i32>, Vec<i32>)>,
    /// The least op that overflowed.
    pub(crate) fault: Option<OpIndex>,
    /// What is committed at layer boundaries, where it is wanted.
    pub(crate) boundaries: Option<Vec<Boundary>>,
}

const EMPTY_HEAD: HeadRow = HeadRow { quants: Vec::new(), mantissa: 1, shift: 0 };

impl Row {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            feed: 0,
            token: 0,
            position: 0,
            wants: Wants::Nothing,
            kept: None,
            values: vec![Vec::new(); plan.slots.len()],
            inputs: plan.inputs.iter().map(|width| InputRow::new(*width)).collect(),
            queries: Vec::new(),
            kv: Vec::new(),
            kv_is_new: false,
            angles: vec![(Vec::new(), Vec::new()); plan.rope_tables.len()],
            fault: None,
            boundaries: None,
        }
    }

    /// Takes a token in; everything else of the row is computed from it.
    pub(crate) fn start(&mut self, plan: &Plan, feed: usize, token: u32, position: usize) {
        self.feed = feed;
        self.token = token;
        self.position = position;
        self.wants = Wants::Nothing;
        self.kept = None;
        self.fault = None;
        self.kv_is_new = false;
        self.boundaries = None;
        let turn = u64::try_from(position).expect("a position fits 64 bits");
        for ((sin, cos), table) in self.angles.iter_mut().zip(&plan.rope_tables) {
            sin.clear();
            cos.clear();
            for frequency in table {
                let (s, c) = functions::sin_cos(turn.wrapping_mul(*frequency));
                sin.push(s);
                cos.push(c);
            }
        }
    }

    /// Notes an overflow in an op.
    pub(crate) fn note(&mut self, op: OpIndex, overflow: bool) {
        if overflow {
            self.fault = Some(self.fault.map_or(op, |least| least.min(op)));
        }
    }

    /// A slot's memory, taken out so that others can be read beside it.
    pub(crate) fn take(&mut self, slot: Slot, width: usize) -> Vec<i32> {
        let mut value = core::mem::take(&mut self.values[slot.0]);
        value.resize(width, 0);
        value
    }

    /// Fills a slot by what is in others; whether an entry overflowed.
    fn made(
        &mut self,
        out: Slot,
        plan: &Plan,
        make: impl FnOnce(&Self, &mut [i32]) -> bool,
    ) -> bool {
        let mut value = self.take(out, plan.slots[out.0]);
        let overflow = make(self, &mut value);
        self.values[out.0] = value;
        overflow
    }

    /// Makes `to` equal to `from`, for an op that works in place.
    fn copy(&mut self, from: Slot, to: Slot) {
        if from != to {
            let mut copy = core::mem::take(&mut self.values[to.0]);
            copy.clone_from(&self.values[from.0]);
            self.values[to.0] = copy;
        }
    }

    pub(crate) fn run(
        &mut self,
        plan: &Plan,
        weights: &Weights,
        kernels: &Kernels,
        op: OpIndex,
        row_op: &RowOp,
    ) {
        let overflow = match row_op {
            RowOp::Embed { table, frac, out } => {
                let matrix = weights.matrix(*table);
                self.made(*out, plan, |row, value| embed(matrix, row.token, *frac, value))
            }
            RowOp::Norm { x, gain, eps, width, frac, out } => {
                let (gain_unit, gain) = weights.gain(*gain);
                let op = NormOp { eps: *eps, gain, gain_unit, frac: *frac };
                self.norm(kernels, *x, op, *width, *out)
            }
            RowOp::Quantise { x, frac, kind, out } => {
                kernels.quantise(&self.values[x.0], *frac, *kind, &mut self.inputs[out.0]);
                false
            }
            RowOp::Rope { x, table, head_width, layout, out } => {
                self.copy(*x, *out);
                let (sin, cos) = &self.angles[*table];
                let heads = self.values[out.0].chunks_exact_mut(*head_width);
                heads.fold(false, |o, head| kernels.rotate(head, sin, cos, *layout) | o)
            }
            RowOp::Hadamard { x, width, out } => {
                self.copy(*x, *out);
                kernels.hadamard(&mut self.values[out.0], *width)
            }
            RowOp::SoftCap { x, cap, out } => {
                self.copy(*x, *out);
                kernels.soft_cap(&mut self.values[out.0], *cap);
                false
            }
            RowOp::Scale { x, mantissa, exponent, out } => {
                self.copy(*x, *out);
                kernels.scale(&mut self.values[out.0], *mantissa, *exponent)
            }
            RowOp::Route { x, frac, over, out } => self.made(*out, plan, |row, value| {
                kernels.route(&row.values[x.0], *frac, *over, value);
                false
            }),
            RowOp::Weigh { x, routing, slot, out } => {
                self.copy(*x, *out);
                let routing = &self.values[routing.0];
                let weight = routing[routing.len() / 2 + slot];
                kernels.weigh(&mut self.values[out.0], weight);
                false
            }
            RowOp::QueryHeads { x, head_width } => self.query_heads(kernels, *x, *head_width),
            RowOp::KvHeads { key, value, head_width } => {
                self.kv_heads(kernels, *key, *value, *head_width)
            }
            RowOp::SiluGate { gate, up, op, out } => self.made(*out, plan, |row, value| {
                kernels.silu_gate(&row.values[gate.0], &row.values[up.0], *op, value)
            }),
            RowOp::GeluGate { gate, up, op, out } => self.made(*out, plan, |row, value| {
                kernels.gelu_gate(&row.values[gate.0], &row.values[up.0], *op, value)
            }),
            RowOp::Add { a, b, out } => self.add(kernels, *a, *b, *out),
            RowOp::Boundary { x } => self.boundary(*x),
            RowOp::Keep { x } => self.keep(*x),
        };
        self.note(op, overflow);
    }

    fn norm(
        &mut self,
        kernels: &Kernels,
        x: Slot,
        op: NormOp<'_>,
        width: usize,
        out: Slot,
    ) -> bool {
        let length = self.values[x.0].len();
        let mut value = self.take(out, length);
        let parts = self.values[x.0].chunks_exact(width).zip(value.chunks_exact_mut(width));
        let overflow = parts.fold(false, |o, (x, out)| kernels.norm(x, op, out) | o);
        self.values[out.0] = value;
        overflow
    }

    fn query_heads(&mut self, kernels: &Kernels, x: Slot, head_width: usize) -> bool {
        let heads = self.values[x.0].chunks_exact(head_width);
        self.queries.resize(heads.len(), EMPTY_HEAD);
        heads.zip(&mut self.queries).for_each(|(head, out)| kernels.head_row(head, out));
        false
    }

    fn kv_heads(&mut self, kernels: &Kernels, key: Slot, value: Slot, head_width: usize) -> bool {
        let keys = self.values[key.0].chunks_exact(head_width);
        let values = self.values[value.0].chunks_exact(head_width);
        self.kv.resize(keys.len(), (EMPTY_HEAD, EMPTY_HEAD));
        for ((key, value), out) in keys.zip(values).zip(&mut self.kv) {
            kernels.head_row(key, &mut out.0);
            kernels.head_row(value, &mut out.1);
        }
        self.kv_is_new = true;
        false
    }

    /// Keeps what a layer hands on, and the key and value rows it appended, in the form they are committed to in.
    fn boundary(&mut self, x: Slot) -> bool {
        let Some(boundaries) = &mut self.boundaries else { return false };
        let appended = if self.kv_is_new { self.kv.as_slice() } else { &[] };
        let kv_row =
            |(key, value): &(HeadRow, HeadRow)| KvRow { key: key.clone(), value: value.clone() };
        let kv = appended.iter().map(kv_row).collect();
        boundaries.push(Boundary { residual: self.values[x.0].clone(), kv });
        self.kv_is_new = false;
        false
    }

    /// Keeps what logits are made of, where it is wanted.
    fn keep(&mut self, x: Slot) -> bool {
        self.kept = (self.wants == Wants::Row).then(|| self.values[x.0].clone());
        false
    }

    fn add(&mut self, kernels: &Kernels, a: Slot, b: Slot, out: Slot) -> bool {
        self.copy(a, out);
        let mut value = core::mem::take(&mut self.values[out.0]);
        let overflow = if b == out {
            let other = value.clone();
            kernels.add(&mut value, &other)
        } else {
            kernels.add(&mut value, &self.values[b.0])
        };
        self.values[out.0] = value;
        overflow
    }
}

/// Reads a token's row of the embedding; true where an entry overflowed (it is 0 then).
fn embed(table: &canon::PackedMatrix, token: u32, frac: u8, out: &mut [i32]) -> bool {
    let row = usize::try_from(token).expect("usize has at least 32 bits");
    let shift = -(table.unit(row) + i32::from(frac));
    let mut overflow = false;
    for (b, out) in out.chunks_exact_mut(canon::BLOCK).enumerate() {
        let block = table.block(row, b);
        for (k, out) in out.iter_mut().enumerate() {
            let value = canon::fixed::finish(block.entry(k), shift);
            overflow |= value.is_err();
            *out = value.unwrap_or(0);
        }
    }
    overflow
}
