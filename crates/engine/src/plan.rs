//! The order of work of a program: phases over rows, and the slots their values live in.
//!
//! Consecutive ops that work row by row become one phase, so that a row is finished while it is in
//! cache; consecutive matmuls of one input become another. A slot is used again once its value is
//! dead. None of this can change a bit.

use canon::reference::{AttentionShape, Layout, Over};
use canon::{GateOp, InputKind, Refused};
use program::site::Source;
use program::{Checked, LastRow, Op, OpIndex, Place, Site, TensorId, Type, Value, ops};
use thiserror::Error;

use crate::pool::LayerHeads;
use crate::weights::Weights;

/// A fixed row of a [`crate::row::Row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) usize);

/// A matmul input of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InputSlot(pub(crate) usize);

/// One piece of work on a single row.
#[derive(Debug)]
pub(crate) enum RowOp {
    Embed {
        table: TensorId,
        frac: u8,
        out: Slot,
    },
    Norm {
        x: Slot,
        gain: TensorId,
        eps: u64,
        width: usize,
        frac: u8,
        out: Slot,
    },
    Quantise {
        x: Slot,
        frac: u8,
        kind: InputKind,
        out: InputSlot,
    },
    Rope {
        x: Slot,
        table: usize,
        head_width: usize,
        layout: Layout,
        out: Slot,
    },
    Hadamard {
        x: Slot,
        width: usize,
        out: Slot,
    },
    SoftCap {
        x: Slot,
        cap: u32,
        out: Slot,
    },
    Scale {
        x: Slot,
        mantissa: u16,
        exponent: i32,
        out: Slot,
    },
    Route {
        x: Slot,
        frac: u8,
        over: Over,
        out: Slot,
    },
    Weigh {
        x: Slot,
        routing: Slot,
        slot: usize,
        out: Slot,
    },
    QueryHeads {
        x: Slot,
        head_width: usize,
    },
    KvHeads {
        key: Slot,
        value: Slot,
        head_width: usize,
    },
    SiluGate {
        gate: Slot,
        up: Slot,
        op: GateOp,
        out: Slot,
    },
    GeluGate {
        gate: Slot,
        up: Slot,
        op: GateOp,
        out: Slot,
    },
    Add {
        a: Slot,
        b: Slot,
        out: Slot,
    },
    /// The residual at the end of a layer is complete.
    Boundary {
        x: Slot,
    },
    /// What logits are made of is complete.
    Keep {
        x: Slot,
    },
}

/// A matmul of a phase.
#[derive(Debug)]
pub(crate) struct MatmulOut {
    pub(crate) op: OpIndex,
    pub(crate) weight: TensorId,
    pub(crate) bias: Option<Vec<i32>>,
    pub(crate) frac: u8,
    pub(crate) out: Slot,
}

/// A matmul of a phase with one of many experts, which each row's routing names.
#[derive(Debug)]
pub(crate) struct ExpertOut {
    pub(crate) op: OpIndex,
    pub(crate) input: InputSlot,
    pub(crate) routing: Slot,
    /// Which of the routing's experts.
    pub(crate) slot: usize,
    pub(crate) weight: TensorId,
    pub(crate) frac: u8,
    pub(crate) out: Slot,
}

/// An attention of a phase.
#[derive(Debug)]
pub(crate) struct Attend {
    pub(crate) op: OpIndex,
    pub(crate) layer: usize,
    pub(crate) shape: AttentionShape,
    /// Query heads that share a KV head.
    pub(crate) group: usize,
    pub(crate) window: usize,
    pub(crate) out: Slot,
}

/// Work that all rows finish before the next phase begins.
#[derive(Debug)]
pub(crate) enum Phase {
    Rows(Vec<(OpIndex, RowOp)>),
    Matmul {
        input: InputSlot,
        outputs: Vec<MatmulOut>,
    },
    Experts(Vec<ExpertOut>),
    /// Puts the rows' key and value heads into the pages of a KV layer.
    Append {
        layer: usize,
    },
    Attention(Attend),
    /// From here on only rows go on of which something is wanted.
    Epilogue,
    /// From here on only rows whose logits are wanted go on.
    Logits,
}

/// Why a plan can't be made.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A bias does not fit the fixed row it is added to.
    #[error("tensor {name} can't be used: {refused}")]
    Bias {
        /// Which tensor.
        name: String,
        /// Which rule.
        refused: Refused,
    },
}

/// Everything a forward pass needs to know.
pub(crate) struct Plan {
    pub(crate) phases: Vec<Phase>,
    /// Width of each fixed slot.
    pub(crate) slots: Vec<usize>,
    /// Width of each input slot.
    pub(crate) inputs: Vec<usize>,
    /// KV heads of each KV layer.
    pub(crate) kv_heads: Vec<LayerHeads>,
    pub(crate) rope_tables: Vec<Vec<u64>>,
    pub(crate) logits: Slot,
    pub(crate) logits_frac: u8,
    /// The row that logits are made of.
    pub(crate) last_row: LastRow,
    pub(crate) sample_op: OpIndex,
    pub(crate) context_max: usize,
    pub(crate) vocabulary: u32,
}

fn wide(n: u32) -> usize {
    usize::try_from(n).expect("usize has at least 32 bits")
}

fn kind(kind: program::InputKind) -> InputKind {
    match kind {
        program::InputKind::A8 => InputKind::A8,
        program::InputKind::A16 => InputKind::A16,
    }
}

/// Where an op's output lives.
#[derive(Clone, Copy)]
enum Home {
    Nowhere,
    Fixed(Slot),
    Input(InputSlot),
    Kv(usize),
}

struct Planner<'a> {
    checked: &'a Checked,
    weights: &'a Weights,
    plan: Plan,
    /// By op: the last op that reads its output.
    last_use: Vec<u32>,
    homes: Vec<Home>,
    free: Vec<Slot>,
    free_inputs: Vec<InputSlot>,
}

impl Plan {
    pub(crate) fn new(checked: &Checked, weights: &Weights) -> Result<Self, PlanError> {
        let program = checked.program();
        let plan = Self {
            phases: Vec::new(),
            slots: Vec::new(),
            inputs: Vec::new(),
            kv_heads: Vec::new(),
            rope_tables: program.rope_tables.clone(),
            logits: Slot(0),
            logits_frac: 0,
            last_row: checked.last_row(),
            sample_op: OpIndex(0),
            context_max: wide(program.context_max),
            vocabulary: program.vocabulary,
        };
        let mut last_use = vec![0; checked.sites().count()];
        for site in checked.sites() {
            for value in site.op.inputs() {
                if let Source::Op { op, .. } = site.source(value) {
                    last_use[wide(op.0)] = site.index.0;
                }
            }
        }
        let mut planner = Planner {
            checked,
            weights,
            plan,
            last_use,
            homes: Vec::new(),
            free: Vec::new(),
            free_inputs: Vec::new(),
        };
        let mut place = Place::Prologue;
        for site in checked.sites() {
            if site.place != place {
                planner.enter(&site);
                place = site.place;
            }
            let home = planner.plan(&site)?;
            if let (true, Home::Fixed(x)) = (site.index == planner.plan.last_row.op, home) {
                planner.row_op(site.index, RowOp::Keep { x });
            }
            planner.homes.push(home);
            planner.release(&site);
        }
        Ok(planner.plan)
    }
}

impl Planner<'_> {
    /// Between blocks: the residual is complete.
    fn enter(&mut self, site: &Site<'_>) {
        if let Home::Fixed(x) = self.home(site, Value(0)) {
            let before = OpIndex(site.index.0 - 1);
            self.row_op(before, RowOp::Boundary { x });
        }
        if site.place == Place::Epilogue {
            self.plan.phases.push(Phase::Epilogue);
        }
    }

    fn home(&self, site: &Site<'_>, value: Value) -> Home {
        match site.source(value) {
            Source::Token => Home::Nowhere,
            Source::Op { op, .. } => self.homes[wide(op.0)],
        }
    }

    fn slot(&self, site: &Site<'_>, value: Value) -> Slot {
        match self.home(site, value) {
            Home::Fixed(slot) => slot,
            Home::Nowhere | Home::Input(_) | Home::Kv(_) => {
                unreachable!("a checked program's types")
            }
        }
    }

    fn input(&self, site: &Site<'_>, value: Value) -> InputSlot {
        match self.home(site, value) {
            Home::Input(slot) => slot,
            Home::Nowhere | Home::Fixed(_) | Home::Kv(_) => {
                unreachable!("a checked program's types")
            }
        }
    }

    /// A slot of this width that nobody uses.
    fn new_slot(&mut self, width: usize) -> Slot {
        let fits = |slot: &Slot| self.plan.slots[slot.0] == width;
        if let Some(at) = self.free.iter().position(fits) {
            return self.free.swap_remove(at);
        }
        self.plan.slots.push(width);
        Slot(self.plan.slots.len() - 1)
    }

    fn new_input(&mut self, width: usize) -> InputSlot {
        let fits = |slot: &InputSlot| self.plan.inputs[slot.0] == width;
        if let Some(at) = self.free_inputs.iter().position(fits) {
            return self.free_inputs.swap_remove(at);
        }
        self.plan.inputs.push(width);
        InputSlot(self.plan.inputs.len() - 1)
    }

    /// The slot of a value that dies here, to be written in place; else a new one.
    fn in_place(&mut self, site: &Site<'_>, value: Value) -> Slot {
        let dies = match site.source(value) {
            Source::Op { op, .. } => self.last_use[wide(op.0)] == site.index.0,
            Source::Token => false,
        };
        if dies { self.slot(site, value) } else { self.new_slot(wide(site.entries(value).width)) }
    }

    /// Gives back the slots of the values that nobody reads after this op.
    fn release(&mut self, site: &Site<'_>) {
        let mut inputs = site.op.inputs();
        inputs.sort();
        inputs.dedup();
        for value in inputs {
            let Source::Op { op, .. } = site.source(value) else { continue };
            if self.last_use[wide(op.0)] != site.index.0 {
                continue;
            }
            match (self.homes[wide(op.0)], self.homes.last()) {
                (Home::Fixed(slot), Some(Home::Fixed(out))) if slot == *out => {}
                (Home::Fixed(slot), _) => self.free.push(slot),
                (Home::Input(slot), _) => self.free_inputs.push(slot),
                (Home::Nowhere | Home::Kv(_), _) => {}
            }
        }
    }

    fn row_op(&mut self, op: OpIndex, row_op: RowOp) {
        if let Some(Phase::Rows(ops)) = self.plan.phases.last_mut() {
            ops.push((op, row_op));
        } else {
            self.plan.phases.push(Phase::Rows(vec![(op, row_op)]));
        }
    }

    /// Plans an op; its output lives where this says.
    fn plan(&mut self, site: &Site<'_>) -> Result<Home, PlanError> {
        Ok(match site.op {
            Op::Embed(op) => self.embed(site, op),
            Op::Norm(op) => self.norm(site, op),
            Op::Quantise(op) => self.quantise(site, op),
            Op::Matmul(op) => {
                let bias = op.bias.map(|bias| site.tensor(bias).0);
                Home::Fixed(self.matmul(site, op.x, site.tensor(op.weight).0, bias, op.frac)?)
            }
            Op::Rope(op) => self.rope(site, op),
            Op::Hadamard(op) => self.hadamard(site, op),
            Op::SoftCap(op) => self.soft_cap(site, op),
            Op::Scale(op) => self.scale(site, op),
            Op::Route(op) => self.route(site, op),
            Op::ExpertMatmul(op) => self.expert_matmul(site, op),
            Op::Weigh(op) => self.weigh(site, op),
            Op::KvAppend(op) => self.kv_append(site, op),
            Op::Attention(op) => self.attention(site, op, None),
            Op::CappedAttention(op) => self.attention(site, &op.attention, Some(op.cap)),
            Op::SiluGate(op) => {
                let (gate, up, op, out) = self.gate(site, op.gate, op.up, op.frac);
                self.row_op(site.index, RowOp::SiluGate { gate, up, op, out });
                Home::Fixed(out)
            }
            Op::GeluGate(op) => {
                let (gate, up, op, out) = self.gate(site, op.gate, op.up, op.frac);
                self.row_op(site.index, RowOp::GeluGate { gate, up, op, out });
                Home::Fixed(out)
            }
            Op::Add(op) => self.add(site, op),
            Op::Logits(op) => {
                if !self.plan.phases.iter().any(|phase| matches!(phase, Phase::Logits)) {
                    self.plan.phases.push(Phase::Logits);
                }
                Home::Fixed(self.matmul(site, op.x, site.tensor(op.weight).0, None, op.frac)?)
            }
            // Drawing a token is the business of whoever runs the engine.
            Op::Sample(op) => {
                self.plan.logits = self.slot(site, op.logits);
                self.plan.logits_frac = site.logits(op.logits).frac;
                self.plan.sample_op = site.index;
                Home::Nowhere
            }
        })
    }

    fn embed(&mut self, site: &Site<'_>, op: &ops::Embed) -> Home {
        let out = self.output(site);
        let table = site.tensor(op.table).0;
        self.row_op(site.index, RowOp::Embed { table, frac: op.frac, out });
        Home::Fixed(out)
    }

    fn norm(&mut self, site: &Site<'_>, op: &ops::Norm) -> Home {
        let (x, out) = (self.slot(site, op.x), self.output(site));
        let (gain, width) = (site.tensor(op.gain).0, wide(op.width));
        let (eps, frac) = (op.eps, op.frac);
        self.row_op(site.index, RowOp::Norm { x, gain, eps, width, frac, out });
        Home::Fixed(out)
    }

    fn quantise(&mut self, site: &Site<'_>, op: &ops::Quantise) -> Home {
        let row = site.fixed(op.x);
        let (x, out) = (self.slot(site, op.x), self.new_input(wide(row.width)));
        let (frac, kind) = (row.frac, kind(op.kind));
        self.row_op(site.index, RowOp::Quantise { x, frac, kind, out });
        Home::Input(out)
    }

    fn rope(&mut self, site: &Site<'_>, op: &ops::Rope) -> Home {
        let (x, out) = (self.slot(site, op.x), self.in_place(site, op.x));
        let (table, head_width) = (wide(site.attribute(op.table)), wide(op.head_width));
        let layout = op.layout;
        self.row_op(site.index, RowOp::Rope { x, table, head_width, layout, out });
        Home::Fixed(out)
    }

    fn hadamard(&mut self, site: &Site<'_>, op: &ops::Hadamard) -> Home {
        let (x, out) = (self.slot(site, op.x), self.in_place(site, op.x));
        self.row_op(site.index, RowOp::Hadamard { x, width: wide(op.width), out });
        Home::Fixed(out)
    }

    fn soft_cap(&mut self, site: &Site<'_>, op: &ops::SoftCap) -> Home {
        let (x, out) = (self.slot(site, op.x), self.in_place(site, op.x));
        self.row_op(site.index, RowOp::SoftCap { x, cap: op.cap, out });
        Home::Fixed(out)
    }

    fn scale(&mut self, site: &Site<'_>, op: &ops::Scale) -> Home {
        let (x, out) = (self.slot(site, op.x), self.in_place(site, op.x));
        let (mantissa, exponent) = (op.mantissa, op.exponent);
        self.row_op(site.index, RowOp::Scale { x, mantissa, exponent, out });
        Home::Fixed(out)
    }

    fn route(&mut self, site: &Site<'_>, op: &ops::Route) -> Home {
        let (x, out) = (self.slot(site, op.x), self.output(site));
        let (frac, over) = (site.fixed(op.x).frac, op.over);
        self.row_op(site.index, RowOp::Route { x, frac, over, out });
        Home::Fixed(out)
    }

    fn expert_matmul(&mut self, site: &Site<'_>, op: &ops::ExpertMatmul) -> Home {
        let (input, routing) = (self.input(site, op.x), self.slot(site, op.routing));
        let (slot, weight) = (usize::from(op.slot), site.tensor(op.weight).0);
        let out = self.output(site);
        let (op, frac) = (site.index, op.frac);
        let one = ExpertOut { op, input, routing, slot, weight, frac, out };
        match self.plan.phases.last_mut() {
            Some(Phase::Experts(steps)) => steps.push(one),
            _ => self.plan.phases.push(Phase::Experts(vec![one])),
        }
        Home::Fixed(out)
    }

    fn weigh(&mut self, site: &Site<'_>, op: &ops::Weigh) -> Home {
        let (x, routing) = (self.slot(site, op.x), self.slot(site, op.routing));
        let (slot, out) = (usize::from(op.slot), self.in_place(site, op.x));
        self.row_op(site.index, RowOp::Weigh { x, routing, slot, out });
        Home::Fixed(out)
    }

    fn kv_append(&mut self, site: &Site<'_>, op: &ops::KvAppend) -> Home {
        let (key, value) = (self.slot(site, op.k), self.slot(site, op.v));
        let head_width = wide(op.head_width);
        self.row_op(site.index, RowOp::KvHeads { key, value, head_width });
        let layer = self.plan.kv_heads.len();
        let heads = wide(site.fixed(op.k).width) / head_width;
        self.plan.kv_heads.push(LayerHeads { heads, width: head_width });
        self.plan.phases.push(Phase::Append { layer });
        Home::Kv(layer)
    }

    /// Where a gate's rows and its output are.
    fn gate(
        &mut self,
        site: &Site<'_>,
        gate: Value,
        up: Value,
        frac: u8,
    ) -> (Slot, Slot, GateOp, Slot) {
        let (gate_frac, up_frac) = (site.fixed(gate).frac, site.fixed(up).frac);
        let op = GateOp { gate_frac, up_frac, frac };
        (self.slot(site, gate), self.slot(site, up), op, self.output(site))
    }

    fn add(&mut self, site: &Site<'_>, op: &ops::Add) -> Home {
        let (a, b) = (self.slot(site, op.a), self.slot(site, op.b));
        let out = self.in_place(site, op.a);
        self.row_op(site.index, RowOp::Add { a, b, out });
        Home::Fixed(out)
    }

    /// A new slot for the op's output.
    fn output(&mut self, site: &Site<'_>) -> Slot {
        match site.output() {
            Type::Fixed(row) | Type::Logits(row) => self.new_slot(wide(row.width)),
            Type::Routing(routing) => self.new_slot(wide(routing.entries())),
            Type::Token | Type::Quantised { .. } | Type::Kv(_) => {
                unreachable!("a checked program's types")
            }
        }
    }

    fn matmul(
        &mut self,
        site: &Site<'_>,
        x: Value,
        weight: TensorId,
        bias: Option<TensorId>,
        frac: u8,
    ) -> Result<Slot, PlanError> {
        let bias = bias.map(|id| {
            self.weights.bias(id, frac).map_err(|refused| {
                let name = self.checked.program().tensors[id.index()].name.clone();
                PlanError::Bias { name, refused }
            })
        });
        let bias = bias.transpose()?;
        let (from, out) = (self.input(site, x), self.output(site));
        let one = MatmulOut { op: site.index, weight, bias, frac, out };
        match self.plan.phases.last_mut() {
            Some(Phase::Matmul { input, outputs }) if *input == from => outputs.push(one),
            _ => self.plan.phases.push(Phase::Matmul { input: from, outputs: vec![one] }),
        }
        Ok(out)
    }

    fn attention(&mut self, site: &Site<'_>, op: &ops::Attention, cap: Option<u32>) -> Home {
        let (query, kv) = (site.fixed(op.q), site.kv(op.kv));
        let x = self.slot(site, op.q);
        let head_width = wide(kv.head_width);
        let layer = match self.home(site, op.kv) {
            Home::Kv(layer) => layer,
            Home::Nowhere | Home::Fixed(_) | Home::Input(_) => {
                unreachable!("a checked program's types")
            }
        };
        let shape = AttentionShape {
            head_width,
            query_frac: query.frac,
            key_frac: kv.key_frac,
            value_frac: kv.value_frac,
            frac: op.frac,
            scale: op.scale,
            scale_exponent: op.scale_exponent,
            cap,
        };
        let out = self.output(site);
        self.row_op(site.index, RowOp::QueryHeads { x, head_width });
        let group = wide(query.width) / head_width / wide(kv.heads);
        let window = wide(site.attribute(op.window));
        let op = site.index;
        let step = Attend { op, layer, shape, group, window, out };
        self.plan.phases.push(Phase::Attention(step));
        Home::Fixed(out)
    }
}
